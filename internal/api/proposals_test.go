package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
)

// told decodes an answer that must have a status.
func told[T any](t *testing.T, got *httptest.ResponseRecorder, want int) (v T) {
	t.Helper()
	if got.Code != want {
		t.Fatalf("%d, want %d: %s", got.Code, want, got.Body)
	}
	if err := json.Unmarshal(got.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, got.Body)
	}
	return v
}

func fleet(r room, n int) (ids []string) {
	for i := range n {
		ids = append(ids, r.Enrol(fmt.Sprint("pc-", i), reeve.Persistent, reeve.Linux, "26.11.0.0", fmt.Sprintf("00:0c:29:00:00:%02x", i+1)).ID)
	}
	return ids
}

func TestOrdersByFilter(t *testing.T) {
	r := open(t)
	ids := fleet(r, 3)
	r.Import("printer", "00:0c:29:00:01:00")
	for filter, want := range map[string]int{
		`{}`: 4, `{"standing":["managed"]}`: 3, `{"search":"pc-1"}`: 1, `{"system":["linux"],"agent_kind":["persistent"]}`: 3, `{"exempt":false}`: 3,
		`{"search":"00:0c:29:00:01","in":["mac"]}`: 1, `{"presence":["unseen","disconnected"],"type":["laptop"]}`: 3,
	} {
		got := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs", `{"action":"exempt","dry_run":true,"filter":`+filter+`}`), 200)
		n := 0
		for _, devices := range got.Tally {
			n += devices
		}
		if n != want {
			t.Errorf("%s finds %d, want %d", filter, n, want)
		}
	}
	for _, filter := range []string{`{"colour":["red"]}`, `{"standing":["lost"]}`, `{"standing":["archived"]}`, `{"exempt":"yes"}`, `{"sort":"hostname"}`, `{"search":"x","in":["shoe"]}`, `[]`} {
		if got := r.askAs(r.Token, "POST", "/jobs", `{"action":"exempt","filter":`+filter+`}`); got.Code != 400 {
			t.Errorf("%s: %d %s", filter, got.Code, got.Body)
		}
	}
	if got := r.askAs(r.Token, "POST", "/jobs", `{"action":"exempt","filter":{"search":"pc-"},"expect":2}`); got.Code != 409 || !strings.Contains(got.Body.String(), "finds 3") {
		t.Errorf("another number than was confirmed: %d %s", got.Code, got.Body)
	}
	placed := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs", `{"action":"exempt","filter":{"search":"pc-"},"expect":3}`), 201)
	undone := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs/"+placed.Job.ID+"/undo", `{"comment":"by mistake"}`), 201)
	if undone.Job.UndoOf != placed.Job.ID || undone.Job.Action != "unexempt" || undone.Job.Targets != 3 {
		t.Errorf("%+v", undone.Job)
	}
	gone := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs", `{"action":"delete","ids":["`+ids[0]+`"]}`), 201)
	if dry := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs/"+gone.Job.ID+"/undo", `{"dry_run":true}`), 200); dry.Tally[client.Applies] != 1 {
		t.Errorf("%+v", dry)
	}
	if back := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs/"+gone.Job.ID+"/undo", ""), 200); back.Restored != 1 || back.Job != nil {
		t.Errorf("%+v", back)
	}
	if got := r.askAs(r.Token, "POST", "/jobs/"+told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs", `{"action":"dhcprenew","all":true}`), 201).Job.ID+"/undo", ""); got.Code != 409 {
		t.Errorf("what has no opposite: %d", got.Code)
	}
}

