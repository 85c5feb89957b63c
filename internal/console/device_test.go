package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
)

// order places an action on the household's laptop and returns its command.
func (h household) order(t *testing.T, action, params string) reeve.CommandID {
	t.Helper()
	placed, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: action, Version: "own", Params: []byte(params), IDs: []string{h.laptop.ID}, Comment: "a reason"})
	if err != nil {
		t.Fatal(err)
	}
	return reeve.CommandID{Job: placed.Job.ID}
}

func TestDevicePage(t *testing.T) {
	h := newHousehold(t)
	scan := h.order(t, "scan_threats", `{"full_scan":1}`)
	h.Report(h.laptop, scan.String(), reeve.Report{State: reeve.Succeeded, Message: "1 threat in 9 files",
		Result: []byte(`{"threats":[{"path":"/tmp/<b>eicar","signature":"EICAR","engine":"hash","size":68,"quarantine":"abc123"}]}`)})
	fetch := h.order(t, "fetch_agent_log", "{}")
	h.Report(h.laptop, fetch.String(), reeve.Report{State: reeve.Succeeded, Message: "the log was packed"})
	asked := h.order(t, "re-identify", "{}")
	h.Report(h.laptop, asked.String(), reeve.Report{State: reeve.Succeeded, User: "someone", Door: reeve.WindowDoor,
		Identity: map[string]string{"full_name": "Ann Other", "email": "ann@example.org"}})
	h.order(t, "exempt", `{"exempt_time":5}`)
	path := "devices/" + h.laptop.ID
	if to := h.send(t, path, url.Values{"nickname": {"Front desk"}, "custom_id": {"HD-1"}}); to != "/console/"+path {
		t.Error(to)
	}
	body := h.see(t, path, "laptop-1", "Front desk", "HD-1", "Test OS 1.0", "02:00:00:00:00:01", "Ann Other",
		"EICAR", "/tmp/&lt;b&gt;eicar", "commands/"+fetch.String()+"/report", "1 threat in 9 files", "a reason",
		"act?action=unquarantine&amp;id="+h.laptop.ID+"&amp;param.quarantine=abc123", "Bring back", "Device enrolled", "Device described", "The user identified", "A scan found EICAR", `href="/console/act?action=unexempt&amp;id=`+h.laptop.ID)
	if strings.Contains(body, "data-live") || strings.Contains(body, "action=unignore") {
		t.Error("the page follows what has ended, or offers what does not apply")
	}
	h.order(t, "dhcprenew", "{}")
	h.see(t, path, `data-live="/console/`+path+`/live"`)
	for _, text := range []string{"?past=x", "?threats=x"} {
		if w := h.admin.Get("/console/" + path + text); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", text, w.Code)
		}
	}
}

// A device's past goes on behind a link as long as there is more of it.
func TestDevicePast(t *testing.T) {
	h := newHousehold(t)
	for range 30 {
		h.order(t, "exempt", `{"exempt_time":5}`)
	}
	body := h.see(t, "devices/"+h.laptop.ID)
	older := regexp.MustCompile(`href="/console/(devices/[^"]*past=[^"#]*)`).FindStringSubmatch(body)
	if older == nil || strings.Contains(body, "Device enrolled") {
		t.Fatal("there is no link to what was before, or all of it is on one page")
	}
	h.see(t, older[1], "Device enrolled", "To the latest")
}

// Whoever has the page open hears of a command until it has ended.
func TestDeviceIsFollowed(t *testing.T) {
	h := newHousehold(t)
	command := h.order(t, "dhcprenew", "{}")
	h.Report(h.laptop, command.String(), reeve.Report{State: reeve.Succeeded, Message: "eth0: renewed"})
	w := h.admin.Get("/console/devices/" + h.laptop.ID + "/live")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Fatal(w.Code, w.Header())
	}
	for _, want := range []string{"event: put\ndata: {", `"id":"device-commands"`, "eth0: renewed", "event: end\n"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s lacks %s", w.Body, want)
		}
	}
	if w := h.admin.Get("/console/devices/"+h.laptop.ID+"/live", "Sec-Fetch-Site: cross-site"); w.Code != http.StatusForbidden {
		t.Error("another site hears of it:", w.Code)
	}
}

