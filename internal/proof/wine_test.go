package proof

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reeve/client"
)

// A wine is a folder in which programs for Windows run, under Debian's Wine.
type wine struct {
	t     testing.TB
	drive string // C: as this machine sees it
	agent string // the program
}

// wine64 is the loader itself: the wrappers would be one process more to kill.
const wine64 = "/usr/lib/wine/wine64"

func newWine(t *testing.T) *wine {
	t.Helper()
	prefix := t.TempDir()
	t.Setenv("WINEPREFIX", prefix)
	t.Setenv("WINEDEBUG", "-all")
	w := &wine{t: t, drive: filepath.Join(prefix, "drive_c")}
	w.do(wine64, "wineboot", "-i")
	t.Cleanup(func() { exec.Command("/usr/lib/wine/wineserver64", "-k", "-w").Run() })
	w.do("x86_64-w64-mingw32-gcc", "-shared", "-o", filepath.Join(w.drive, "windows", "system32", "bcryptprimitives.dll"),
		filepath.Join("testdata", "bcryptprimitives.c"), "-ladvapi32")
	w.agent = filepath.Join(w.drive, "reeve", "reeve-agent.exe")
	build := exec.Command("go", "build", "-o", w.agent, "reeve/cmd/reeve-agent")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the agent for Windows: %v\n%s", err, out)
	}
	return w
}

func (w *wine) do(name string, args ...string) string {
	w.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// path writes a path of this machine as Windows does: inside the drive C:, all
// else on Z:.
func (w *wine) path(path string) string {
	if below, ok := strings.CutPrefix(path, w.drive); ok {
		return `C:` + strings.ReplaceAll(below, "/", `\`)
	}
	return `Z:` + strings.ReplaceAll(path, "/", `\`)
}

// TestWindowsAgent takes the agent for Windows through a life: what Wine
// cannot show is in docs/untested.md.
func TestWindowsAgent(t *testing.T) {
	w := newWine(t)
	s := newServer(t).start()
	s.grant()
	a := newAgent(t, s, nil)
	a.via, a.exe, a.path = []string{wine64}, w.agent, w.path
	a.state = filepath.Join(w.drive, "reeve", "state")
	a.start()

	d, err := s.own.Device(t.Context(), a.device())
	must(t, err)
	if d.System != "windows" || !strings.HasPrefix(d.OS, "Windows") || len(d.MACs) == 0 {
		t.Errorf("the device is %+v", d)
	}
	// Wine has no DHCP client: that is said, for each adapter or for none.
	renewal := s.order(client.Order{Action: "dhcprenew", IDs: []string{a.device()}}).Outcomes[0].Command
	if c := s.ended(renewal, time.Minute); c.State != "failed" || !strings.Contains(c.Message, "DHCP") && !strings.Contains(c.Message, "Windows could not renew it") {
		t.Errorf("renewing ended as %+v", c)
	}
	log := s.order(client.Order{Action: "fetch_agent_log", IDs: []string{a.device()}}).Outcomes[0].Command
	if c := s.ended(log, time.Minute); c.State != "succeeded" {
		t.Errorf("fetching the log ended as %+v", c)
	}
}