func TestProposals(t *testing.T) {
	r := open(t)
	fleet(r, 3)
	bob, eve := r.OperatorToken("bob", reeve.Read, reeve.Write), r.OperatorToken("eve", reeve.Read, reeve.Write)
	told[client.Account](t, r.askAs(r.Token, "PATCH", "/account", `{"settings":{"approve_above":2,"require_comment":true}}`), 200)
	for body, want := range map[string]struct {
		code int
		word string
	}{
		`{"action":"exempt","all":true}`:                                                                     {400, "invalid_request"},
		`{"action":"exempt","all":true,"comment":"why"}`:                                                     {403, "approval_required"},
		`{"action":"exempt","all":true,"comment":"why","hold":true}`:                                         {400, "invalid_request"},
		`{"action":"exempt","all":true,"comment":"why","approved_job_id":"nope"}`:                            {400, "invalid_request"},
		`{"action":"exempt","all":true,"comment":"why","approved_job_id":"1a1fdfa460012984"}`:                {403, "approval_required"},
		`{"action":"exempt","all":true,"comment":"why","approved_job_id":"1a1fdfa460012984","propose":true}`: {400, "invalid_request"},
	} {
		got := r.askAs(r.Token, "POST", "/jobs", body)
		if got.Code != want.code || !strings.Contains(got.Body.String(), `"error":"`+want.word+`"`) {
			t.Errorf("%s: %d %s", body, got.Code, got.Body)
		}
	}
	order := `{"action":"exempt","all":true,"comment":"why"`
	if dry := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs", order+`,"dry_run":true}`), 200); !dry.NeedsApproval {
		t.Errorf("a dry run: %+v", dry)
	}

	first := told[client.Placement](t, r.askAs(bob, "POST", "/jobs", order+`,"propose":true}`), 202).Proposal
	if first.State != "proposed" || first.Targets != 3 || first.By != "for bob (bob)" || first.Comment != "why" {
		t.Errorf("%+v", first)
	}
	for who, token := range map[string]string{"an app by itself": r.Token, "who asked": bob} {
		if got := r.askAs(token, "POST", "/proposals/"+first.ID+"/approve", ""); got.Code != 403 {
			t.Errorf("%s approves: %d %s", who, got.Code, got.Body)
		}
	}
	approved := told[client.Proposal](t, r.askAs(eve, "POST", "/proposals/"+first.ID+"/approve", `{"reason":"as agreed"}`), 200)
	if approved.State != "used" || approved.DecidedBy != "eve" || approved.Reason != "as agreed" {
		t.Errorf("%+v", approved)
	}
	if job := told[client.Job](t, r.askAs(r.Token, "GET", "/jobs/"+first.ID, ""), 200); job.Targets != 3 || job.By != first.By {
		t.Errorf("%+v", job)
	}

	held := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs", order+`,"propose":true,"hold":true}`), 202).Proposal
	use := func(header string, body string, want int) *httptest.ResponseRecorder {
		t.Helper()
		got := r.Ask("POST", "/api/v1/jobs", body, "Authorization: Bearer "+r.Token, "Approved-Job: "+header)
		if got.Code != want {
			t.Errorf("%s: %d, want %d: %s", body, got.Code, want, got.Body)
		}
		return got
	}
	use(held.ID, order+`}`, 403)
	if p := told[client.Proposal](t, r.askAs(eve, "POST", "/proposals/"+held.ID+"/approve", ""), 200); p.State != "approved" {
		t.Errorf("%+v", p)
	}
	use(held.ID, `{"action":"unexempt","all":true}`, 409)
	use(held.ID, order+`,"approved_job_id":"`+first.ID+`"}`, 400)
	if p := told[client.Placement](t, use(held.ID, order+`,"approved_job_id":"`+held.ID+`"}`, 201), 201); p.Job.ID != held.ID {
		t.Errorf("%+v", p.Job)
	}
	use(held.ID, order+`}`, 409)

	if p := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs/"+held.ID+"/undo", `{"comment":"why","propose":true}`), 202).Proposal; p.Action != "unexempt" || p.Targets != 3 {
		t.Errorf("%+v", p)
	}
	renew := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs", `{"action":"dhcprenew","filter":{"search":"pc-0"},"comment":"why"}`), 201).Job
	told[client.Job](t, r.askAs(r.Token, "POST", "/jobs/"+renew.ID+"/cancel", ""), 200)
	if p := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs/"+renew.ID+"/retry", `{"comment":"why","propose":true}`), 202).Proposal; p.Action != "dhcprenew" || p.Targets != 1 {
		t.Errorf("%+v", p)
	}

	back := told[client.Placement](t, r.askAs(r.Token, "POST", "/jobs", order+`,"propose":true}`), 202).Proposal
	if p := told[client.Proposal](t, r.askAs(r.Token, "POST", "/proposals/"+back.ID+"/reject", `{"reason":"a slip"}`), 200); p.State != "rejected" || p.Reason != "a slip" {
		t.Errorf("%+v", p)
	}
	for query, want := range map[string]int{"": 5, "state=used": 2, "state=rejected&state=used": 3, "state=expired": 0, "limit=1": 1} {
		if list := told[client.List[client.Proposal]](t, r.askAs(r.Token, "GET", "/proposals?"+query, ""), 200); len(list.Items) != want {
			t.Errorf("%s: %+v", query, list)
		}
	}
	page := told[client.List[client.Proposal]](t, r.askAs(r.Token, "GET", "/proposals?limit=4", ""), 200)
	if next := told[client.List[client.Proposal]](t, r.askAs(r.Token, "GET", "/proposals?limit=4&cursor="+page.Next, ""), 200); len(next.Items) != 1 || next.Items[0].ID != first.ID || next.Next != "" {
		t.Errorf("the second page: %+v", next)
	}
	if p := told[client.Proposal](t, r.askAs(r.Token, "GET", "/proposals/"+held.ID, ""), 200); p.State != "used" || !p.Hold {
		t.Errorf("%+v", p)
	}
	for _, path := range []string{"GET /proposals/nonsense", "GET /proposals/0000000000000001", "POST /proposals/0000000000000001/reject"} {
		method, path, _ := strings.Cut(path, " ")
		if got := r.askAs(bob, method, path, ""); got.Code != 404 {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
}

// Whoever approves is told which devices are meant, wherever a proposal is shown.
func TestProposalsSayWhichDevices(t *testing.T) {
	r := open(t)
	ids := fleet(r, 7)
	var lab, gone client.Group
	r.ask("POST", "/groups", `{"name":"Lab"}`, 201, &lab)
	r.ask("POST", "/groups", `{"name":"Gone"}`, 201, &gone)
	var job client.Placement
	r.ask("POST", "/jobs", `{"action":"assign_to_group","ids":["`+ids[0]+`"],"params":{"group_id":"`+lab.ID+`"}}`, 201, &job)
	r.ask("POST", "/jobs", `{"action":"dhcprenew","ids":["`+ids[0]+`"]}`, 201, &job)
	r.ask("POST", "/jobs/"+job.Job.ID+"/cancel", "", 200, nil)
	propose := func(path, body string) *client.Proposal {
		t.Helper()
		p := told[client.Placement](t, r.askAs(r.Token, "POST", path, strings.TrimSuffix(body, "}")+`,"propose":true}`), 202).Proposal
		if p.Applies == nil || *p.Applies > p.Targets {
			t.Errorf("%s applies to %v of %d", body, p.Applies, p.Targets)
		}
		return p
	}
	listed := func(id string) (found client.Proposal) {
		t.Helper()
		for _, p := range told[client.List[client.Proposal]](t, r.askAs(r.Token, "GET", "/proposals", ""), 200).Items {
			if p.ID == id {
				found = p
			}
		}
		return found
	}
	all, _ := json.Marshal(ids)
	filter := `{"search":"pc","system":["linux"],"group":["` + lab.ID + `","` + gone.ID + `"]}`
	for _, tt := range []struct{ path, body, want string }{
		{"/jobs", `{"action":"exempt","all":true}`, `{"all":true}`},
		{"/jobs", `{"action":"exempt","group":"` + lab.ID + `"}`, `{"group":"` + lab.ID + `","group_name":"Lab"}`},
		{"/jobs", `{"action":"exempt","filter":{}}`, `{"all":true,"filtered":true}`},
		{"/jobs", `{"action":"exempt","filter":` + filter + `}`, `{"filtered":true,"terms":[{"field":"q","word":"pc"},{"field":"in","word":"hostname"},{"field":"system","word":"linux"},` +
			`{"field":"group","word":"` + lab.ID + `","name":"Lab"},{"field":"group","word":"` + gone.ID + `"}]}`},
		{"/jobs", `{"action":"exempt","ids":` + string(all) + `}`, `{"named":7,"first":["` + strings.Join(ids[:5], `","`) + `"]}`},
		{"/jobs", `{"action":"exempt","macs":["00:0c:29:00:00:01"]}`, `{"named":1,"first":["00:0c:29:00:00:01"]}`},
		{"/jobs/" + job.Job.ID + "/retry", `{"comment":"again"}`, `{"retry_of":"` + job.Job.ID + `"}`},
	} {
		p := propose(tt.path, tt.body)
		if strings.Contains(tt.want, gone.ID) {
			r.ask("DELETE", "/groups/"+gone.ID, "", 204, nil)
		} else if got, _ := json.Marshal(p.Selected); string(got) != tt.want {
			t.Errorf("%s is proposed for %s, want %s", tt.body, got, tt.want)
		}
		for where, shown := range map[string]client.Proposal{"single": told[client.Proposal](t, r.askAs(r.Token, "GET", "/proposals/"+p.ID, ""), 200), "in the list": listed(p.ID)} {
			if got, _ := json.Marshal(shown.Selected); string(got) != tt.want || shown.Applies == nil || *shown.Applies != *p.Applies {
				t.Errorf("%s, %s: %s, want %s", tt.body, where, got, tt.want)
			}
		}
	}

	for range 200 {
		ids = append(ids, reeve.NewID())
	}
	all, _ = json.Marshal(ids)
	long := propose("/jobs", `{"action":"exempt","ids":`+string(all)+`}`)
	if p := listed(long.ID); p.ID == "" || p.Selected != nil || p.Applies != nil {
		t.Errorf("a list tells of a long order: %+v", p)
	}
	if p := told[client.Proposal](t, r.askAs(r.Token, "GET", "/proposals/"+long.ID, ""), 200); p.Selected.Named != 207 || len(p.Selected.First) != 5 || *p.Applies != 7 {
		t.Errorf("a long order by itself: %+v", p.Selected)
	}
	var groups []string
	for range 60 {
		groups = append(groups, reeve.NewID())
	}
	all, _ = json.Marshal(groups)
	if s := propose("/jobs", `{"action":"exempt","filter":{"group":`+string(all)+`}}`).Selected; !s.Filtered || s.All || len(s.Terms) == 0 || len(s.Terms)+s.More != 60 {
		t.Errorf("a long filter: %d terms and %d more", len(s.Terms), s.More)
	}
	orders := r.AppToken("orders only", false, reeve.Write)
	if p := told[client.Placement](t, r.askAs(orders, "POST", "/jobs", `{"action":"exempt","all":true,"propose":true}`), 202).Proposal; p.Selected != nil || p.Targets != 7 {
		t.Errorf("who may not read is told %+v", p)
	}
}
