package cmapi_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/doortest"
)

// order asks for an action on one device and returns the command's id.
func (f *fleet) order(t *testing.T, action, device, params string) string {
	t.Helper()
	body := fmt.Sprintf(`{"types":%q,"ids":[%q],"params":%s}`, action, f.devices[device].ID, params)
	var answer []struct {
		Command string `json:"command_id"`
	}
	got := f.Ask("POST", action33, body, bearer(f.Token))
	if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || len(answer) != 1 {
		t.Fatalf("%s: %d %s", body, got.Code, got.Body)
	}
	return answer[0].Command
}

// report fetches a report and returns the status and body of the answer.
func (f *fleet) report(version, kind, command string) (int, string) {
	got := f.Ask("GET", "/o/api/"+version+"/get_reports?type="+kind+"&command_id="+command, "", bearer(f.Token))
	return got.Code, got.Body.String()
}

func TestReportProgress(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	command := f.order(t, "scan_threats", "linux", `{"full_scan":1}`)
	expect := func(want string) {
		t.Helper()
		if status, got := f.report("v3.1", "scan_threats_log", command); status != 200 || got != want {
			t.Errorf("%d %s, want %s", status, got, want)
		}
	}
	expect(`{"status":"pending","message":"the command waits for the agent"}`)
	f.Report(f.devices["linux"], command, reeve.Report{State: reeve.Running, Percent: 40})
	expect(`{"status":"pending","message":"the agent is at work, 40 percent done"}`)
	f.Report(f.devices["linux"], command, reeve.Report{State: reeve.Failed, Message: "the disk is gone"})
	expect(`{"status":"failed","message":"the disk is gone"}`)

	command = f.order(t, "scan_threats", "linux", `{"full_scan":1}`)
	f.Report(f.devices["linux"], command, reeve.Report{State: reeve.Refused, Reason: reeve.PolicyForbids})
	expect(`{"status":"refused","message":"the agent's local policy forbids the action"}`)

	command = f.order(t, "scan_threats", "linux", `{"full_scan":1}`)
	id, _ := reeve.ParseCommandID(command)
	_, err := f.Rules.Cancel(t.Context(), f.Admin(), id.Job)
	f.check(t, err)
	expect(`{"status":"cancelled","message":"the job was cancelled"}`)

	if status, got := f.report("v3.1", "agent_log", command); status != 400 || !strings.Contains(got, "ask for it with type=scan_threats_log") {
		t.Errorf("the wrong type: %d %s, want 400 with the right one", status, got)
	}
	if status, got := f.report("v3", "agent_log", command); status != 400 || !strings.Contains(got, "no report in this version") {
		t.Errorf("a report of a later version: %d %s, want 400", status, got)
	}
}

func TestAgentLog(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	command := f.order(t, "fetch_agent_log", "linux", `{}`)
	_, _, err := f.Files.Put(t.Context(), command, strings.NewReader("PK the agent's zip"), 1000)
	f.check(t, err)
	f.Report(f.devices["linux"], command, reeve.Report{State: reeve.Succeeded})
	for _, version := range []string{"v3", "v3.1"} {
		got := f.Ask("GET", "/o/api/"+version+"/get_reports?type=agent_log&command_id="+command, "", bearer(f.Token))
		if got.Code != 200 || got.Body.String() != "PK the agent's zip" || got.Header().Get("Content-Type") != "application/zip" {
			t.Errorf("%s: %d %q %v", version, got.Code, got.Body, got.Header())
		}
		if want := `attachment; filename="agent_log_` + command + `.zip"`; got.Header().Get("Content-Disposition") != want {
			t.Errorf("Content-Disposition %q, want %q", got.Header().Get("Content-Disposition"), want)
		}
	}
	if got := f.Ask("HEAD", "/o/api/v3.1/get_reports?type=agent_log&command_id="+command, "", bearer(f.Token)); got.Code != 200 {
		t.Errorf("HEAD: %d", got.Code)
	}
	f.check(t, f.Files.Remove(t.Context(), command))
	if status, _ := f.report("v3.1", "agent_log", command); status != 404 {
		t.Errorf("a file that is not kept any more: %d, want 404", status)
	}
}

