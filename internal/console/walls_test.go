package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

// A den is a group with something of everything in it.
type den struct {
	group         reeve.Group
	device, gone  reeve.Device
	scan, forgone reeve.JobID // of an administrator
	proposal      reeve.JobID
}

// den founds a group; no two of a house have a text in common that is worth
// knowing.
func newDen(t *testing.T, h *doortest.House, name, number string) den {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	place := func(action, params string, devices ...reeve.Device) reeve.JobID {
		t.Helper()
		o := control.Order{Action: action, Params: []byte(params), Comment: "why-" + name}
		for _, d := range devices {
			o.IDs = append(o.IDs, d.ID)
		}
		p, err := h.Rules.Place(t.Context(), h.Admin(), o)
		ok(err)
		return p.Job.ID
	}
	var d den
	var err error
	d.group, err = h.Rules.CreateGroup(t.Context(), h.Admin(), "den-"+name, "about-"+name)
	ok(err)
	d.device = h.Enrol("bench-"+name, reeve.Persistent, reeve.Linux, "26.11.0", "02:00:00:00:01:"+number)
	d.gone = h.Enrol("gone-"+name, reeve.Persistent, reeve.Linux, "26.11.0", "02:00:00:00:02:"+number)
	place("assign_to_group", `{"group_id":"`+d.group.ID+`"}`, d.device, d.gone)
	ok(h.Rules.Describe(t.Context(), h.Admin(), d.device.ID, reeve.Description{Nickname: new("nick-" + name), LinkedUser: new("user-" + name)}))
	d.scan = place("scan_threats", `{"full_scan":1}`, d.device)
	h.Report(d.device, reeve.CommandID{Job: d.scan}.String(), reeve.Report{State: reeve.Succeeded, Message: "said-" + name,
		Result: []byte(`{"threats":[{"path":"/tmp/path-` + name + `","signature":"SIGN-` + name + `","engine":"hash","size":68}]}`)})
	d.forgone = place("exempt", `{"exempt_time":5}`, d.device)
	place("delete", "{}", d.gone)
	p, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "exempt", Group: d.group.ID, Propose: true, Comment: "plan-" + name})
	ok(err)
	d.proposal = p.Proposal.ID
	if d.device, err = h.Store.Device(t.Context(), h.Account().No, d.device.ID); err != nil {
		t.Fatal(err)
	}
	return d
}

// secrets are what tells of a den.
func (d den) secrets(name string) []string {
	return []string{d.group.ID, d.device.ID, d.gone.ID, d.scan.String(), d.forgone.String(), d.proposal.String(),
		"den-" + name, "about-" + name, "bench-" + name, "gone-" + name, "nick-" + name, "user-" + name, "said-" + name, "path-" + name,
		"SIGN-" + name, "why-" + name, "plan-" + name}
}

// ids are what a route's path is filled in with to reach for the den.
func (d den) ids() []foreign {
	var all []foreign
	for _, id := range []string{d.group.ID, d.device.ID, d.gone.ID, d.scan.String(), d.proposal.String(), reeve.CommandID{Job: d.scan}.String()} {
		all = append(all, foreign{
			"id": id, "hash": strings.Repeat("0", 64), "name": "admin", "key": "none", "no": "1", "leaf": "0", "job": d.scan.String(),
			"command": reeve.CommandID{Job: d.scan}.String(), "version": "1", "rest": "nowhere", "secret": "nothing",
		})
	}
	return all
}

// reaches are addresses whose queries ask for the den.
func (d den) reaches() []string {
	group := url.QueryEscape("group=" + d.group.ID)
	var all []string
	for _, s := range []string{
		"devices?group=" + d.group.ID, "devices?q=bench", "devices/count?group=" + d.group.ID, "devices/export", "devices/export?group=" + d.group.ID,
		"devices/deleted", "jobs?by=admin", "jobs?state=ended", "jobs/live?id=" + d.scan.String(), "log?device=" + d.device.ID,
		"log/export?device=" + d.device.ID, "act?id=" + d.device.ID, "act?id=" + d.device.ID + "&id=" + d.gone.ID + "&action=exempt",
		"act?group=" + d.group.ID, "act?filter=" + group + "&action=exempt", "act?action=assign_to_group&filter=", "act?retry=" + d.scan.String(),
		"act?undo=" + d.forgone.String(), "groups?q=den", "approvals?state=all",
	} {
		all = append(all, "/console/"+s)
	}
	return all
}

