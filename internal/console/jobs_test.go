package console_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

// scanned enrols devices and orders a scan of all of them.
func scanned(t *testing.T, h *doortest.House, n int) ([]reeve.Device, reeve.Job) {
	t.Helper()
	var devices []reeve.Device
	for i := range n {
		devices = append(devices, h.Enrol("=laptop-"+strconv.Itoa(i), reeve.Persistent, reeve.Linux, "1.0.0.0", "02:00:5e:00:53:0"+strconv.Itoa(i)))
	}
	placed, err := h.Rules.Place(t.Context(), h.Admin(), control.Order{
		Action: "scan_threats", All: true, Params: json.RawMessage(`{"full_scan":1}`), Comment: "<b>weekly</b>",
	})
	if err != nil {
		t.Fatal(err)
	}
	return devices, placed.Job
}

func commandOf(job reeve.Job, leaf int) string {
	return reeve.CommandID{Job: job.ID, Leaf: int32(leaf)}.String()
}

func TestJobPages(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	devices, job := scanned(t, h, 3)
	h.Report(devices[0], commandOf(job, 0), reeve.Report{State: reeve.Succeeded, Message: "1 threat in 9 files",
		Result: json.RawMessage(`{"counts":{"files":9,"threats":1},"engines":[{"name":"hashes","judged":9}],"threats":[{"path":"/srv/<i>x","signature":"Test","engine":"hashes"}],
			"areas":[{"type":1,"roots":["/"],"status":"partial","reason":"no time left"},{"type":9,"name":"Cloud","status":"gone"}],"errors":[{"path":"/srv/shut","error":"no permission"}]}`)})
	h.Report(devices[1], commandOf(job, 1), reeve.Report{State: reeve.Failed, Message: "no disk"})
	who := h.SignIn("admin", h.First.Password)
	page := "/console/jobs/" + job.ID.String()
	for target, wants := range map[string][]string{
		"/console/jobs": {"Scan for threats", "&lt;b&gt;weekly", "2 of 3 finished", "1 without success", "data-live=\"/console/jobs/live?id=" + job.ID.String()},
		"/console/jobs?state=open&action=scan_threats&source=console&by=admin": {job.ID.String()},
		"/console/jobs?state=ended":    {"No job like this"},
		"/console/jobs?by=nobody":      {"No job like this"},
		page:                           {"=laptop-0", "1 threat in 9 files", "no disk", "Retry 1 device", "Cancel job", "Pause", "everything", "Every device"},
		page + "?state=failed":         {"=laptop-1"},
		page + "/results?state=failed": {"=laptop-1"},
		page + "?state=refused":        {"No device is in this state"},
		"/console/commands/" + commandOf(job, 0): {"/srv/&lt;i&gt;x", "Download", "judged 9 files",
			"System volume", "in part<small class=\"note\">no time left", "Cloud", "gone", "/srv/shut", "no permission"},
		"/console/commands/" + commandOf(job, 0) + "/report": {`"signature":"Test"`},
		page + "/results.csv?state=failed":                   {"device,hostname,state", "'=laptop-1,failed", "no disk"},
	} {
		got := who.Get(target)
		if got.Code != http.StatusOK {
			t.Errorf("%s: %d", target, got.Code)
		}
		for _, want := range wants {
			if !strings.Contains(got.Body.String(), want) {
				t.Errorf("%s lacks %q", target, want)
			}
		}
	}
	for _, target := range []string{page + "?state=x", "/console/jobs?action=x", "/console/jobs?source=x", "/console/jobs?cursor=x", page + "?cursor=x"} {
		if got := who.Get(target); got.Code != http.StatusBadRequest {
			t.Errorf("%s: %d, want 400", target, got.Code)
		}
	}
	for _, change := range []struct {
		verb  string
		check func(reeve.Job) bool
	}{
		{"pause", func(j reeve.Job) bool { return !j.Paused.IsZero() }},
		{"resume", func(j reeve.Job) bool { return j.Paused.IsZero() }},
		{"cancel", func(j reeve.Job) bool { return j.Open() == 0 && !j.Cancelled.IsZero() }},
	} {
		got := who.Post(page+"/"+change.verb, nil)
		now, err := h.Store.Job(t.Context(), job.Account, job.ID)
		if got.Code != http.StatusSeeOther || err != nil || !change.check(now) {
			t.Errorf("%s: %d, %+v %v", change.verb, got.Code, now, err)
		}
	}
}

