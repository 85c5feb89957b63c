package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
)

func TestLog(t *testing.T) {
	r := open(t)
	r.ask("POST", "/groups", `{"name":"Lab"}`, 201, nil)
	var all, after, newest client.List[client.Entry]
	r.ask("GET", "/log", "", 200, &all)
	last := all.Items[len(all.Items)-1]
	if last.Event != "group_created" || last.Source != "api" || last.By != "first app" || len(last.Hash) != 64 {
		t.Errorf("the last row: %+v", last)
	}
	r.ask("GET", fmt.Sprintf("/log?after=%d&wait=5ms", last.Seq), "", 200, &after)
	if len(after.Items) != 0 {
		t.Errorf("rows after the last: %+v", after)
	}
	if r.ask("GET", "/log?newest=true&limit=1", "", 200, &newest); newest.Items[0].Seq != last.Seq {
		t.Errorf("the newest row: %+v", newest)
	}
	if r.ask("GET", "/log?event=account_created", "", 200, &all); len(all.Items) != 1 {
		t.Errorf("one event: %+v", all)
	}
	var verdict client.Verdict
	if r.ask("GET", "/log/verify", "", 200, &verdict); !verdict.Intact || verdict.Rows != last.Seq {
		t.Errorf("the verdict: %+v", verdict)
	}
}

// An export has all rows and says at its end that it does, whatever is selected.
func TestLogExport(t *testing.T) {
	r := open(t)
	for n := range 3 {
		r.Enrol(fmt.Sprint("device", n), reeve.Persistent, reeve.Linux, "26.11.0.0", fmt.Sprintf("00:0c:29:00:00:%02x", n))
	}
	var placed client.Placement
	r.ask("POST", "/jobs", `{"action":"exempt","all":true,"params":{}}`, 201, &placed)
	read := func(query string) (entries []client.Entry, end client.LogEnd) {
		t.Helper()
		got := r.askAs(r.Token, "GET", "/log/export"+query, "")
		if got.Code != 200 || got.Header().Get("Content-Type") != "application/x-ndjson" {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
		lines := strings.Split(strings.TrimSuffix(got.Body.String(), "\n"), "\n")
		for _, line := range lines[:len(lines)-1] {
			var e client.Entry
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.Event == "" {
				t.Fatalf("%q: %v", line, err)
			}
			entries = append(entries, e)
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || !end.End || end.Lines != int64(len(entries)) {
			t.Fatalf("the last line of %d is %q", len(lines), lines[len(lines)-1])
		}
		return entries, end
	}
	whole, end := read("")
	if end.Through != int64(len(whole)) || whole[0].Seq != 1 || whole[len(whole)-1].Event != "job_placed" {
		t.Errorf("%d rows, %+v", len(whole), end)
	}
	some, _ := read("?event=job_placed&after=1")
	byDevice, _ := read("?event=job_placed&devices=true&job=" + placed.Job.ID)
	if len(some) != 1 || len(byDevice) != 1+int(placed.Job.Targets) || byDevice[1].Device == "" || byDevice[1].Outcome != "succeeded" {
		t.Errorf("%d rows of the event; by device %+v", len(some), byDevice)
	}
	if none, _ := read("?before=1"); len(none) != 0 {
		t.Errorf("before the first row: %+v", none)
	}
	if got := r.askAs(r.Token, "GET", "/log/export?limit=1", ""); got.Code != 400 {
		t.Errorf("a limit is taken: %d", got.Code)
	}
}
