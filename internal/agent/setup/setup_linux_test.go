package setup

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent"
	"reeve/internal/agent/host"
	"reeve/internal/agent/linetest"
)

// A machine has a root of its own and something that behaves like systemctl: a
// service that was started enrols, holds the state folder, and is connected.
type machine struct {
	*Setup
	t      *testing.T
	server *linetest.Server
	said   strings.Builder
	asked  []string // of systemctl
	mute   bool     // the service starts and reaches nobody
	held   io.Closer
}

func newMachine(t *testing.T, folders ...string) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test installs, which only root may: run it as root or through scripts/gotest.sh")
	}
	m := &machine{t: t, server: linetest.Start(t, true)}
	root := t.TempDir()
	m.Setup = at(root, &m.said)
	m.control, m.patience = m.systemctl, 50*time.Millisecond
	for _, folder := range append(folders, m.running) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.file(m.in("/tmp/reeve-agent"), "the program")
	t.Cleanup(m.halt)
	return m
}

// in names a file below the machine's root.
func (m *machine) in(path string) string {
	return filepath.Join(strings.TrimSuffix(m.settings, "/etc/reeve-agent"), path)
}

func (m *machine) file(path, text string) {
	m.t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) read(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

func (m *machine) halt() {
	if m.held != nil {
		m.held.Close()
		m.held = nil
	}
}

func (m *machine) systemctl(ctx context.Context, args ...string) error {
	m.asked = append(m.asked, strings.Join(args, " "))
	switch args[0] {
	case "stop", "disable", "restart":
		m.halt()
	}
	if args[0] != "restart" && args[0] != "start" || m.mute {
		return nil
	}
	state, err := agent.OpenState(m.state)
	if err != nil {
		return err
	}
	m.held = state
	_, err = state.Enrol(ctx, agent.Enrolment{Server: m.server.URL, Pin: m.server.Pin,
		Code: strings.TrimSpace(m.read(m.codeFile())), Machine: host.Open(m.state), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.state, "status.json"), []byte(`{"connected":true}`), 0o600)
}

func (m *machine) install(o Options) error {
	return m.Install(m.t.Context(), m.in("/tmp/reeve-agent"), o)
}

func (m *machine) told() Options {
	return Options{Server: m.server.URL, Pin: m.server.Pin, Code: linetest.Code}
}

// left lists the files below the machine's root whose names tell of the agent.
func (m *machine) left() (paths []string) {
	filepath.WalkDir(m.in("/"), func(path string, _ os.DirEntry, err error) error {
		if strings.Contains(filepath.Base(path), "reeve") && !strings.HasPrefix(path, m.in("/tmp")) {
			paths = append(paths, path)
		}
		return err
	})
	return paths
}

// The life of an installation: made, made again with a newer program, gone.
func TestOwnInstallation(t *testing.T) {
	m := newMachine(t)
	if err := m.install(m.told()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/usr/local/bin/reeve-agent": "the program", "/etc/reeve-agent/policy.json": "{}\n",
		"/etc/systemd/system/reeve-agent.service": "ExecStart=" + m.program + " run --state /var/lib/reeve-agent ",
		"/etc/reeve-agent/agent.env":              `REEVE_SERVER="` + m.server.URL + `"` + "\n" + `REEVE_PIN="` + m.server.Pin + `"`,
	} {
		if text := m.read(m.in(path)); !strings.Contains(text, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, text)
		}
	}
	if info, err := os.Stat(m.environment); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the settings: %v, %v", info, err)
	}
	if exists(m.codeFile()) {
		t.Error("the code is still there after it has served")
	}
	if want := []string{"daemon-reload", "enable --quiet reeve-agent.service", "restart reeve-agent.service"}; !slices.Equal(m.asked, want) {
		t.Errorf("asked systemctl for %q", m.asked)
	}
	device := m.look().Device
	if !strings.Contains(m.said.String(), "connected to "+m.server.URL+" as device "+device) {
		t.Errorf("said %q", m.said.String())
	}

	// Again, with a newer program and the owner's policy: both are heeded.
	m.file(m.in("/tmp/reeve-agent"), "the newer program")
	m.file(m.policy(), `{"actions":{"dhcprenew":false}}`)
	settings := m.read(m.environment)
	if err := m.install(Options{}); err != nil {
		t.Fatal(err)
	}
	if m.read(m.program) != "the newer program" || !strings.Contains(m.read(m.policy()), "dhcprenew") || m.read(m.environment) != settings {
		t.Errorf("the second installation left %q, %q and %q", m.read(m.program), m.read(m.policy()), m.read(m.environment))
	}
	if now := m.look().Device; now != device {
		t.Errorf("it is device %s now, and was %s", now, device)
	}

	// A server that cannot be told keeps everything as it is, running.
	m.server.CloseDoor()
	if err := m.Uninstall(t.Context(), true); err == nil || !strings.Contains(err.Error(), "nothing was removed") || !m.look().Enrolled {
		t.Errorf("uninstall --retire without a server: %v", err)
	}
	if last := m.asked[len(m.asked)-1]; last != "start reeve-agent.service" {
		t.Errorf("the last that systemctl was asked for is %q", last)
	}
	m.file(m.quarantine()+"/found", "somebody's")
	if err := m.Uninstall(t.Context(), false); err == nil || !strings.Contains(err.Error(), "files in quarantine") || !exists(m.unit) {
		t.Errorf("uninstall with files in quarantine: %v", err)
	}
	os.RemoveAll(m.quarantine())
	m.file(m.unit+".d/quarantine.conf", "[Service]\n")
	for range 2 { // the second time there is nothing
		if err := m.Uninstall(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if left := m.left(); len(left) > 0 {
			t.Errorf("these are left: %v", left)
		}
	}
	if !strings.HasSuffix(m.said.String(), "is not installed here.\n") {
		t.Errorf("said %q", m.said.String())
	}
}

