package proof

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/agent"
)

// A warehouse is a folder with one file in it that a signature knows, among
// others that take a while to scan.
type warehouse struct {
	files, signatures string
	count             int64 // of files
}

// Of large warehouses a scan takes seconds, so that it can be met in its middle.
const (
	small = 2
	large = 201
)

func newWarehouse(t testing.TB, files int64) warehouse {
	t.Helper()
	w := warehouse{files: t.TempDir(), signatures: t.TempDir(), count: files}
	bad := []byte("a file that is not wanted here\n")
	must(t, os.MkdirAll(filepath.Join(w.files, "deep", "down"), 0o755))
	must(t, os.WriteFile(filepath.Join(w.files, "deep", "down", "bad.bin"), bad, 0o644))
	// Holes: they take no room on the disk, but have to be read like anything
	// else, since the signature does not say how large its file is.
	for i := range w.count - 1 {
		name := filepath.Join(w.files, fmt.Sprintf("hole-%03d", i))
		must(t, os.WriteFile(name, nil, 0o644))
		must(t, os.Truncate(name, 8<<20))
	}
	line := fmt.Sprintf("%x:*:Unwanted-Test:73\n", sha256.Sum256(bad))
	must(t, os.WriteFile(filepath.Join(w.signatures, "own.hsb"), []byte(line), 0o644))
	return w
}

func (w warehouse) policy() *agent.Policy {
	return &agent.Policy{ScanPaths: []string{w.files}, Signatures: w.signatures}
}

// scan orders a scan of the warehouse by way of the published API, and returns
// the command.
func (w warehouse) scan(s *server, device string, deliverWithin time.Duration) string {
	s.t.Helper()
	body, _ := json.Marshal(map[string]any{
		"types": "scan_threats", "ids": []string{device},
		"params": map[string]any{"full_scan": 0, "scan_types": []int{4}, "path": w.files},
		"reeve":  map[string]any{"deliver_within": int(deliverWithin / time.Second)},
	})
	status, answer, err := s.ask(s.t.Context(), "POST", "/o/api/v3.3/devices/action", string(body))
	must(s.t, err)
	var elements []element
	if err := json.Unmarshal(answer, &elements); status != http.StatusOK || err != nil || elements[0].Status != 1 {
		s.t.Fatalf("a scan is answered with %d %s", status, answer)
	}
	return elements[0].CommandID
}

// checkReport fetches the report of a scan of the warehouse.
func (w warehouse) checkReport(s *server, command string) {
	s.t.Helper()
	status, body, err := s.ask(s.t.Context(), "GET", "/o/api/v3.1/get_reports?type=scan_threats_log&command_id="+command, "")
	must(s.t, err)
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || status != http.StatusOK {
		s.t.Fatalf("the report is answered with %d %.200q: %v", status, body, err)
	}
	file, err := archive.Open("scan.json")
	must(s.t, err)
	var report struct {
		Result struct {
			Areas   []struct{ Status string }
			Counts  struct{ Files, Threats int64 }
			Threats []struct{ Path, Signature string }
		}
	}
	must(s.t, json.NewDecoder(file).Decode(&report))
	r := report.Result
	if r.Counts.Files != w.count || r.Counts.Threats != 1 || len(r.Threats) != 1 || r.Threats[0].Signature != "Unwanted-Test" ||
		!strings.HasSuffix(r.Threats[0].Path, "bad.bin") || len(r.Areas) != 1 || r.Areas[0].Status != "scanned" {
		s.t.Errorf("the report says %+v", r)
	}
}

// What a scan finds becomes a threat of its device, a row of the log and a push
// of the webhook.
func TestDetection(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	w := newWarehouse(t, small)
	a := newAgent(t, s, w.policy()).start()
	pushed, key := newReceiver(t, "threat_found"), "key-123"
	_, err := s.own.SetWebhook(t.Context(), client.WebhookSpec{URL: pushed.URL, APIKey: &key, Events: []string{"threat_found"}})
	must(t, err)
	command := w.scan(s, a.device(), time.Hour)
	s.ended(command, 3*time.Minute)
	eventually(t, time.Minute, "the webhook tells of the threat", func() bool { return pushed.count() == 1 })
	status, body, err := s.ask(t.Context(), "POST", "/o/api/v3/get_threats", fmt.Sprintf(`{"id":%q}`, a.device()))
	if err != nil || status != http.StatusOK || !strings.Contains(string(body), "Unwanted-Test") {
		t.Errorf("Get Threats answers %d %s: %v", status, body, err)
	}
	rows, err := s.own.LogNewest(t.Context(), client.LogFilter{Events: []string{reeve.ThreatsFound}}, math.MaxInt64, 10)
	must(t, err)
	if len(rows) != 1 || rows[0].Source != "agent" {
		t.Errorf("the log has %+v", rows)
	}
}