func TestDevicesAreRestored(t *testing.T) {
	h := newHousehold(t)
	h.see(t, "devices/deleted", "No deleted device")
	deletion := h.order(t, "delete", "{}").Job
	h.see(t, "devices/deleted", "laptop-1", h.laptop.ID)
	by := fmt.Sprintf(`deleted by the job <a class="link" href="/console/jobs/%[1]s">%[1]s</a>`, deletion)
	retires := regexp.MustCompile(`/console/jobs/([0-9a-f]{16})`).FindStringSubmatch(h.see(t, "jobs", by))[1]
	if page := h.see(t, "jobs/"+retires, by); strings.Contains(page, "agents of the devices") {
		t.Error("the job says what it is for as it is stored")
	}
	h.see(t, "log?job="+retires, "Devices deleted by</dt><dd><a class=\"link\" href=\"/console/jobs/"+deletion.String())
	page := h.see(t, "devices/"+h.laptop.ID, "The device was deleted at", "devices/deleted")
	for _, unwanted := range []string{"/console/act?", `popovertarget="describe"`} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page of a deleted device has %s", unwanted)
		}
	}
	if to := h.send(t, "devices/deleted", url.Values{"id": {h.laptop.ID, reeve.NewID()}}); to != "/console/devices/deleted" {
		t.Error(to)
	}
	h.see(t, "devices/deleted", "1 device is back, 1 are not: There is no such device")
	h.see(t, "devices/"+h.laptop.ID, "Devices restored")
	undo := url.Values{"undo": {deletion.String()}, "now": {"1"}}
	if left := sent(h.admin, "/console/act/preview", undo).Body.String(); !strings.Contains(left, "Nothing of this job is left") || strings.Contains(left, `name="expect"`) {
		t.Errorf("what is back can be restored: %s", left)
	}
}

func TestDevicesAreImported(t *testing.T) {
	h := newHousehold(t)
	h.see(t, "devices/import", `enctype="multipart/form-data"`)
	list := "hostname;macs\nscanner;02:00:00:00:00:09\n\"camera\";\nprinter;02-00-00-00-00-03\n"
	w := h.admin.Post("/console/devices/import", url.Values{"list": {list}})
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "scanner") || !strings.Contains(w.Body.String(), "Import 2 devices") {
		t.Fatal(w.Code, w.Body)
	}
	if h.see(t, "devices"); strings.Contains(h.see(t, "devices"), "scanner") {
		t.Error("looking at it imported it")
	}
	seen := fields(w.Body.String()).Get("seen")
	more := h.admin.Post("/console/devices/import", url.Values{"list": {list + "another"}, "import": {"yes"}, "seen": {seen}})
	if more.Code != http.StatusConflict || !strings.Contains(more.Body.String(), "another than the one that you looked at") || !strings.Contains(more.Body.String(), "Import 3 devices") {
		t.Error(more.Code, more.Body)
	}
	if to := h.send(t, "devices/import", url.Values{"list": {strings.ReplaceAll(list, "\n", "\r\n")}, "import": {"yes"}, "seen": {seen}}); to != "/console/devices?standing=unknown&sort=-added" {
		t.Error(to)
	}
	h.see(t, "devices", "scanner", "camera", "2 devices are added, 1 were there already.")
	for _, bad := range []string{"", "name\n", "camera,not-a-mac", ",02:00:00:00:00:09", "\"open"} {
		if w := h.admin.Post("/console/devices/import", url.Values{"list": {bad}, "import": {"yes"}}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "<textarea") {
			t.Errorf("%q: %d", bad, w.Code)
		}
	}
}

func TestDevicesAreExported(t *testing.T) {
	h := newHousehold(t)
	formula := `=HYPERLINK("https://example.org")`
	if err := h.Rules.Describe(t.Context(), h.Admin(), h.laptop.ID, reeve.Description{Nickname: &formula}); err != nil {
		t.Fatal(err)
	}
	w := h.admin.Get("/console/devices/export?standing=managed")
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if w.Code != http.StatusOK || len(lines) != 3 || !strings.HasPrefix(lines[0], "id,hostname,nickname,") {
		t.Fatal(w.Code, w.Body)
	}
	if !strings.Contains(lines[1], `"'=HYPERLINK(""https://example.org"")"`) || !strings.Contains(w.Header().Get("Content-Disposition"), "devices.csv") {
		t.Error(lines[1], w.Header())
	}
	if w := h.admin.Get("/console/devices/export?sort=name"); w.Code != http.StatusBadRequest {
		t.Error("what is no filter is passed by:", w.Code)
	}
}

