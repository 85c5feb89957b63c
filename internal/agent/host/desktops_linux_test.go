package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"reeve"
)

// nobody is who sits at the desktop of these tests.
const nobody = 65534

// A stage is a root of the file system with a desktop on which nobody is logged
// in: a message bus, and mocks of what shows notifications and opens browsers.
type stage struct {
	t       *testing.T
	machine *Machine
	conn    *dbus.Conn
	calls   chan *dbus.Signal
}

func newStage(t *testing.T) *stage {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test starts processes as another user, which only root may: run it as root")
	}
	root := t.TempDir()
	home := filepath.Join(root, "run/user", fmt.Sprint(nobody))
	sessions := filepath.Join(root, "run/systemd/sessions")
	for _, dir := range []string{home, sessions, filepath.Join(root, "bin"), filepath.Join(root, "state")} {
		must(t, os.MkdirAll(dir, 0o755))
	}
	must(t, os.Chmod(filepath.Dir(root), 0o755)) // nobody has to get to the program
	must(t, os.Chmod(home, 0o700))
	must(t, os.Chown(home, nobody, nobody))
	for name, text := range map[string]string{
		"c1": "# private\nUID=65534\nUSER=nobody\nACTIVE=1\nSTATE=active\nTYPE=wayland\nCLASS=user\n",
		"c2": "UID=113\nUSER=gdm\nSTATE=online\nTYPE=wayland\nCLASS=greeter\n",
	} {
		must(t, os.WriteFile(filepath.Join(sessions, name), []byte(text), 0o644))
	}
	program := filepath.Join(root, "bin/reeve-agent")
	build := exec.Command("go", "build", "-o", program, "reeve/cmd/reeve-agent")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := &stage{t: t, machine: Open(filepath.Join(root, "state"))}
	s.machine.root, s.machine.self = root, program

	address := "unix:path=" + filepath.Join(home, "bus")
	// As the bus of a session, but the test may watch, who is not its user.
	config := filepath.Join(root, "bus.conf")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth><policy context="default">
<allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`, address), 0o644))
	s.start(address, "/usr/bin/dbus-daemon", "--nofork", "--nopidfile", "--config-file="+config)
	eventually(t, "the bus is there", func() bool { _, err := os.Stat(filepath.Join(home, "bus")); return err == nil })
	s.start(address, "/usr/bin/python3", "-m", "dbusmock", "--template", "notification_daemon", "--parameters", `{"capabilities": "body actions"}`)
	s.start(address, "/usr/bin/python3", "-m", "dbusmock", "--session", "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop", "org.freedesktop.portal.OpenURI")
	var err error
	s.conn, err = dbus.Connect(address)
	must(t, err)
	t.Cleanup(func() { s.conn.Close() })
	for _, name := range []string{"org.freedesktop.Notifications", "org.freedesktop.portal.Desktop"} {
		eventually(t, name+" is there", func() bool {
			var has bool
			return s.conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&has) == nil && has
		})
	}
	must(t, s.conn.Object("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop").Call("org.freedesktop.DBus.Mock.AddMethod", 0,
		"org.freedesktop.portal.OpenURI", "OpenURI", "ssa{sv}", "o", `ret = "/request"`).Err)
	s.calls = make(chan *dbus.Signal, 100)
	s.conn.Signal(s.calls)
	must(t, s.conn.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.DBus.Mock"), dbus.WithMatchMember("MethodCalled")))
	return s
}

// start runs a program as nobody until the test ends.
func (s *stage) start(address, program string, args ...string) {
	s.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"DBUS_SESSION_BUS_ADDRESS=" + address, "PATH=/usr/bin:/bin"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Pdeathsig: syscall.SIGKILL}
	must(s.t, cmd.Start())
	s.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
}

// called waits until a mock's method is called and returns with what.
func (s *stage) called(method string) []dbus.Variant {
	s.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case call := <-s.calls:
			if call.Body[0] == method {
				return call.Body[1].([]dbus.Variant)
			}
		case <-late:
			s.t.Fatalf("%s was not called", method)
		}
	}
}

// click has the person click on a notification.
func (s *stage) click(id uint32, action string) {
	s.t.Helper()
	must(s.t, s.conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").Call("org.freedesktop.DBus.Mock.EmitSignal", 0,
		"org.freedesktop.Notifications", "ActionInvoked", "us", []dbus.Variant{dbus.MakeVariant(id), dbus.MakeVariant(action)}).Err)
}

// asking returns the processes of the program, as the kernel tells of them.
func (s *stage) asking() []string {
	var found []string
	all, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range all {
		if to, err := os.Readlink(link); err == nil && to == s.machine.self {
			found = append(found, filepath.Dir(link))
		}
	}
	return found
}

// browse makes a request as a browser does.
func browse(t *testing.T, method, address string, form url.Values, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	must(t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	defer answer.Body.Close()
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("%s: the policy is %q", address, policy)
	}
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(text)
}

var formPattern = regexp.MustCompile(`<form method="post" action="([^"]+)"`)

