package proof

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reeve/internal/agent"
)

// TestWindowsService installs the agent as a service of Wine's service control
// manager, and takes it away again; before, it runs the tests of what only
// Windows has.
func TestWindowsService(t *testing.T) {
	t.Parallel()
	w := newWine(t)
	tests := filepath.Join(w.drive, "reeve", "host.exe")
	w.build("test", tests, "reeve/internal/agent/host", "-c")
	w.do(w.run(tests, "-test.run", "OnWindows$"))

	s := newServer(t).start()
	w.newAgent(s).start() // Wine ends its services when nothing else runs
	code := w.put("reeve/code", s.first.RegistrationCode+"\n")
	out, exit := w.call("", "install", "--server", s.first.URL, "--pin", s.first.Pin, "--code-file", w.path(code))
	if exit != 0 || !strings.Contains(out, "is connected to") {
		t.Fatalf("install ended with %d:\n%s", exit, out)
	}
	data := filepath.Join(w.drive, "ProgramData", "reeve-agent")
	defer func() {
		if log, err := os.ReadFile(filepath.Join(data, "state", "logs", "agent.log")); t.Failed() && err == nil {
			t.Logf("the service wrote:\n%s", log)
		}
	}()
	var st agent.Status
	out, exit = w.call("", "status", "--json", "--state", w.path(filepath.Join(data, "state")))
	if err := json.Unmarshal([]byte(out), &st); err != nil || exit != 0 || !st.Running || !st.Connected || !st.Enrolled {
		t.Fatalf("status ended with %d %v: %s", exit, err, out)
	}
	eventually(t, time.Minute, "the device is online", func() bool {
		d, err := s.own.Device(t.Context(), st.Device)
		must(t, err)
		return d.Online
	})
	if out, exit = w.call("", "install"); exit != 0 || !strings.Contains(out, "is connected to") {
		t.Errorf("installed again, it says %d:\n%s", exit, out)
	}
	if out, exit = w.call("", "uninstall", "--retire"); exit != 0 || !strings.Contains(out, "has left its server") {
		t.Errorf("uninstall ended with %d:\n%s", exit, out)
	}
	if d, err := s.own.Device(t.Context(), st.Device); err == nil {
		t.Errorf("the device is still there: %+v", d)
	}
	eventually(t, time.Minute, "nothing is left", func() bool {
		_, program := os.Stat(filepath.Join(w.drive, "Program Files", "reeve-agent"))
		_, settings := os.Stat(data)
		return os.IsNotExist(program) && os.IsNotExist(settings)
	})
	if out, exit = w.call("", "uninstall"); exit != 0 || !strings.Contains(out, "not installed") {
		t.Errorf("once more, it says %d:\n%s", exit, out)
	}
}
