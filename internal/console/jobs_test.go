package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
