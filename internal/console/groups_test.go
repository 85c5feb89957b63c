package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
)

// refused wants a form to come back with this fault and what was typed.
func (h household) refused(t *testing.T, path string, form url.Values, texts ...string) {
	t.Helper()
	w := h.admin.Post("/console/"+path, form)
	if w.Code != http.StatusBadRequest && w.Code != http.StatusConflict {
		t.Errorf("%s: %d, want it refused", path, w.Code)
	}
	for _, text := range append(texts, `role="alert"`) {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("%s answers without %q", path, text)
		}
	}
}

// logged wants the newest row of the log to be this event, by the administrator
// at the console.
func (h household) logged(t *testing.T, event string) {
	t.Helper()
	rows, err := h.Store.Log(t.Context(), h.Account().No, reeve.LogQuery{Newest: true, Limit: 1})
	if err != nil || len(rows) != 1 || rows[0].Event != event || rows[0].Source != reeve.FromConsole || rows[0].Actor != "operator:admin" {
		t.Errorf("the log ends with %+v, %v; want %s from the console", rows, err, event)
	}
}

func TestGroups(t *testing.T) {
	h := newHousehold(t)
	h.refused(t, "groups", url.Values{"name": {" "}, "description": {"kept text"}}, "kept text")
	at := h.send(t, "groups", url.Values{"name": {"<Lab>"}, "description": {"for tests"}})
	h.logged(t, "group_created")
	path := strings.TrimPrefix(at, "/console/")
	id := strings.TrimPrefix(path, "groups/")
	h.see(t, path, "&lt;Lab&gt;", "for tests", "devices?group="+id, "act?group="+id, "codes/new?group="+id, "is there")
	h.see(t, "groups?q=lab&sort=devices", "&lt;Lab&gt;")
	h.see(t, "groups?q=nothing", "No group found")
	h.see(t, "groups?page=99999999999", "No group found")

	if _, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "assign_to_group", IDs: []string{h.laptop.ID}, Params: []byte(`{"group_id":"` + id + `"}`)}); err != nil {
		t.Fatal(err)
	}
	h.see(t, path+"/summary", "standing=managed", `<span class="count">1</span>`)
	h.refused(t, path, url.Values{"name": {strings.Repeat("x", 65)}}, strings.Repeat("x", 65))
	h.send(t, path, url.Values{"name": {"Laboratory"}, "description": {""}})
	h.logged(t, "group_changed")
	h.see(t, path+"/remove", "1 device goes to the default group", path+`/remove"><button`)
	h.send(t, path+"/remove", nil)
	h.logged(t, "group_removed")
	if d, err := h.Store.Device(t.Context(), h.Account().No, h.laptop.ID); err != nil || d.GroupID == id {
		t.Errorf("the device is in %s, %v", d.GroupID, err)
	}
	h.see(t, "devices/"+h.laptop.ID, "Group removed", "Laboratory")

	at = h.send(t, "groups", url.Values{"name": {"New devices"}})
	path = strings.TrimPrefix(at, "/console/")
	h.send(t, path+"/default", nil)
	h.see(t, path, "This is the default group")
	if w := h.admin.Post("/console/"+path+"/remove", nil); w.Code != http.StatusBadRequest {
		t.Errorf("the default group is removed: %d", w.Code)
	}
}

