package proof

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/agent"
)

// A shop is a folder with two files that a signature may know.
type shop struct {
	s     *server
	a     *agentProcess
	files string
}

func (p shop) hash(name string) string {
	p.s.t.Helper()
	content, err := os.ReadFile(filepath.Join(p.files, name))
	must(p.s.t, err)
	return fmt.Sprintf("%x:*:Known-%s\n", sha256.Sum256(content), name)
}

// cli runs the command line.
func (p shop) cli(args ...string) string {
	p.s.t.Helper()
	out, code := call(p.s.t, p.s.environment(), program("reeve"), args...)
	if code != 0 {
		p.s.t.Fatalf("reeve %s: %d %s", strings.Join(args, " "), code, out)
	}
	return out
}

// upload makes a version of a set that knows the named files.
func (p shop) upload(set string, names ...string) {
	p.s.t.Helper()
	dir := p.s.t.TempDir()
	var lines strings.Builder
	for _, name := range names {
		lines.WriteString(p.hash(name))
	}
	must(p.s.t, os.WriteFile(filepath.Join(dir, "own.hsb"), []byte(lines.String()), 0o600))
	must(p.s.t, os.WriteFile(filepath.Join(dir, "rule.yar"), []byte("rule never { condition: false }\n"), 0o600))
	must(p.s.t, os.WriteFile(filepath.Join(dir, "README"), []byte("not a signature"), 0o600))
	p.cli("sets", "upload", set, dir)
}

// held waits until the server knows that the agent has a version in force.
func (p shop) held(set string, version int64) client.HeldSettings {
	p.s.t.Helper()
	var d client.Device
	eventually(p.s.t, 30*time.Second, fmt.Sprintf("the agent has version %d of %q", version, set), func() bool {
		var err error
		d, err = p.s.own.Device(p.s.t.Context(), p.a.device())
		return err == nil && d.Settings != nil && d.Settings.Set == set && d.Settings.Version == version && d.Settings.Problem == ""
	})
	return *d.Settings
}

// finds scans the folder, and checks what is found.
func (p shop) finds(want ...string) {
	p.s.t.Helper()
	body := fmt.Sprintf(`{"types":"scan_threats","ids":[%q],"params":{"full_scan":0,"scan_types":[4],"path":%q}}`, p.a.device(), p.files)
	status, answer, err := p.s.ask(p.s.t.Context(), "POST", "/o/api/v3.3/devices/action", body)
	must(p.s.t, err)
	_, id, _ := strings.Cut(string(answer), `"command_id":"`)
	id, _, _ = strings.Cut(id, `"`)
	if status != http.StatusOK || id == "" {
		p.s.t.Fatalf("a scan is answered with %d %s", status, answer)
	}
	c := p.s.ended(id, time.Minute)
	if c.State != "succeeded" || strings.Count(string(c.Result), `"signature":"`) != len(want) {
		p.s.t.Errorf("the scan ended as %s %s: %s", c.State, c.Message, c.Result)
	}
	for _, name := range want {
		if !strings.Contains(string(c.Result), `"signature":"Known-`+name+`"`) {
			p.s.t.Errorf("the scan did not find %s: %s", name, c.Result)
		}
	}
}

// A set that is uploaded is in force on the agents of its group within seconds,
// a newer version replaces it, and a device that moves to another group gets
// what is in force there, also if it was away meanwhile.
func TestSignatureSetsArePushed(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	files := t.TempDir()
	for _, name := range []string{"one", "two"} {
		must(t, os.WriteFile(filepath.Join(files, name), []byte("the content of "+name), 0o600))
	}
	a := newAgent(t, s, &agent.Policy{ScanPaths: []string{files}}).start()
	p := shop{s, a, files}
	p.finds()

	p.upload("daily", "one")
	p.cli("sets", "assign", "daily")
	first := p.held("daily", 1)
	p.finds("one")

	p.upload("daily", "two")
	second := p.held("daily", 2)
	if second.Revision <= first.Revision || second.Digest == first.Digest {
		t.Errorf("%+v came after %+v", second, first)
	}
	p.finds("two")
	sets := filepath.Join(a.state, "sets")
	eventually(t, 10*time.Second, "what is not in force any more is removed", func() bool {
		_, err := os.Stat(filepath.Join(sets, first.Digest))
		return os.IsNotExist(err)
	})

	// Another group has both files' hashes, and no neighbours are reported there.
	p.upload("both", "one", "two")
	lab, err := s.own.CreateGroup(t.Context(), client.NewGroup{Name: "lab"})
	must(t, err)
	p.cli("sets", "assign", "both", "--group", "lab")
	p.cli("agent-settings", "set", "--report-neighbours")
	eventually(t, 30*time.Second, "the agent's settings have changed", func() bool {
		return strings.Contains(a.log.String(), "report_neighbours=true")
	})
	p.cli("groups", "assign", "lab", "--id", a.device())
	p.held("both", 1)
	p.finds("one", "two")

	a.terminate(t)
	p.cli("sets", "assign", "daily", "--set-version", "1", "--group", lab.ID)
	a.start()
	p.held("daily", 1)
	p.finds("one")

	// What is in force stays while the server is away, and after a restart.
	a.kill()
	s.kill()
	a.launch()
	eventually(t, 30*time.Second, "the agent runs without its server", func() bool {
		return strings.Count(a.log.String(), "msg=\"not connected\"") > 0
	})
	s.start()
	p.finds("one")
	taken := 0
	for line := range strings.Lines(a.log.String()) { // those without a set come first, if they are told at all
		if strings.Contains(line, "settings taken") && !strings.Contains(line, ` set=""`) {
			taken++
		}
	}
	if taken != 5 {
		t.Errorf("settings with a set were taken %d times: %s", taken, a.log.tail())
	}
	if out, code := s.verify(); code != 0 {
		t.Errorf("the log is not whole: %s", out)
	}
}