// A file that a scan found is put away and brought back, both by orders of the
// own API, and the record follows.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	w := newWarehouse(t, small)
	a := newAgent(t, s, w.policy()).start()
	bad := filepath.Join(w.files, "deep", "down", "bad.bin")
	do := func(action string, params any) {
		t.Helper()
		text, err := json.Marshal(params)
		must(t, err)
		command := s.order(client.Order{Action: action, Params: text, IDs: []string{a.device()}}).Outcomes[0].Command
		if c := s.ended(command, 3*time.Minute); c.State != "succeeded" {
			t.Fatalf("%s ended as %+v", action, c)
		}
	}
	threat := func() client.Threat {
		t.Helper()
		threats := collect(t, s.own.DeviceThreats(t.Context(), a.device()))
		if len(threats) != 1 {
			t.Fatalf("threats: %+v", threats)
		}
		return threats[0]
	}
	do("scan_threats", map[string]any{"scan_types": []int{4}, "path": w.files, "quarantine": true})
	if _, err := os.Stat(bad); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	put := threat()
	if put.Quarantine == "" || put.Path != bad {
		t.Errorf("the threat is %+v", put)
	}
	do("unquarantine", map[string]any{"quarantine": []string{put.Quarantine}})
	if content, err := os.ReadFile(bad); err != nil || !strings.HasPrefix(string(content), "a file that is not wanted") {
		t.Errorf("brought back %q, %v", content, err)
	}
	if back := threat(); back.Quarantine != "" {
		t.Errorf("the threat is %+v", back)
	}
	if out, code := call(t, s.environment(), program("reeve"), "devices", "threats", a.device()); code != 0 || !strings.Contains(out, "Unwanted-Test") {
		t.Errorf("reeve devices threats: %d %s", code, out)
	}
}

// A scan outlives the agent and then the server, and ends with one result.
func TestScanSurvivesKills(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	w := newWarehouse(t, large)
	a := newAgent(t, s, w.policy()).start()
	command := w.scan(s, a.device(), time.Hour)
	begins := func(n int) func() bool {
		return func() bool { return strings.Count(a.log.String(), "command begins") >= n }
	}
	eventually(t, time.Minute, "the scan begins", begins(1))
	a.kill()
	if c, err := s.own.Command(t.Context(), command); err != nil || isFinal(c.State) {
		t.Fatalf("when the agent was killed the command was %+v, %v", c, err)
	}
	a.start()
	eventually(t, time.Minute, "the scan begins again", begins(2))
	s.kill()
	if strings.Contains(a.log.String(), "command ended") {
		t.Error("the server was killed too late to prove anything")
	}
	s.start()
	c := s.ended(command, 3*time.Minute)
	if c.State != "succeeded" || c.Late != "" {
		t.Errorf("the command ended as %+v", c)
	}
	w.checkReport(s, command)
	job, err := s.own.Job(t.Context(), c.Job)
	if err != nil || job.Counts["succeeded"] != 1 || job.Open != 0 {
		t.Errorf("the job is %+v, %v", job, err)
	}
	if n := strings.Count(a.log.String(), "command ended"); n != 1 {
		t.Errorf("the agent ended the command %d times", n)
	}
	if code, took := a.terminate(t); code != 0 || took > 4*time.Second {
		t.Errorf("the agent stopped with %d after %s", code, took)
	}
}