// What belongs to another account is not there.
func TestJobsOfOthers(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	_, job := scanned(t, h, 1)
	made, err := h.Rules.CreateAccount(t.Context(), h.Admin(), "neighbour", 0)
	if err != nil {
		t.Fatal(err)
	}
	other := h.SignIn(made.Operator, made.Password)
	for _, path := range []string{"jobs/" + job.ID.String(), "jobs/" + job.ID.String() + "/live", "jobs/" + job.ID.String() + "/results.csv", "jobs/live?id=" + job.ID.String(),
		"commands/" + commandOf(job, 0), "commands/" + commandOf(job, 0) + "/report", "act?retry=" + job.ID.String(), "act?undo=" + job.ID.String()} {
		if got := other.Get("/console/" + path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got.Code)
		}
	}
	for _, verb := range []string{"cancel", "pause", "resume"} {
		if got := other.Post("/console/jobs/"+job.ID.String()+"/"+verb, nil); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", verb, got.Code)
		}
	}
}

var numbers = regexp.MustCompile(`<td class="number">(?:<b>)?([0-9,]+)`)

// Whatever a stream tells, its counts add up to the devices targeted; and it ends
// with the job.
func TestJobStream(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	devices, job := scanned(t, h, 6)
	who := h.SignIn("admin", h.First.Password)
	streams := make(chan *httptest.ResponseRecorder, 2)
	var begun sync.WaitGroup
	for _, path := range []string{"jobs/" + job.ID.String() + "/live", "jobs/live?id=" + job.ID.String()} {
		begun.Add(1)
		go func() {
			streams <- h.SignIn("admin", h.First.Password).Follow("/console/"+path, begun.Done, "Sec-Fetch-Site: same-origin")
		}()
	}
	begun.Wait()
	for i, d := range devices {
		state := []reeve.State{reeve.Running, reeve.Succeeded, reeve.Failed}[i%3]
		h.Report(d, commandOf(job, i), reeve.Report{State: state})
	}
	if got := who.Post("/console/jobs/"+job.ID.String()+"/cancel", nil); got.Code != http.StatusSeeOther {
		t.Fatal(got.Code)
	}
	for range 2 {
		stream := (<-streams).Body.String()
		if !strings.HasSuffix(stream, "event: end\ndata: {}\n\n") {
			t.Errorf("the stream ends with %.200q", stream[max(0, len(stream)-200):])
		}
		rows := map[string][]string{} // what was told of the results, by element
		for line := range strings.SplitSeq(stream, "\n") {
			var put struct{ ID, HTML string }
			data, ok := strings.CutPrefix(line, "data: ")
			if !ok || json.Unmarshal([]byte(data), &put) != nil {
				continue
			}
			rows[put.ID] = append(rows[put.ID], put.HTML)
			if put.ID != "progress" {
				continue
			}
			sum, last := 0, 0
			for _, n := range numbers.FindAllStringSubmatch(put.HTML, -1) {
				last, _ = strconv.Atoi(n[1])
				sum += last
			}
			if last != len(devices) || sum != 2*last {
				t.Errorf("the counts add up to %d of %d: %s", sum-last, last, put.HTML)
			}
		}
		if len(rows["progress"]) == 0 {
			continue // the stream of the list
		}
		// The page's results come as a whole once, then the rows alone, and at last as they ended.
		told := rows["result-rows"]
		if len(rows["results"]) != 1 || len(told) == 0 || len(rows["result-tabs"]) == 0 {
			t.Errorf("of the results %d wholes, %d rows and %d tabs were told", len(rows["results"]), len(told), len(rows["result-tabs"]))
			continue
		}
		end := told[len(told)-1]
		if !strings.HasPrefix(strings.TrimSpace(end), `<tbody id="result-rows">`) || strings.Count(end, `id="on-`) != len(devices) ||
			strings.Count(end, "state s-cancelled") != 2 || strings.Contains(end, "state s-queued") {
			t.Errorf("the rows end as %s", end)
		}
	}
	for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site", "Origin: https://evil.example"} {
		if got := who.Get("/console/jobs/"+job.ID.String()+"/live", header); got.Code != http.StatusForbidden {
			t.Errorf("with %s: %d, want 403", header, got.Code)
		}
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// fields are the hidden fields of a page's forms.
func fields(body string) url.Values {
	form := url.Values{}
	for _, f := range hidden.FindAllStringSubmatch(body, -1) {
		form.Add(f[1], html.UnescapeString(f[2]))
	}
	return form
}

// sent sends a form and goes on to where it leads, as browsers do.
func sent(who *doortest.Visitor, target string, form url.Values) *httptest.ResponseRecorder {
	got := who.Post(target, form)
	if to := got.Header().Get("Location"); to != "" {
		return who.Get(to)
	}
	return got
}

// An order goes from step to step, and is placed once however often it is sent.
func TestOrderInSteps(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	a := h.Enrol("one", reeve.Persistent, reeve.Linux, "1.0.0.0", "02:00:5e:00:53:01")
	h.Import("printer", "02:00:5e:00:53:02")
	who := h.SignIn("admin", h.First.Password)
	if got := sent(who, "/console/act", url.Values{"id": {a.ID}}); !strings.Contains(got.Body.String(), "Which action?") {
		t.Errorf("without an action: %d", got.Code)
	}
	if got := sent(who, "/console/act", url.Values{"id": {a.ID}, "filter": {""}, "action": {"exempt"}}); !strings.Contains(got.Body.String(), "7 days") || strings.Contains(got.Body.String(), a.ID) {
		t.Errorf("the form of everything: %d %s", got.Code, got.Body)
	}
	form := url.Values{"filter": {""}, "action": {"exempt"}, "param.exempt_time": {"8"}, "comment": {"maintenance"}}
	preview := sent(who, "/console/act/preview", form).Body.String()
	form = fields(preview)
	if !strings.Contains(preview, "8 hours, until <time") {
		t.Errorf("the preview does not say until when: %s", preview)
	}
	check := who.Post("/console/act/check", form).Body.String()
	for _, want := range []string{"passed by", "printer", "Exempt 1 device", "targeted", "the new end"} {
		if !strings.Contains(check, want) {
			t.Errorf("the preview lacks %q: %s", want, check)
		}
	}
	unseen := who.Post("/console/act/place", form)
	for name, values := range fields(check) {
		form[name] = values
	}
	other := fields(preview)
	other.Set("expect", "5")
	other.Set("applies", "1")
	changed := who.Post("/console/act/place", other)
	if unseen.Code != http.StatusBadRequest || changed.Code != http.StatusConflict || !strings.Contains(changed.Body.String(), "Exempt 1 device") {
		t.Errorf("without a look %d, with another number %d", unseen.Code, changed.Code)
	}
	form.Set("applies", "2")
	if got := who.Post("/console/act/place", form); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "applied to 2 devices when it was looked at, and applies to 1 now") {
		t.Errorf("seen to apply to more: %d %s", got.Code, got.Body)
	}
	form.Set("applies", "1")
	first := who.Post("/console/act/place", form)
	page := who.Get(first.Header().Get("Location"))
	form.Set("applies", "3") // as who goes back may see it by then
	second := who.Post("/console/act/place", form)
	jobs, err := h.Store.Jobs(t.Context(), h.Account().No, reeve.JobQuery{Limit: 9})
	if err != nil || len(jobs) != 1 || jobs[0].Comment != "maintenance" || string(jobs[0].Params) != `{"exempt_time":8}` || jobs[0].Caller.Source != reeve.FromConsole {
		t.Fatalf("%+v %v", jobs, err)
	}
	want := "/console/jobs/" + jobs[0].ID.String()
	if first.Header().Get("Location") != want || second.Header().Get("Location") != want {
		t.Errorf("led to %d %q and %d %q", first.Code, first.Header(), second.Code, second.Header())
	}
	if !strings.Contains(page.Body.String(), "The job is placed on 1 device. It has 2 devices") {
		t.Errorf("the job's page does not say both numbers: %s", page.Body)
	}
	if got := who.Get(want); !strings.Contains(got.Body.String(), "This was ordered already, and only once") {
		t.Errorf("the job's page does not say that it was placed before: %s", got.Body)
	}
	if got := who.Get("/console/act?undo=" + jobs[0].ID.String()); !strings.Contains(got.Body.String(), "End an exemption") {
		t.Errorf("undo: %d", got.Code)
	}
	for _, bad := range []url.Values{
		{"action": {"exempt"}}, {"id": {a.ID}, "action": {"nonsense"}}, {"id": {a.ID}, "action": {"exempt"}, "param.exempt_time": {"-1"}},
		{"id": {a.ID}, "action": {"exempt"}, "param.exempt_time": {"until"}}, {"filter": {"nonsense=1"}, "action": {"exempt"}},
	} {
		if got := sent(who, "/console/act/preview", bad); got.Code != http.StatusBadRequest {
			t.Errorf("%v: %d, want 400", bad, got.Code)
		}
	}
}

