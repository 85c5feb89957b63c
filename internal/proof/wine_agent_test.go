package proof

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/agent"
)

const (
	eicar  = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`
	marked = "a text with an unwanted marker in its midst"
)

// TestWindowsAgent takes the agent for Windows through a life: what Wine
// cannot show is in docs/untested.md.
func TestWindowsAgent(t *testing.T) {
	t.Parallel()
	w := newWine(t)
	s := newServer(t).start()
	s.grant()
	a := w.newAgent(s)
	policy := func(more string) {
		a.policy = w.put("reeve/policy.json", `{"signatures":"C:\\reeve\\signatures"`+more+`}`)
	}
	policy("")
	w.put("reeve/signatures/own.ndb", fmt.Sprintf("Unwanted-Marker:0:*:%x\n", "an unwanted marker"))
	a.start()

	d, err := s.own.Device(t.Context(), a.device())
	must(t, err)
	if d.System != "windows" || !strings.HasPrefix(d.OS, "Windows") || len(d.MACs) == 0 || d.Memory < 64<<20 ||
		!slices.ContainsFunc(d.Disks, func(d client.Disk) bool { return d.Name == `C:\` && d.Size > d.Free }) {
		t.Errorf("the device is %+v", d)
	}
	// Processes and boot records cannot be looked at, and Wine renews no lease; each
	// says so.
	for action, want := range map[string]struct{ params, state, message string }{
		"fetch_agent_log": {"", "succeeded", ""},
		"dhcprenew":       {"", "failed", "Windows could not renew it"},
		"scan_threats":    {`{"scan_types":[0,5]}`, "failed", "nothing was scanned: Memory: this agent cannot look into processes"},
	} {
		if c := s.completed(a, action, want.params); c.State != want.state || !strings.Contains(c.Message, want.message) {
			t.Errorf("%s ended as %+v", action, c)
		} else if action == "fetch_agent_log" {
			checkArchive(t, s, c.ID)
		}
	}
	w.checkScan(s, a)
	w.checkQuestions(s, a)
	policy(`,"actions":{"fetch_agent_log":false}`)
	if c := s.completed(a, "fetch_agent_log", ""); c.State != "refused" || c.Reason != "policy" {
		t.Errorf("forbidden, but %+v", c)
	}
	policy("")
	w.checkKill(s, a)
	a.kill()
	w.checkRetire(s, a)
}

// newAgent prepares an agent for Windows.
func (w *wine) newAgent(s *server) *agentProcess {
	w.t.Helper()
	a := newAgent(w.t, s, nil)
	a.via, a.exe, a.path = w.run(), w.agent, w.path
	a.state = filepath.Join(w.drive, "reeve", "state")
	return a
}

// completed orders an action and returns how it ended.
func (s *server) completed(a *agentProcess, action, params string) client.Command {
	s.t.Helper()
	placed := s.order(client.Order{Action: action, IDs: []string{a.device()}, Params: []byte(params)})
	if len(placed.Outcomes) != 1 || placed.Outcomes[0].Command == "" {
		s.t.Fatalf("%s was answered with %+v", action, placed)
	}
	return s.ended(placed.Outcomes[0].Command, time.Minute)
}

// checkArchive looks into what fetch_agent_log brought.
func checkArchive(t *testing.T, s *server, command string) {
	t.Helper()
	status, body, err := s.ask(t.Context(), "GET", "/o/api/v3.1/get_reports?type=agent_log&command_id="+command, "")
	must(t, err)
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || status != http.StatusOK {
		t.Fatalf("the log archive is answered with %d %.200q: %v", status, body, err)
	}
	for name, part := range map[string]string{
		"logs/agent.log": "connected", "settings.json": `"signatures"`, "facts.json": "Windows", "commands.json": command, "errors.json": "",
	} {
		file, err := archive.Open(name)
		if err != nil {
			t.Errorf("the log archive: %v", err)
			continue
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(file); err != nil || !strings.Contains(content.String(), part) {
			t.Errorf("%s of the log archive is %.400q, %v", name, content.String(), err)
		}
	}
}

// checkScan has files found, put away and brought back.
func (w *wine) checkScan(s *server, a *agentProcess) {
	w.t.Helper()
	w.put("files/deep/eicar.com", eicar)
	w.put("files/größe 文件.bin", strings.Repeat("x", 1<<20)+marked)
	w.put("files/harmless.txt", "nothing")
	params, err := json.Marshal(map[string]any{"scan_types": []int{4}, "path": `c:\FILES`, "quarantine": true})
	must(w.t, err)
	c := s.completed(a, "scan_threats", string(params))
	if c.State != "succeeded" {
		w.t.Errorf("the scan ended as %+v", c)
	}
	found := map[string]string{}
	var ids []string
	for _, threat := range collect(w.t, s.own.DeviceThreats(w.t.Context(), a.device())) {
		found[threat.Path] = threat.Signature
		ids = append(ids, threat.Quarantine)
	}
	if len(found) != 2 || found[`C:\files\deep\eicar.com`] != "Eicar-Test-Signature" || found[`C:\files\größe 文件.bin`] != "Unwanted-Marker" {
		w.t.Errorf("found %v: %s", found, c.Result)
	}
	if _, err := os.Stat(filepath.Join(w.drive, "files/deep/eicar.com")); !os.IsNotExist(err) {
		w.t.Errorf("what was put away is there: %v", err)
	}
	params, err = json.Marshal(map[string]any{"quarantine": ids})
	must(w.t, err)
	if c := s.completed(a, "unquarantine", string(params)); c.State != "succeeded" {
		w.t.Errorf("unquarantine ended as %+v", c)
	}
	if text, err := os.ReadFile(filepath.Join(w.drive, "files/deep/eicar.com")); string(text) != eicar {
		w.t.Errorf("brought back %q, %v", text, err)
	}
}

// checkQuestions answers at a terminal.
func (w *wine) checkQuestions(s *server, a *agentProcess) {
	w.t.Helper()
	placed := s.order(client.Order{Action: "re-identify", IDs: []string{a.device()}})
	var out string
	eventually(w.t, time.Minute, "the question can be answered", func() bool {
		var code int
		out, code = w.call("User One\nuser@example.org\n", "identify", "--state", w.path(a.state))
		return code == 0 && strings.Contains(out, "Thank you")
	})
	if c := s.ended(placed.Outcomes[0].Command, time.Minute); c.State != "succeeded" {
		w.t.Errorf("re-identify ended as %+v after\n%s", c, out)
	}
	d, err := s.own.Device(w.t.Context(), a.device())
	must(w.t, err)
	if text, _ := json.Marshal(d); !strings.Contains(string(text), "User One") {
		w.t.Errorf("the device is %s", text)
	}
}

// checkKill kills the agent in a scan, which it goes on with when it is back.
func (w *wine) checkKill(s *server, a *agentProcess) {
	w.t.Helper()
	w.put("holes/eicar.com", eicar)
	for i := range 60 {
		must(w.t, os.Truncate(w.put(fmt.Sprintf("holes/%02d", i), ""), 8<<20))
	}
	begins := func() int { return strings.Count(a.log.String(), "command begins") }
	before := begins()
	placed := s.order(client.Order{Action: "scan_threats", IDs: []string{a.device()}, Params: []byte(`{"scan_types":[4],"path":"C:\\holes"}`)})
	eventually(w.t, time.Minute, "the scan begins", func() bool { return begins() > before })
	a.kill()
	if c, err := s.own.Command(w.t.Context(), placed.Outcomes[0].Command); err != nil || isFinal(c.State) {
		w.t.Errorf("when the agent was killed the command was %+v, %v", c, err)
	}
	a.start()
	if c := s.ended(placed.Outcomes[0].Command, 2*time.Minute); c.State != "succeeded" || !strings.Contains(c.Message, "1 threat") {
		w.t.Errorf("the scan ended as %+v", c)
	}
}

// checkRetire has the stopped agent leave.
func (w *wine) checkRetire(s *server, a *agentProcess) {
	w.t.Helper()
	id := a.device()
	if out, code := w.call("", "retire", "--state", w.path(a.state)); code != 0 {
		w.t.Errorf("retire ended with %d: %s", code, out)
	}
	if d, err := s.own.Device(w.t.Context(), id); err == nil {
		w.t.Errorf("the device is still there: %+v", d)
	}
	if st, err := agent.Look(a.state); err != nil || st.Enrolled {
		w.t.Errorf("the folder says %+v, %v", st, err)
	}
}