// A scan stands still while its job is paused, goes on where it was after a kill
// of the agent, and ends at once when it is cancelled.
func TestScanHoldsAndGoesOn(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	w := newWarehouse(t, 2*large)
	a := newAgent(t, s, w.policy()).start()
	_, before := a.effort()
	command := w.scan(s, a.device(), time.Hour)
	begins := func(n int) func() bool {
		return func() bool { return strings.Count(a.log.String(), "command begins") >= n }
	}
	jobs := func(do, command string) {
		t.Helper()
		c, err := s.own.Command(t.Context(), command)
		must(t, err)
		if out, code := call(t, s.environment(), program("reeve"), "jobs", do, c.Job); code != 0 {
			t.Fatalf("reeve jobs %s: %d %s", do, code, out)
		}
	}
	kept := func() bool {
		files, err := filepath.Glob(filepath.Join(a.state, "scans", "*.json"))
		return err == nil && len(files) == 1
	}
	eventually(t, time.Minute, "the scan begins", begins(1))
	jobs("pause", command)
	eventually(t, time.Minute, "the scan says that it is paused", func() bool {
		c, err := s.own.Command(t.Context(), command)
		return err == nil && c.Message == "paused"
	})
	// What engines have is finished, and then nothing is read; for longer than
	// scans wait before they are kept.
	last, still := "", time.Now()
	eventually(t, time.Minute, "the scan stands still", func() bool {
		if now := a.read(); now != last {
			last, still = now, time.Now()
		}
		return time.Since(still) > 5*time.Second
	})
	if c, err := s.own.Command(t.Context(), command); err != nil || c.State != "running" {
		t.Errorf("the paused command is %+v, %v", c, err)
	}
	jobs("resume", command)
	eventually(t, time.Minute, "the scan is kept", kept)
	if quiet, loud := a.effort(); quiet < 4*(loud-before) || quiet == 0 {
		t.Errorf("the scan took %d ticks at the lowest priority and %d at the usual one", quiet, loud-before)
	}
	a.kill()
	if strings.Contains(a.log.String(), "command ended") {
		t.Error("the agent was killed too late to prove anything")
	}
	a.start()
	if c := s.ended(command, 3*time.Minute); c.State != "succeeded" || !strings.Contains(c.Message, "interruptions: 1, and it went on") {
		t.Errorf("the command ended as %+v", c)
	}
	w.checkReport(s, command)
	eventually(t, 10*time.Second, "nothing is kept", func() bool { return !kept() })

	again := w.scan(s, a.device(), time.Hour)
	eventually(t, time.Minute, "the other scan begins", begins(3))
	began := time.Now()
	jobs("cancel", again)
	eventually(t, 10*time.Second, "the scan has ended", func() bool { return strings.Count(a.log.String(), "command ended") == 2 })
	if took := time.Since(began); took > 3*time.Second { // a second, and a busy machine
		t.Errorf("a cancelled scan took %v to end", took)
	}
}

// read is what a process has read so far, from /proc. An agent without work says
// that it is there once a minute, on a socket.
func (a *agentProcess) read() string {
	a.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", a.cmd.Process.Pid))
	must(a.t, err)
	counted, _, _ := strings.Cut(string(text), "wchar")
	return counted
}

// effort is the processor time, in ticks, of the agent's threads that yield to
// all others, for the processor and for the disk, and of the rest.
func (a *agentProcess) effort() (quiet, loud int) {
	a.t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", a.cmd.Process.Pid))
	must(a.t, err)
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest) // from the third field of proc(5) on
		number := func(field int) int { n, _ := strconv.Atoi(fields[field-3]); return n }
		thread, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		class, _, _ := syscall.Syscall(syscall.SYS_IOPRIO_GET, 1, uintptr(thread), 0)
		if spent := number(14) + number(15); number(19) == 19 && class>>13 == 3 {
			quiet += spent
		} else {
			loud += spent
		}
	}
	return quiet, loud
}

// An agent that was away does on its return what can still wait, and nothing
// that cannot.
func TestAwayAgent(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	w := newWarehouse(t, small)
	a := newAgent(t, s, w.policy()).start()
	a.terminate(t)
	eventually(t, 30*time.Second, "the device is away", func() bool {
		d, err := s.own.Device(t.Context(), a.device())
		return err == nil && !d.Online
	})
	patient, hasty := w.scan(s, a.device(), time.Hour), w.scan(s, a.device(), time.Second)
	log := s.order(client.Order{Action: "fetch_agent_log", IDs: []string{a.device()}}).Outcomes[0].Command
	c := s.ended(hasty, time.Minute)
	if c.State != "expired" || c.Reason != "delivery" {
		t.Errorf("what could not wait is %+v", c)
	}
	if c, _ := s.own.Command(t.Context(), patient); c.State != "queued" {
		t.Errorf("what can wait is %+v", c)
	}
	a.start()
	if c := s.ended(patient, 3*time.Minute); c.State != "succeeded" {
		t.Errorf("what could wait ended as %+v", c)
	}
	w.checkReport(s, patient)
	if c := s.ended(log, time.Minute); c.State != "succeeded" {
		t.Errorf("fetching the log ended as %+v", c)
	}
	if again, _ := s.own.Command(t.Context(), hasty); again.State != "expired" || again.Late != "" || strings.Contains(a.log.String(), hasty) {
		t.Errorf("what had expired is now %+v", again)
	}
}