func TestReportsAreKept(t *testing.T) {
	now := time.Now()
	f := openFleet(t, doortest.Options{Now: func() time.Time { return now }})
	command := f.order(t, "scan_threats", "linux", `{"full_scan":1}`)
	f.Report(f.devices["linux"], command, reeve.Report{State: reeve.Succeeded, Result: json.RawMessage(`{}`)})
	if status, body := f.report("v3.1", "scan_threats_log", command); status != 200 {
		t.Errorf("at once: %d %s", status, body)
	}
	now = now.Add(31 * 24 * time.Hour)
	f.Token = f.Grant(f.First.ClientID, f.First.ClientSecret)
	if status, body := f.report("v3.1", "scan_threats_log", command); status != 404 {
		t.Errorf("a month later: %d %s", status, body)
	}
	account := f.Account()
	account.Settings.KeepReportsDays = 90
	f.check(t, f.SetAccount(account))
	if status, body := f.report("v3.1", "scan_threats_log", command); status != 200 {
		t.Errorf("a month later, where they are kept for three: %d %s", status, body)
	}
}

const scanResult = `{"started":"2026-11-21T08:00:00Z","finished":"2026-11-21T08:00:42Z",
"engines":[{"name":"builtin","version":"26.11.0","signatures":3,"signature_date":"2026-11-20T08:00:00Z","judged":10},{"name":"clamav","version":"1.4.6","signature_version":"27812","signature_date":"2026-11-20T09:00:00Z"},{"name":"clamav","unavailable":"no socket"}],
"areas":[{"type":4,"name":"Specific Path","roots":["/srv"],"status":"scanned"},{"type":0,"name":"Memory","roots":[],"status":"not_scanned","reason":"no engine of this agent can scan memory"}],
"counts":{"files":10,"bytes":2048,"directories":2,"skipped":1,"errors":1,"threats":2},
"threats":[{"path":"/srv/=cmd|' /C calc'!A0","signature":"EICAR-Test-File","engine":"builtin","size":68,"sha256":"aa","md5":"bb"},
{"path":"=HYPERLINK(\"x\")","signature":"+1","engine":"@builtin","size":-5,"sha256":"-cc","md5":"\tdd"}],
"threats_truncated":true,"errors":[{"path":"/srv/a\nThreat: none","error":"permission denied"}]}`

func TestScanReport(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	command := f.order(t, "scan_threats", "linux", `{"scan_types":[4,0],"path":"/srv"}`)
	f.Report(f.devices["linux"], command, reeve.Report{State: reeve.Succeeded, Result: json.RawMessage(scanResult)})
	for _, kind := range []string{"scan_threats_log", "scan_threat_log"} {
		status, body := f.report("v3.1", kind, command)
		if status != 200 {
			t.Fatalf("%s: %d %s", kind, status, body)
		}
		files := unzip(t, body)
		var full struct {
			Command string          `json:"command_id"`
			Params  json.RawMessage `json:"params"`
			Result  struct{ Counts map[string]int64 }
		}
		if err := json.Unmarshal(files["scan.json"], &full); err != nil || full.Command != command || full.Result.Counts["files"] != 10 {
			t.Errorf("scan.json: %v %+v", err, full)
		}
		table, err := csv.NewReader(bytes.NewReader(files["threats.csv"])).ReadAll()
		f.check(t, err)
		if want := []string{"'=HYPERLINK(\"x\")", "'+1", "'@builtin", "-5", "'-cc", "'\tdd"}; fmt.Sprint(table[2]) != fmt.Sprint(want) {
			t.Errorf("row %q, want %q", table[2], want)
		}
		log := string(files["scan.log"])
		for _, want := range []string{"42s", "Engine builtin 26.11.0 with 3 signatures of 2026-11-20", "Engine builtin 26.11.0 with 3 signatures of 2026-11-20T08:00:00Z; judged 10", "Engine clamav 1.4.6, signatures 27812 of 2026-11-20", "Engine clamav took no part: no socket", "Area Memory: not_scanned; no engine", "More threats were found", `Error in "/srv/a\nThreat: none": permission denied`} {
			if !strings.Contains(log, want) {
				t.Errorf("scan.log lacks %q:\n%s", want, log)
			}
		}
	}
	if status, _ := f.report("v3", "scan_threats_log", command); status != 400 {
		t.Errorf("v3 offers a scan report: %d", status)
	}
}

func unzip(t *testing.T, body string) map[string][]byte {
	t.Helper()
	archive, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[file.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
