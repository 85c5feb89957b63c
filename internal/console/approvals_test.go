package console_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

// What destroys is typed, and above the limit a second person agrees.
func TestApproval(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	account := h.Account()
	account.Settings.ApproveAbove, account.Settings.RequireComment = 1, true
	if err := h.SetAccount(account); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		h.Enrol("d"+strconv.Itoa(i), reeve.Persistent, reeve.Linux, "1.0.0.0", "02:00:5e:00:53:0"+strconv.Itoa(i))
	}
	one := h.SignIn("admin", h.First.Password)
	two := h.Operator(reeve.Operator{Name: "second", Role: reeve.RoleOperator})
	order := url.Values{"filter": {""}, "action": {"delete"}}
	if got := sent(one, "/console/act/preview", order); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "wants a comment") {
		t.Errorf("without a comment: %d", got.Code)
	}
	order.Set("comment", "sold")
	form := fields(sent(one, "/console/act/preview", order).Body.String())
	check := one.Post("/console/act/check", form).Body.String()
	if !strings.Contains(check, "Ask for approval") || !strings.Contains(check, "Type 3") {
		t.Fatalf("the preview is %s", check)
	}
	for name, values := range fields(check) {
		form[name] = values
	}
	form.Set("propose", "1")
	if got := one.Post("/console/act/place", form); got.Code != http.StatusBadRequest {
		t.Errorf("without the number: %d", got.Code)
	}
	form.Set("typed", " 3 ")
	path := one.Post("/console/act/place", form).Header().Get("Location")
	if !strings.HasPrefix(path, "/console/approvals/") {
		t.Fatalf("led to %q", path)
	}
	for target, want := range map[string]string{"/console/approvals": "sold", path: "Approve: 3 targeted<", path + "/check": "Some of the devices"} {
		if got := two.Get(target); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), want) {
			t.Errorf("%s lacks %q: %d %s", target, want, got.Code, got.Body)
		}
	}
	if got := two.Get("/console/overview/sum"); !strings.Contains(got.Body.String(), `href="/console/approvals">1 order waits for approval`) {
		t.Errorf("the overview does not say that something waits: %s", got.Body)
	}
	if got := one.Get(path); strings.Contains(got.Body.String(), "Approve:") || !strings.Contains(got.Body.String(), "Withdraw") {
		t.Error("who asked sees another page than his own")
	}
	if got := one.Post(path+"/approve", nil); got.Code != http.StatusForbidden {
		t.Errorf("approved by who asked: %d", got.Code)
	}
	job := two.Post(path+"/approve", url.Values{"reason": {"fine"}}).Header().Get("Location")
	if got := two.Get(job); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "second") {
		t.Errorf("the approved job is %q: %d", job, got.Code)
	}
	if got := two.Get("/console/approvals?state=decided"); !strings.Contains(got.Body.String(), "sold") {
		t.Error("what was decided is not listed")
	}
	if got := two.Post(path+"/reject", nil); got.Code != http.StatusConflict {
		t.Errorf("rejected what is placed: %d", got.Code)
	}
}

// Who approves reads what an app asked for, and so does who looks back.
func TestFiltersOfOthersAreRead(t *testing.T) {
	h := newHousehold(t)
	lab, err := h.Rules.CreateGroup(t.Context(), h.Admin(), "<Lab>", "")
	if err != nil {
		t.Fatal(err)
	}
	app := h.Admin()
	app.Actor, app.Name, app.Source, app.Operator = "app:1", "tidy-up", reeve.FromOAuthAPI, ""
	query := &reeve.DeviceQuery{Search: "lap", Systems: []reeve.System{reeve.Linux}, GroupIDs: []string{h.laptop.GroupID, lab.ID}}
	order := control.Order{Action: "exempt", Params: []byte(`{"exempt_time":5}`), Filter: query, Propose: true}
	placed, err := h.Rules.Place(t.Context(), app, order)
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"Everything that matches the filter", "Search: <b>lap</b>", "Searched in: <b>name</b>", "Group: <b>&lt;Lab&gt;</b>", "Linux", "tidy-up"}
	h.see(t, "approvals", append(words, "5 hours", "OAuth API", "1 targeted")...)
	h.see(t, "approvals/"+placed.Proposal.ID.String(), words...)
	order.Propose = false
	job, err := h.Rules.Place(t.Context(), app, order)
	if err != nil {
		t.Fatal(err)
	}
	h.see(t, "jobs/"+job.Job.ID.String(), words...)
	if body := h.see(t, "log?event=job_placed", words...); strings.Contains(body, "&#34;filtered&#34;") || strings.Contains(body, "filtered: ") {
		t.Error("the log shows the selection as it is stored")
	}
	order.Filter = &reeve.DeviceQuery{}
	if placed, err = h.Rules.Place(t.Context(), app, order); err != nil {
		t.Fatal(err)
	}
	h.see(t, "jobs/"+placed.Job.ID.String(), "Every device")
}

// An order that is too long for a list is told by its own page.
func TestLongOrders(t *testing.T) {
	h := newHousehold(t)
	named, query := []string{h.laptop.ID}, &reeve.DeviceQuery{}
	for range 200 {
		named, query.GroupIDs = append(named, reeve.NewID()), append(query.GroupIDs, reeve.NewID())
	}
	for _, tt := range []struct {
		order control.Order
		want  []string
	}{
		{control.Order{IDs: named}, []string{"201 named devices", h.laptop.ID, named[4] + " …"}},
		{control.Order{Filter: query}, []string{"Everything that matches the filter", "more conditions"}},
	} {
		tt.order.Action, tt.order.Propose = "exempt", true
		placed, err := h.Rules.Place(t.Context(), h.Admin(), tt.order)
		if err != nil {
			t.Fatal(err)
		}
		if body := h.see(t, "approvals", "Many named devices, or a long filter"); strings.Contains(body, named[0]) || strings.Contains(body, query.GroupIDs[0]) {
			t.Error("the list tells of a long order")
		}
		if body := h.see(t, "approvals/"+placed.Proposal.ID.String(), tt.want...); strings.Contains(body, "devices?group=") {
			t.Error("a part of a filter leads to a list")
		}
	}
}

// What an approval comes to is said before and after: a request that has to bring
// its id, and devices that come back without a job.
func TestWhatApprovalComesTo(t *testing.T) {
	h := newHousehold(t)
	propose := func(placed control.Placement, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return placed.Proposal.ID.String()
	}
	held := propose(h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "exempt", All: true, Propose: true, Hold: true}))
	h.see(t, "approvals/"+held, "Once approved", "Approved-Job")
	h.send(t, "approvals/"+held+"/reject", nil)
	if body := h.see(t, "approvals/"+held, "withdrawn"); strings.Contains(body, "Once approved") {
		t.Error("what was withdrawn waits for approval")
	}
	gone, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{Action: "delete", IDs: []string{h.laptop.ID}})
	if err != nil {
		t.Fatal(err)
	}
	back := propose(h.Rules.Undo(t.Context(), h.Admin(), gone.Job.ID, control.Order{Propose: true}))
	two := h.Operator(reeve.Operator{Name: "second", Role: reeve.RoleOperator})
	if w := two.Post("/console/approvals/"+back+"/approve", nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/console/approvals/"+back {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if body := h.see(t, "approvals/"+back, "jobs/"+gone.Job.ID.String(), back); strings.Contains(body, "jobs/"+back) {
		t.Error("it leads to a job that is not there")
	}
}