// Pages follow one another both ways, in every order.
func TestDevicesGoByPages(t *testing.T) {
	h := newHousehold(t)
	var many []reeve.Device
	for i := range 120 {
		many = append(many, reeve.Device{Hostname: "m" + strings.Repeat("x", i%7), MACs: []reeve.MAC{reeve.MAC(0x020000010000 + i)}})
	}
	if _, err := h.Rules.Import(t.Context(), h.Admin(), many, false); err != nil {
		t.Fatal(err)
	}
	link := func(rel, body string) string {
		found := regexp.MustCompile(`rel="` + rel + `" href="/console/([^"]*)"`).FindStringSubmatch(body)
		if found == nil {
			return ""
		}
		return strings.ReplaceAll(found[1], "&amp;", "&")
	}
	ids := regexp.MustCompile(`name="id" value="([0-9a-f]{32})"`)
	for _, sort := range []string{"", "sort=-name", "sort=added", "sort=-added", "sort=seen", "sort=-seen"} {
		seen := map[string]bool{}
		var pages []string
		for path := "devices?" + sort; path != ""; {
			body := h.see(t, path)
			for _, m := range ids.FindAllStringSubmatch(body, -1) {
				seen[m[1]] = true
			}
			pages = append(pages, strings.Join(ids.FindAllString(body, -1), " "))
			if path = link("next", body); path == "" {
				for i := len(pages) - 2; i >= 0; i-- {
					body = h.see(t, link("prev", body))
					if got := strings.Join(ids.FindAllString(body, -1), " "); got != pages[i] {
						t.Errorf("%q: page %d is another on the way back", sort, i)
					}
				}
			}
		}
		if want := 123; len(seen) != want || len(pages) != 3 {
			t.Errorf("%q: %d devices on %d pages, want %d on 3", sort, len(seen), len(pages), want)
		}
	}
	if w := h.admin.Get("/console/devices?after=x"); w.Code != http.StatusBadRequest {
		t.Error("a page that is none:", w.Code)
	}
}

// Files come back from quarantine wherever they are: the form asks what is meant,
// and what it would do says how many devices have something of it.
func TestBringBackEverywhere(t *testing.T) {
	h := newHousehold(t)
	scan := h.order(t, "scan_threats", `{"full_scan":1}`)
	h.Report(h.laptop, scan.String(), reeve.Report{State: reeve.Succeeded,
		Result: []byte(`{"threats":[{"path":"/tmp/x","signature":"EICAR","engine":"hash","size":68,"sha256":"01","quarantine":"abc123"}]}`)})
	h.see(t, "devices", "Bring files back from quarantine")
	h.see(t, "act?filter=&action=unquarantine", "What was found under one name", "Everything that is in quarantine", `data-when="param.which=sha256"`)
	form := url.Values{"filter": {""}, "action": {"unquarantine"}, "param.which": {"signature"}, "param.signature": {"EICAR"}}
	preview := sent(h.admin, "/console/act/preview", form).Body.String()
	if !strings.Contains(preview, "Name of the threat") || !strings.Contains(preview, "EICAR") {
		t.Error(preview)
	}
	check := h.admin.Post("/console/act/check", form).Body.String()
	for _, want := range []string{`good-text">1</b>`, "The action does not apply to"} {
		if !strings.Contains(check, want) {
			t.Errorf("%s lacks %s", check, want)
		}
	}
	form.Set("param.signature", "Other")
	if check = h.admin.Post("/console/act/check", form).Body.String(); !strings.Contains(check, "nothing in quarantine that is meant") {
		t.Error(check)
	}
	form.Set("param.which", "sha256")
	if w := sent(h.admin, "/console/act/preview", form); w.Code != http.StatusBadRequest {
		t.Error(w.Code)
	}
}