// A user who is not the agent's is asked on a real bus, and answers in a browser.
func TestAskedOnTheDesktop(t *testing.T) {
	s := newStage(t)
	fields := []reeve.IdentityField{
		{Name: "full_name", Label: `Full <name>`, Required: true}, {Name: "site", Label: "Site", Type: "choice", Choices: []string{"Lab", "Hall"}},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	end := make(chan asked, 1)
	go func() {
		answers, err := s.machine.Ask(ctx, "c1", fields)
		end <- asked{answers, err}
	}()
	notice := s.called("Notify")
	if text := fmt.Sprint(notice); !strings.Contains(text, "Who uses this device?") || !strings.Contains(text, "Not now") || strings.Contains(text, "127.0.0.1") {
		t.Errorf("the notification: %s", text)
	}
	processes := s.asking()
	if len(processes) != 1 {
		t.Fatalf("asking: %v", processes)
	}
	status, err := os.ReadFile(processes[0] + "/status")
	must(t, err)
	if ids := regexp.MustCompile(`(?m)^(Uid|Gid):\s+65534\s+65534\s+65534\s+65534$|^Groups:\s*$`).FindAllString(string(status), -1); len(ids) != 3 {
		t.Errorf("the process that asks runs as\n%s", status)
	}
	environment, err := os.ReadFile(processes[0] + "/environ")
	must(t, err)
	for pair := range strings.SplitSeq(strings.Trim(string(environment), "\x00"), "\x00") {
		if name, _, _ := strings.Cut(pair, "="); !strings.Contains(" DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR HOME ", " "+name+" ") {
			t.Errorf("the process that asks was given %s", pair)
		}
	}

	s.click(7, "answer") // somebody else's notification
	s.click(1, "answer")
	first := s.called("OpenURI")[1].Value().(string)
	host := strings.Split(first, "/")[2]
	for what, got := range map[string]int{
		"another name": first2(browse(t, "GET", first, nil, "Host: reeve.example:80")),
		"another site": first2(browse(t, "GET", first, nil, "Origin: https://evil.example")),
	} {
		if got != 403 {
			t.Errorf("%s: %d", what, got)
		}
	}
	if code, _ := browse(t, "GET", "http://"+host+"/guess", nil); code != 404 {
		t.Errorf("a guess: %d", code)
	}
	code, text := browse(t, "GET", first, nil)
	action := formPattern.FindStringSubmatch(text)
	if code != 200 || action == nil || !strings.Contains(text, "Full &lt;name&gt;") || !strings.Contains(text, "<option>Hall</option>") {
		t.Fatalf("the page: %d %s", code, text)
	}
	if code, text := browse(t, "GET", first, nil); code != 410 || strings.Contains(text, action[1]) {
		t.Errorf("the page a second time: %d %s", code, text)
	}
	s.called("Notify") // once more, since it may have been somebody else
	form := "http://" + host + action[1]
	if code, text := browse(t, "POST", form, url.Values{"a0": {"Ann"}, "a1": {"Moon"}}); code != 400 || !strings.Contains(text, "Site must be one of") || !strings.Contains(text, `value="Ann"`) {
		t.Errorf("a wrong answer: %d %s", code, text)
	}
	if code, _ := browse(t, "GET", form, nil); code != 404 {
		t.Errorf("reading where the form goes: %d", code)
	}
	if code, text := browse(t, "POST", form, url.Values{"a0": {" Ann "}, "a1": {"Lab"}}, "Origin: http://"+host); code != 200 || !strings.Contains(text, "Thank you") {
		t.Errorf("the answers: %d %s", code, text)
	}
	got := <-end
	if got.err != nil || !maps.Equal(got.answers.Identity, map[string]string{"full_name": "Ann", "site": "Lab"}) || got.answers.Door != reeve.WindowDoor || got.answers.User != "nobody" {
		t.Errorf("got %+v", got)
	}
	s.called("CloseNotification")
	eventually(t, "the process that asked has gone", func() bool { return len(s.asking()) == 0 })
}

func first2(code int, _ string) int { return code }

// A question that is answered elsewhere goes away, and so does one that the
// person puts off.
func TestWithdrawnFromTheDesktop(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	end := make(chan asked, 1)
	go func() {
		answers, err := s.machine.Ask(ctx, "c1", identity)
		end <- asked{answers, err}
	}()
	s.called("Notify")
	must(t, Answer(s.machine.state, "c1", said(map[string]string{"full_name": "A B"})))
	if got := <-end; got.err != nil || got.answers.Door != reeve.TerminalDoor {
		t.Errorf("got %+v", got)
	}
	s.called("CloseNotification")
	eventually(t, "the process that asked has gone", func() bool { return len(s.asking()) == 0 })

	for i, put := range []func(id uint32){func(id uint32) { s.click(id, "later") }, func(id uint32) {
		must(t, s.conn.Object("org.freedesktop.Notifications", "/org/freedesktop/Notifications").Call("org.freedesktop.DBus.Mock.EmitSignal", 0,
			"org.freedesktop.Notifications", "NotificationClosed", "uu", []dbus.Variant{dbus.MakeVariant(id), dbus.MakeVariant(uint32(2))}).Err)
	}} {
		home := filepath.Join(s.machine.root, "run/user", fmt.Sprint(nobody))
		later := make(chan error, 1)
		go func() {
			_, err := s.machine.askAs(t.Context(), Question{Fields: identity}, nobody, nobody, home)
			later <- err
		}()
		s.called("Notify")
		put(uint32(2 + i))
		if err := <-later; !errors.Is(err, errLater) {
			t.Errorf("put off: %v", err)
		}
	}
}

// Only sessions on a screen count, of users who own what they are reached by.
func TestDesktops(t *testing.T) {
	m := Open(t.TempDir())
	m.root = m.state
	if found := m.desktops(); len(found) > 0 {
		t.Errorf("found %v on a machine without users", found)
	}
	folder := filepath.Join(m.root, "run/user", fmt.Sprint(os.Getuid()))
	must(t, os.MkdirAll(folder, 0o700))
	must(t, os.MkdirAll(filepath.Join(m.root, "run/user/self"), 0o700))
	must(t, os.WriteFile(filepath.Join(folder, "bus"), nil, 0o600))
	if found := m.desktops(); len(found) > 0 {
		t.Errorf("found %v, where there is a file for a bus", found)
	}
	must(t, os.Remove(filepath.Join(folder, "bus")))
	must(t, syscall.Mknod(filepath.Join(folder, "bus"), syscall.S_IFSOCK|0o600, 0))
	if found := m.desktops(); len(found) != 1 || found[0].user == "" {
		t.Errorf("found %v without logind", found)
	}
	sessions := filepath.Join(m.root, "run/systemd/sessions")
	must(t, os.MkdirAll(sessions, 0o755))
	for text, want := range map[string]int{
		"":                                          0,
		"TYPE=tty\nCLASS=user\nSTATE=active":        0,
		"TYPE=x11\nCLASS=user\nSTATE=closing":       0,
		"TYPE=x11\nCLASS=greeter\nSTATE=active":     0,
		"TYPE=x11\nCLASS=user\nSTATE=active":        1,
		"TYPE=wayland\nCLASS=user\nSTATE=online\n=": 1,
	} {
		must(t, os.WriteFile(filepath.Join(sessions, "1"), fmt.Appendf(nil, "UID=%d\nUSER=someone\n%s", os.Getuid(), text), 0o644))
		if found := m.desktops(); len(found) != want || want == 1 && found[0].user != "someone" {
			t.Errorf("%q: found %v", text, found)
		}
	}
}

// eventually waits for what another process brings about.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not so after 20 s", what)
		}
	}
}
