package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
)

func TestJobFiltersAndRetry(t *testing.T) {
	r := open(t)
	linux := r.Enrol("linux", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:04")
	var exempt, renew, again client.Placement
	r.ask("POST", "/jobs", `{"action":"exempt","all":true}`, 201, &exempt)
	r.ask("POST", "/jobs", `{"action":"dhcprenew","all":true}`, 201, &renew)
	for query, want := range map[string]string{
		"":                               renew.Job.ID + " " + exempt.Job.ID,
		"action=exempt":                  exempt.Job.ID,
		"action=exempt&action=dhcprenew": renew.Job.ID + " " + exempt.Job.ID,
		"source=cli":                     "",
		"source=api&open=true":           renew.Job.ID,
		"open=false&action=ignore":       "",
	} {
		var list client.List[client.Job]
		r.ask("GET", "/jobs?"+query, "", 200, &list)
		var ids []string
		for _, j := range list.Items {
			ids = append(ids, j.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"open=maybe", "source=moon"} {
		if got := r.askAs(r.Token, "GET", "/jobs?"+query, ""); got.Code != 400 {
			t.Errorf("%s: %d", query, got.Code)
		}
	}
	r.Report(linux, renew.Job.ID+"00000000", reeve.Report{State: reeve.Failed})
	r.ask("POST", "/jobs/"+renew.Job.ID+"/retry", "", 201, &again)
	if again.Job.RetryOf != renew.Job.ID || again.Job.Targets != 1 {
		t.Errorf("%+v", again.Job)
	}
	var dry client.Placement
	if r.ask("POST", "/jobs/"+renew.Job.ID+"/retry", `{"states":["expired"],"dry_run":true}`, 200, &dry); dry.Job != nil || dry.Tally[client.Applies] != 0 {
		t.Errorf("%+v", dry)
	}
	for path, want := range map[string]int{`{"states":["dead"]}`: 400, `{"states":["succeeded"]}`: 400, `{"action":"exempt"}`: 400} {
		if got := r.askAs(r.Token, "POST", "/jobs/"+renew.Job.ID+"/retry", path); got.Code != want {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	if got := r.askAs(r.Token, "POST", "/jobs/0000000000000001/retry", ""); got.Code != 404 {
		t.Errorf("no such job: %d", got.Code)
	}
}

func TestJobEvents(t *testing.T) {
	r := open(t)
	linux := r.Enrol("linux", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:04")
	mac := r.Enrol("mac", reeve.Persistent, reeve.MacOS, "26.11.0.0", "00:0c:29:00:00:05")
	var placed client.Placement
	r.ask("POST", "/jobs", `{"action":"fetch_agent_log","all":true}`, 201, &placed)
	server := httptest.NewServer(r.Handler)
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/api/v1/jobs/"+placed.Job.ID+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.Token)
	request.Header.Set("Last-Event-ID", "7")
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	lines := bufio.NewScanner(answer.Body)
	event := func() (name string, job client.Job) {
		t.Helper()
		for lines.Scan() && lines.Text() != "" {
			if word, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = word
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &job); err != nil {
					t.Fatal(err)
				}
			}
		}
		return name, job
	}
	for i, device := range []reeve.Device{linux, mac} {
		if name, job := event(); name != client.EventProgress || job.Open != int64(2-i) {
			t.Errorf("%s %+v", name, job)
		}
		r.Report(device, fmt.Sprintf("%s%08x", placed.Job.ID, i), reeve.Report{State: reeve.Succeeded})
	}
	if name, job := event(); name != client.EventDone || job.Open != 0 || job.Counts["succeeded"] != 2 {
		t.Errorf("%s %+v", name, job)
	}
	if name, _ := event(); name != "" {
		t.Errorf("after the end: %s", name)
	}
	if got := r.askAs(r.Token, "GET", "/jobs/"+placed.Job.ID+"/events", ""); !strings.HasPrefix(got.Body.String(), "event: done\n") {
		t.Errorf("of a job that ended: %s", got.Body)
	}
	if got := r.askAs(r.Token, "GET", "/jobs/0000000000000001/events", ""); got.Code != 404 {
		t.Errorf("of no job: %d", got.Code)
	}
}