// The steps of an order have addresses, so that going back sends nothing again; with
// very many devices they are forms that browsers keep.
func TestStepsOfOrdersHaveAddresses(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	h.Import("printer", "02:00:5e:00:53:02")
	who := h.SignIn("admin", h.First.Password)
	form := url.Values{"filter": {""}, "action": {"exempt"}, "param.exempt_time": {"8"}, "comment": {"a & b"}}
	to := who.Post("/console/act/preview", form).Header().Get("Location")
	address, err := url.Parse(to)
	if err != nil || address.Path != "/console/act/preview" {
		t.Fatalf("led to %q %v", to, err)
	}
	one, two := fields(who.Get(to).Body.String()), fields(who.Get(to).Body.String())
	if one.Encode() != two.Encode() || one.Get("comment") != "a & b" || one.Get("key") == "" {
		t.Errorf("%v, then %v", one, two)
	}
	if got := who.Get("/console/act?" + address.RawQuery); !strings.Contains(got.Body.String(), "a &amp; b</textarea>") {
		t.Errorf("to change it shows %s", got.Body)
	}
	for range 500 {
		form.Add("id", reeve.NewID())
	}
	form.Del("filter")
	for _, step := range []string{"act", "act/preview"} {
		got := who.Post("/console/"+step, form)
		if got.Code != http.StatusOK || got.Header().Get("Cache-Control") != "private, no-cache" || len(fields(got.Body.String())["id"]) < 500 {
			t.Errorf("%s with many devices: %d %v", step, got.Code, got.Header())
		}
	}
}