func TestGroupsForViewers(t *testing.T) {
	h := newHousehold(t)
	viewer := h.Operator(reeve.Operator{Name: "looker", Role: reeve.RoleViewer})
	groups, err := h.Store.Groups(t.Context(), h.Account().No, reeve.GroupQuery{Limit: 1, Page: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"groups", "groups/" + groups[0].ID} {
		body := viewer.Get("/console/" + path).Body.String()
		if !strings.Contains(body, "Default") || strings.Contains(body, `action="/console/groups/`) || strings.Contains(body, "groups/new") {
			t.Errorf("%s offers changes to a viewer", path)
		}
	}
}

func TestAgentSettings(t *testing.T) {
	h := newHousehold(t)
	h.uploadSet(t, "daily", "a.yar", "rule a { condition: true }")
	at := h.send(t, "groups", url.Values{"name": {"Lab"}})
	path := strings.TrimPrefix(at, "/console/")
	h.refused(t, path+"/agents", url.Values{"set": {"daily"}, "engines": {"No Engine!"}}, "No Engine!")
	h.send(t, path+"/agents", url.Values{"set": {"daily/1"}, "engines": {"yara builtin"}, "quarantine": {"on"}})
	h.logged(t, "agent_settings_changed")
	h.see(t, path, `value="daily/1" selected`, "builtin yara", "has settings of its own")
	h.see(t, "settings/agents", "Lab", "For all agents")
	h.see(t, "sets", "Lab")
	if w := h.admin.Post("/console/sets/daily/1/remove", nil); w.Code != http.StatusConflict {
		t.Errorf("a version that is used is removed: %d", w.Code)
	}
	h.send(t, path+"/agents/remove", nil)
	h.see(t, path, "settings of the account are in force")
	h.send(t, "settings/agents", url.Values{"set": {"daily"}, "neighbours": {"on"}})
	h.see(t, "settings/agents", `value="daily" selected`)
	h.send(t, "settings/agents", url.Values{})
	h.send(t, "sets/daily/1/remove", nil)
	h.logged(t, "signature_set_removed")
}

// Who may not remove a group without a second person is told before trying.
func TestGroupsTooLargeForOne(t *testing.T) {
	h := newHousehold(t)
	at := strings.TrimPrefix(h.send(t, "groups", url.Values{"name": {"Lab"}}), "/console/")
	id := strings.TrimPrefix(at, "groups/")
	phone := h.Enrol("phone", reeve.Persistent, reeve.Linux, "26.11.0", "02:00:00:00:00:09")
	if _, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "assign_to_group", IDs: []string{h.laptop.ID, phone.ID}, Params: []byte(`{"group_id":"` + id + `"}`)}); err != nil {
		t.Fatal(err)
	}
	account := h.Account()
	account.Settings.ApproveAbove = 1
	if err := h.SetAccount(account); err != nil {
		t.Fatal(err)
	}
	body := h.see(t, at+"/remove", "One person moves at most 1 device", "act?action=assign_to_group&amp;group="+id)
	if strings.Contains(body, `action="/console/`+at+`/remove"`) {
		t.Error("the page offers what would be refused")
	}
	propose := func(o control.Order) string {
		t.Helper()
		o.Action, o.Propose = "assign_to_group", true
		placed, err := h.Rules.Place(t.Context(), h.Admin(), o)
		if err != nil {
			t.Fatal(err)
		}
		return "approvals/" + placed.Proposal.ID.String()
	}
	elsewhere := []byte(`{"group_id":"default"}`)
	propose(control.Order{All: true, Params: elsewhere})
	propose(control.Order{IDs: []string{h.laptop.ID}, Params: elsewhere})
	propose(control.Order{Group: id, Params: []byte(`{"group_id":"` + id + `"}`)})
	h.see(t, at+"/remove", "act?action=assign_to_group&amp;group="+id)
	for _, o := range []control.Order{{Group: id, Params: elsewhere}, {Filter: &reeve.DeviceQuery{GroupIDs: []string{id}}, Params: elsewhere}} {
		waits := propose(o)
		if body := h.see(t, at+"/remove", "waits for a second person already", `href="/console/`+waits+`"`); strings.Contains(body, "act?action=assign_to_group") {
			t.Error("the page has it proposed twice")
		}
		h.send(t, waits+"/reject", nil)
		h.see(t, at+"/remove", "act?action=assign_to_group&amp;group="+id)
	}
	h.see(t, "approvals?state=decided", "withdrawn")
	propose(control.Order{Group: id, Params: elsewhere})
	late := h.Enrol("late", reeve.Persistent, reeve.Linux, "26.11.0", "02:00:00:00:00:0a")
	if _, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "assign_to_group", IDs: []string{late.ID}, Params: []byte(`{"group_id":"` + id + `"}`)}); err != nil {
		t.Fatal(err)
	}
	h.see(t, at+"/remove", "act?action=assign_to_group&amp;group="+id) // the waiting one finds another number of devices now
	if w := h.admin.Post("/console/"+at+"/remove", nil); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "One person moves") {
		t.Errorf("it is removed all the same: %d", w.Code)
	}
}
