package console_test

import (
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

var (
	pagerLink = regexp.MustCompile(`<a class="button"(?: rel="(prev|next)")? href="/console/([^"]+)">`)
	rowLink   = regexp.MustCompile(`<td[^>]*><a class="link"[^>]* href="/console/([a-z]+/[0-9a-f]+)"`)
)

// A turned page has the rows of a list's page, and the ways to others: "prev",
// "next" and, without a rel, "".
func turned(t *testing.T, who *doortest.Visitor, path string) (rows []string, to map[string]string) {
	t.Helper()
	w := who.Get("/console/" + path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	for _, row := range rowLink.FindAllStringSubmatch(w.Body.String(), -1) {
		rows = append(rows, row[1])
	}
	to = map[string]string{}
	_, pager, _ := strings.Cut(w.Body.String(), `<nav class="pager"`)
	for _, link := range pagerLink.FindAllStringSubmatch(pager, -1) {
		to[link[1]] = html.UnescapeString(link[2])
	}
	return rows, to
}

// Every list goes on to its end and back again, over the same pages, and from
// each page but the first leads to the first.
func TestListsGoBothWays(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	account := h.Account()
	account.Settings.ApproveAbove = 120
	if err := h.SetAccount(account); err != nil {
		t.Fatal(err)
	}
	var devices []reeve.Device
	for i := range 130 {
		devices = append(devices, reeve.Device{Hostname: "printer-" + strconv.Itoa(i)})
	}
	if _, err := h.Rules.Import(t.Context(), h.Admin(), devices, false); err != nil {
		t.Fatal(err)
	}
	found, err := h.Store.Devices(t.Context(), account.No, reeve.DeviceQuery{Limit: 110, Sort: reeve.ByHostname})
	if err != nil {
		t.Fatal(err)
	}
	var some []string
	for _, d := range found {
		some = append(some, d.ID)
	}
	big, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "ignore", IDs: some})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 85 {
		o := control.Order{Action: "ignore", IDs: some[i : i+1]}
		if _, err := h.Rules.Place(t.Context(), h.Admin(), o); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "unignore", All: true, Propose: true}); err != nil {
			t.Fatal(err)
		}
	}
	who := h.SignIn("admin", h.First.Password)
	for list, want := range map[string]int{
		"devices": 130, "devices?sort=-name": 130, "jobs": 86, "jobs?action=ignore&by=admin": 86, "approvals": 85,
		"jobs/" + big.Job.ID.String(): 110, "jobs/" + big.Job.ID.String() + "?state=succeeded": 110, "log?outcome=ok": 0,
	} {
		var pages []string
		seen := map[string]bool{}
		rows, to := turned(t, who, list)
		if to["prev"] != "" || to[""] != "" {
			t.Errorf("%s: the first page leads back: %v", list, to)
		}
		for {
			pages = append(pages, strings.Join(rows, " "))
			for _, row := range rows {
				seen[row] = true
			}
			if to["next"] == "" || len(pages) > 9 {
				break
			}
			rows, to = turned(t, who, to["next"])
			if first, _ := turned(t, who, to[""]); strings.Join(first, " ") != pages[0] {
				t.Errorf("%s: page %d does not lead to the first", list, len(pages)+1)
			}
		}
		if want != 0 && len(seen) != want || len(pages) < 2 {
			t.Errorf("%s has %d rows on %d pages, want %d", list, len(seen), len(pages), want)
		}
		for i := len(pages) - 2; i >= 0; i-- {
			if rows, to = turned(t, who, to["prev"]); strings.Join(rows, " ") != pages[i] {
				t.Errorf("%s: going back, page %d is another", list, i+1)
			}
		}
		if to["prev"] != "" {
			t.Errorf("%s: something is before the first page", list)
		}
	}
}