// state is everything that could change in a den.
func (d den) state(t *testing.T, h *doortest.House) string {
	t.Helper()
	no := h.Account().No
	devices, err := h.Store.DevicesEver(t.Context(), no, []string{d.device.ID, d.gone.ID})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(devices, func(a, b reeve.Device) int { return int(a.No - b.No) })
	commands, err := h.Store.DeviceCommands(t.Context(), no, d.device.No, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	group, err := h.Store.Group(t.Context(), no, d.group.ID)
	if err != nil {
		t.Fatal(err)
	}
	proposal, err := h.Store.Proposal(t.Context(), no, d.proposal)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(devices, commands, group, proposal.State)
}

// Whoever has a role in one group finds no word of another on any page, and
// changes nothing there.
func TestWalls(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	mine, theirs := newDen(t, h, "here", "01"), newDen(t, h, "there", "02")
	abroad := neighbour(t, h)
	secrets := append(theirs.secrets("there"), abroad["id"], abroad["key"])
	for _, role := range []reeve.Role{reeve.RoleViewer, reeve.RoleOperator, reeve.RoleAuditor, reeve.RoleAdministrator} {
		who := h.Operator(reeve.Operator{Name: role.String() + " of a den", Groups: []reeve.GroupRole{{GroupID: mine.group.ID, Role: role}}})
		see := func(path string) (int, string) {
			t.Helper()
			got := who.Get(path)
			body := got.Body.String()
			for _, secret := range secrets {
				if strings.Contains(body, secret) && !strings.Contains(path, secret) {
					t.Errorf("%s: GET %s: %d tells of %s", role, path, got.Code, secret)
				}
			}
			if got.Code >= 500 {
				t.Errorf("%s: GET %s: %d", role, path, got.Code)
			}
			return got.Code, body
		}
		for _, own := range []string{"devices", "devices/" + mine.device.ID, "groups/" + mine.group.ID, "overview/sum", "devices/export",
			"commands/" + reeve.CommandID{Job: mine.scan}.String()} {
			if code, body := see("/console/" + own); code != http.StatusOK || !strings.Contains(body, "here") {
				t.Errorf("%s: %s of the own group: %d", role, own, code)
			}
		}
		for _, path := range theirs.reaches() {
			see(path)
		}
		before := theirs.state(t, h)
		for _, r := range routes(t) {
			hasHole := placeholder.MatchString(r.Path)
			if r.Scope == "" || strings.HasSuffix(r.Path, "sign-out") {
				continue
			}
			if r.Method == "GET" && !hasHole {
				see(r.Path)
				continue
			}
			if !hasHole {
				continue
			}
			if r.Method == "GET" && !strings.HasSuffix(r.Path, "/live") { // which goes on as long as what it follows
				for _, ids := range mine.ids() {
					see(ids.at(t, r.Path))
				}
			}
			for _, ids := range append(theirs.ids(), abroad) {
				path := ids.at(t, r.Path)
				var code int
				if r.Method == "GET" {
					code, _ = see(path)
				} else {
					code = who.Post(path, url.Values{"name": {"taken"}, "reason": {"taken"}, "comment": {"taken"}, "nickname": {"taken"}}).Code
				}
				if code != http.StatusNotFound && code != http.StatusForbidden && code != http.StatusBadRequest {
					t.Errorf("%s: %s %s beyond the wall: %d, want 404 or 403", role, r.Method, path, code)
				}
			}
		}
		for path, form := range map[string]url.Values{
			"devices/deleted": {"id": {theirs.gone.ID}},
			"act/place":       {"id": {theirs.device.ID, theirs.gone.ID}, "action": {"exempt"}, "param.exempt_time": {"1"}, "comment": {"taken"}, "confirm": {"1"}, "count": {"1"}},
			"act/check":       {"group": {theirs.group.ID}, "action": {"exempt"}, "param.exempt_time": {"1"}},
			"act/preview":     {"filter": {"group=" + theirs.group.ID}, "action": {"exempt"}, "param.exempt_time": {"1"}},
		} {
			got := who.Post("/console/"+path, form)
			if got.Code >= 500 {
				t.Errorf("%s: POST %s: %d", role, path, got.Code)
			}
			for _, secret := range secrets {
				if strings.Contains(got.Body.String(), secret) && !strings.Contains(form.Encode(), url.QueryEscape(secret)) {
					t.Errorf("%s: POST %s tells of %s", role, path, secret)
				}
			}
		}
		if after := theirs.state(t, h); after != before {
			t.Errorf("%s changed another group:\n%s\n%s", role, before, after)
		}
	}
}
