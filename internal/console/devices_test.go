package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/doortest"
)

// A household is a house with a few devices and an administrator in it.
type household struct {
	*doortest.House
	admin  *doortest.Visitor
	laptop reeve.Device
}

func newHousehold(t *testing.T) household {
	t.Helper()
	h := household{House: doortest.Open(t, doortest.Options{})}
	h.laptop = h.Enrol("laptop-1", reeve.Persistent, reeve.Linux, "26.11.0", "02:00:00:00:00:01")
	h.Enrol("guest-1", reeve.OnDemand, reeve.Windows, "7.6.300", "02:00:00:00:00:02")
	h.Import("printer", "02:00:00:00:00:03")
	h.admin = h.SignIn(h.First.Operator, h.First.Password)
	return h
}

// see wants a page that has these texts.
func (h household) see(t *testing.T, path string, texts ...string) string {
	t.Helper()
	w := h.admin.Get("/console/" + path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("%s lacks %q", path, text)
		}
	}
	return w.Body.String()
}

// send wants a form to lead on, and returns where to.
func (h household) send(t *testing.T, path string, form url.Values) string {
	t.Helper()
	w := h.admin.Post("/console/"+path, form)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

func TestDevicesAreFiltered(t *testing.T) {
	h := newHousehold(t)
	for query, want := range map[string][]string{
		"":                         {"guest-1", "laptop-1", "printer"},
		"q=LAPTOP":                 {"laptop-1"},
		"q=02-00-00-00-00-03":      {"printer"},
		"q=192.0.2.10+guest":       {"guest-1"},
		"standing=unknown":         {"printer"},
		"standing=managed":         {"guest-1", "laptop-1"},
		"kind=on_demand&kind=none": {"guest-1", "printer"},
		"system=linux":             {"laptop-1"},
		"type=laptop":              {"guest-1", "laptop-1"},
		"exempt=no":                {"guest-1", "laptop-1"},
		"exempt=yes":               {},
		"presence=unseen":          {"guest-1", "laptop-1"},
		"sort=-name":               {"printer", "laptop-1", "guest-1"},
		"sort=added":               {"laptop-1", "guest-1", "printer"},
		"q=nothing+like+it":        {},
	} {
		body := h.see(t, "devices?"+query)
		at := 0
		for _, name := range want {
			i := strings.Index(body[at:], `">`+name+"</a>")
			if i < 0 {
				t.Errorf("%q: %s is not there, or not in its place", query, name)
			}
			at += max(i, 0)
		}
		if n := strings.Count(body, `name="id"`); n != len(want) {
			t.Errorf("%q shows %d devices, want %d", query, n, len(want))
		}
	}
}

// A word that is not known would, passed by, mean more devices than were meant.
func TestUnknownFiltersAreRefused(t *testing.T) {
	h := newHousehold(t)
	for _, path := range []string{"devices?standing=archived", "devices?system=beos", "devices?exempt=maybe", "devices?group=x", "devices?sort=colour",
		"devices?q=" + strings.Repeat("x", 201), "devices/count?standing=archived", "devices/count?colour=red", "devices/count?sort=name"} {
		if w := h.admin.Get("/console/" + path); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestChipsTakeFiltersAway(t *testing.T) {
	h := newHousehold(t)
	body := h.see(t, "devices?system=linux&system=windows&q=a%26b&sort=seen", "Linux", "a&amp;b")
	for _, path := range []string{"devices?q=a%26b&amp;sort=seen&amp;system=windows", "devices?sort=seen&amp;system=linux&amp;system=windows", `devices?sort=seen"`} {
		if !strings.Contains(body, `href="/console/`+path) {
			t.Errorf("no chip leads to %s", path)
		}
	}
	h.see(t, "devices/count?system=linux", "(1)")
}

// A search keeps every version and group that is chosen, though the fields for
// them show one.
func TestSearchesKeepWhatTheirFieldsDoNotShow(t *testing.T) {
	h := newHousehold(t)
	one, err := h.Rules.CreateGroup(t.Context(), h.Admin(), "one", "")
	if err != nil {
		t.Fatal(err)
	}
	two, err := h.Rules.CreateGroup(t.Context(), h.Admin(), "two", "")
	if err != nil {
		t.Fatal(err)
	}
	body := h.see(t, "devices?version=26.11.0&version=7.6.300&group="+one.ID+"&group="+two.ID,
		`name="version" value="26.11.0" placeholder`, `type="hidden" name="version" value="7.6.300"`,
		`<option value="`+one.ID+`" selected>`, `type="hidden" name="group" value="`+two.ID+`"`)
	if strings.Contains(body, "pattern=") || strings.Contains(body, `<option value="`+two.ID+`" selected>`) {
		t.Error("the browser could refuse the form, or a group is sent twice")
	}
	if got := h.admin.Get("/console/devices?version=latest"); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "correct it, or leave it out") {
		t.Errorf("a version that is none: %d", got.Code)
	}
}

// A form with a fault shows what was typed once more.
func TestDeviceFormsKeepWhatWasTyped(t *testing.T) {
	h := newHousehold(t)
	other, err := h.Store.Devices(t.Context(), h.Account().No, reeve.DeviceQuery{Limit: 9, Search: "guest-1", In: []reeve.DeviceName{reeve.InHostname}})
	if err != nil || len(other) != 1 {
		t.Fatal(other, err)
	}
	h.send(t, "devices/"+other[0].ID, url.Values{"custom_id": {"HD-1"}})
	got := h.admin.Post("/console/devices/"+h.laptop.ID, url.Values{"nickname": {"Front desk"}, "custom_id": {"HD-1"}, "linked_user": {"somebody"}})
	for _, text := range []string{`role="alert"`, `name="nickname" value="Front desk"`, `name="custom_id" value="HD-1"`, `name="linked_user" value="somebody"`} {
		if got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), text) {
			t.Errorf("%d, lacks %s", got.Code, text)
		}
	}
	long := strings.Repeat("x", 65)
	got = h.admin.Post("/console/devices/views", url.Values{"name": {long}, "list": {"system=linux"}, "shared": {"yes"}})
	for _, text := range []string{`role="alert"`, `name="name" value="` + long, `value="yes" checked`, `name="list" value="system=linux"`, ">laptop-1</a>"} {
		if got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), text) {
			t.Errorf("%d, lacks %s", got.Code, text)
		}
	}
}