func TestRetiring(t *testing.T) {
	m := newMachine(t)
	if err := m.install(m.told()); err != nil {
		t.Fatal(err)
	}
	if err := m.Uninstall(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if !m.server.Retired()[m.server.Addresses()[0]] || len(m.left()) > 0 {
		t.Errorf("retired: %v, left: %v", m.server.Retired(), m.left())
	}
}

// Where a package brought program and unit, these stay the package's.
func TestPackagedInstallation(t *testing.T) {
	m := newMachine(t)
	m.file(m.packages[0], unit)
	if err := m.install(m.told()); err != nil {
		t.Fatal(err)
	}
	if exists(m.program) || exists(m.unit) || !m.look().Connected {
		t.Errorf("it made its own beside the package's: %v", m.left())
	}
	if err := m.Uninstall(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if left := m.left(); !slices.Equal(left, []string{m.packages[0]}) || !strings.Contains(m.said.String(), "apt purge") {
		t.Errorf("left %v, said %q", left, m.said.String())
	}

	// An installation of its own that came first hides the package's.
	m.file(m.unit, unit)
	m.file(m.program, "old")
	m.file(m.environment, "")
	if err := m.install(m.told()); err == nil || !strings.Contains(err.Error(), "hides the package's service") {
		t.Errorf("install beside a package: %v", err)
	}
	if err := m.Uninstall(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if exists(m.unit) || exists(m.program) || !exists(m.environment) || !exists(m.packages[0]) {
		t.Errorf("left %v", m.left())
	}
}

// What cannot work changes nothing and says why.
func TestRefusals(t *testing.T) {
	m := newMachine(t)
	pin := strings.Repeat("0", 64)
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{}, "name its server"},
		{Options{Pin: pin, Code: "X"}, "name it with --server"},
		{Options{Server: "https://192.0.2.1"}, "give a registration code"},
		{Options{Server: "https://192.0.2.1", Code: "X"}, "pin is missing"},
		{Options{Server: "https://192.0.2.1\nUSER=x", Pin: pin, Code: "X"}, "not a server's address"},
		{Options{Server: "http://192.0.2.1", Code: "X"}, "only for a server on this machine"},
	} {
		if err := m.install(tt.o); reeve.KindOf(err) != reeve.Invalid || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.o, err)
		}
	}
	if left := m.left(); len(left) > 0 || len(m.asked) > 0 {
		t.Errorf("refused, but made %v and asked for %v", left, m.asked)
	}

	// A server that is not there leaves the service trying, and its code.
	m.mute = true
	if err := m.install(m.told()); err == nil || !strings.Contains(err.Error(), "goes on trying") {
		t.Errorf("without a server: %v", err)
	}
	if info, err := os.Stat(m.codeFile()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the code: %v, %v", info, err)
	}

	os.RemoveAll(m.running)
	if err := m.install(m.told()); err == nil || !strings.Contains(err.Error(), "systemd does not run here") {
		t.Errorf("without systemd: %v", err)
	}
	asked := len(m.asked)
	if err := m.Uninstall(t.Context(), false); err != nil || len(m.left()) > 0 || len(m.asked) > asked {
		t.Errorf("uninstall without systemd: %v, left %v, asked for %v", err, m.left(), m.asked[asked:])
	}
}

func TestQuoting(t *testing.T) {
	for value, want := range map[string]string{
		"https://host:8443": `"https://host:8443"`, "a\"b\\c$d`e": "\"a\\\"b\\\\c\\$d\\`e\"",
	} {
		if got := quote(value); got != want {
			t.Errorf("quote(%q) is %s", value, got)
		}
	}
}