// What makes a secret makes one, however often a browser sends the form.
func TestSecretsAreMadeOnce(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	who := h.SignIn("admin", h.First.Password)
	for page, to := range map[string]string{"codes": "/console/codes", "apps": "/console/apps", "operators": "/console/operators", "accounts": "/console/accounts"} {
		form := fields(who.Get("/console/" + page + "/new").Body.String())
		if form.Get("key") == "" {
			t.Errorf("%s: a form without a key", page)
		}
		for name, value := range map[string]string{"name": "latest", "days": "7", "uses": "0", "role": "viewer", "way": "password", "scope.read": "on"} {
			form.Set(name, value)
		}
		first, second := who.Post("/console/"+page, form), who.Post("/console/"+page, form)
		if first.Code != http.StatusOK || second.Code != http.StatusSeeOther || second.Header().Get("Location") != to {
			t.Errorf("%s: %d %s, then %d %v", page, first.Code, regexp.MustCompile(`role="alert".*`).FindString(first.Body.String()), second.Code, second.Header())
		}
		if said := who.Get(to).Body.String(); !strings.Contains(said, "This was done already, and only once") {
			t.Errorf("%s: %s", page, said)
		}
	}
	codes, err := h.Store.Codes(t.Context(), h.Account().No)
	if err != nil || len(codes) != 2 { // the first is that of the first start
		t.Errorf("%d codes, %v", len(codes), err)
	}
}

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