// What was not found in time is fetched as further rows of the table.
func TestMoreOfAPage(t *testing.T) {
	h := newHousehold(t)
	whole := h.see(t, "devices/more?sort=-name&shown=7&columns=macs", ">printer</a>", ">laptop-1</a>", "02:00:00:00:00:03")
	if strings.Contains(whole, "<table") || strings.Contains(whole, "data-load") {
		t.Errorf("it is not rows alone, or not all:\n%s", whole)
	}
	// What the page says of itself comes along, and how many match once these are all.
	for _, text := range []string{`<template data-for="pager"`, "10 devices on this page", `<template data-for="matching"><span class="count" id="matching">(10)<`} {
		if !strings.Contains(whole, text) {
			t.Errorf("it lacks %s:\n%s", text, whole)
		}
	}
	deep := h.see(t, "devices/more?shown=7&deep=yes&top=x", `href="/console/devices">`, `rel="prev" href="/console/devices?before=x"`)
	if strings.Contains(deep, `data-for="matching"`) {
		t.Error("a page in the middle says how many match")
	}
	if none := h.see(t, "devices/more?q=nowhere&shown=7"); strings.Contains(none, "<tr") {
		t.Errorf("rows of nothing:\n%s", none)
	}
}

func TestColumnsAreKept(t *testing.T) {
	h := newHousehold(t)
	to := h.send(t, "devices/columns", url.Values{"list": {"system=linux"}, "column": {"macs", "user", "nonsense"}})
	if to != "/console/devices?columns=user%2Cmacs&system=linux" {
		t.Error(to)
	}
	h.see(t, strings.TrimPrefix(to, "/console/"), "02:00:00:00:00:01", "MAC addresses")
}

func TestViewsAreSaved(t *testing.T) {
	h := newHousehold(t)
	list := "columns=user&sort=-seen&system=linux"
	h.send(t, "devices/views", url.Values{"list": {list}, "name": {"Penguins"}})
	h.send(t, "devices/views", url.Values{"list": {"type=laptop"}, "name": {"Laptops"}, "shared": {"yes"}})
	h.see(t, "devices", `href="/console/devices?columns=user&amp;sort=-seen&amp;system=linux">Penguins`, "Laptops", "shared")
	views, err := h.Store.SavedViews(t.Context(), h.Account().No, h.First.Operator)
	if err != nil || len(views) != 2 || views[1].Query != list {
		t.Fatal(views, err)
	}
	for _, view := range views {
		shared := url.Values{"view": {view.ID}, "list": {list}}
		if view.Operator == "" {
			shared.Set("shared", "yes")
		}
		h.send(t, "devices/views/remove", shared)
	}
	if body := h.see(t, "devices"); strings.Contains(body, "Penguins") || strings.Contains(body, "Laptops") {
		t.Error("a view is still there")
	}
}
