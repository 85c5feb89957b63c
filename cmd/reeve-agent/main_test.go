package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"reeve/internal/agent"
	"reeve/internal/agent/linetest"
)

// A screen is written by a running agent and read by the test.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// TestMain forgets what stands for flags in the environment of whoever runs the
// tests, as in a shell in which the README was followed.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "REEVE_") && name != "REEVE_PROOF" {
			os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// call runs one command line to its end.
func call(t *testing.T, input string, args ...string) (code int, out, errors string) {
	t.Helper()
	var o, e screen
	code = run(t.Context(), args, console{strings.NewReader(input), &o, &e})
	return code, o.String(), e.String()
}

// start runs an agent until the test or the returned function ends it.
func start(t *testing.T, args ...string) (stop func() int, says *screen) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	says = &screen{}
	done := make(chan int, 1)
	go func() { done <- run(ctx, append([]string{"run"}, args...), console{os.Stdin, io.Discard, says}) }()
	stop = sync.OnceValue(func() int { cancel(); return <-done })
	t.Cleanup(func() { stop() })
	return stop, says
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"fly"}, {"run"}, {"status"}, {"run", "--nonsense", "--state", "x"}, {"run", "--state"},
		{"status", "--state", "x", "more"}, {"identify", "--state", "x", "--server", "y"},
		{"run", "--state", "x", "--code", "A", "--code-file", "B"},
	} {
		code, out, errors := call(t, "", args...)
		if code != exitUsage || out != "" || !strings.Contains(errors, "see reeve-agent --help") || strings.Count(errors, "\n") != 1 {
			t.Errorf("%q: code %d, printed %q and %q", args, code, out, errors)
		}
	}
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}, {"run", "--help"}} {
		if code, out, errors := call(t, "", args...); code != exitDone || out != usage || errors != "" {
			t.Errorf("%q: code %d, printed %d bytes and %q", args, code, len(out), errors)
		}
	}
	if code, out, _ := call(t, "", "--version"); code != exitDone || out != "reeve-agent "+agent.Version+" (unknown)\n" {
		t.Errorf("--version: code %d, printed %q", code, out)
	}
}

// Whatever cannot work says so in one sentence.
func TestFailures(t *testing.T) {
	s := linetest.Start(t, true)
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	for file, text := range map[string]string{
		bad: `{"actions":{"dhcp":false}}`, filepath.Join(dir, "typo.json"): `{"action":{}}`,
		filepath.Join(dir, "relative.json"): `{"scan_paths":["srv"]}`, filepath.Join(dir, "torn.json"): `{"actions":{`,
		filepath.Join(dir, "two.json"): `{} {}`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	state := func(name string) string { return filepath.Join(dir, name) }
	enrol := []string{"--server", s.URL, "--pin", s.Pin, "--code", linetest.Code}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "--state", state("b"), "--server", s.URL, "--pin", s.Pin, "--code", "WRONG"}, "ask for another"},
		{[]string{"run", "--state", state("c"), "--server", s.URL, "--pin", strings.Repeat("0", 64), "--code", "X"}, "not the one that the pin names"},
		{[]string{"run", "--state", state("f"), "--server", s.URL, "--pin", s.Pin, "--code-file", state("none")}, "reading the registration code"},
		{append([]string{"run", "--state", state("g"), "--policy", bad}, enrol...), `"dhcp" is not an action`},
		{append([]string{"run", "--state", state("g"), "--policy", state("typo.json")}, enrol...), `typo.json is not usable: it has no member "action"`},
		{append([]string{"run", "--state", state("g"), "--policy", state("relative.json")}, enrol...), "not absolute"},
		{append([]string{"run", "--state", state("g"), "--policy", state("torn.json")}, enrol...), "not usable"},
		{append([]string{"run", "--state", state("g"), "--policy", state("two.json")}, enrol...), "behind its end"},
		{append([]string{"run", "--state", state("g"), "--policy", state("none.json")}, enrol...), "reading the policy"},
		{[]string{"status", "--state", state("none")}, "no state folder"},
		{[]string{"retire", "--state", state("none")}, "no state folder"},
		{[]string{"identify", "--state", state("none")}, "cannot look into the agent's folder"},
		{[]string{"retire", "--state", dir}, "not enrolled"},
	} {
		code, out, errors := call(t, "", tt.args...)
		last := strings.Split(strings.TrimSpace(errors), "\n")
		if code != exitFailed || out != "" || !strings.Contains(last[len(last)-1], tt.want) {
			t.Errorf("%q: code %d, printed %q and %q", tt.args, code, out, errors)
		}
	}
	// These are wrong usage, which only the agent's folder shows.
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "not enrolled yet"},
		{[]string{"--server", s.URL, "--code", "X"}, "pin is missing"},
		{[]string{"--server", s.URL, "--code", "X", "--pin", "zz"}, "pin must be 64 digits"},
		{[]string{"--server", "http://192.0.2.1", "--code", "X"}, "only for a server on this machine"},
	} {
		code, out, errors := call(t, "", append([]string{"run", "--state", state("new")}, tt.args...)...)
		if code != exitUsage || out != "" || !strings.Contains(errors, tt.want) {
			t.Errorf("%q: code %d, printed %q and %q", tt.args, code, out, errors)
		}
	}
	if n := len(s.Addresses()); n != 0 {
		t.Errorf("%d devices enrolled", n)
	}
}

// The life of an agent, as its owner sees it.
func TestLife(t *testing.T) {
	s := linetest.Start(t, true)
	dir := filepath.Join(t.TempDir(), "state")
	code := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(code, []byte(linetest.Code+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REEVE_SERVER", s.URL)
	t.Setenv("REEVE_PIN", s.Pin)
	t.Setenv("REEVE_CODE_FILE", code)
	stop, says := start(t, "--state", dir)
	look := func() (st agent.Status) {
		code, out, errors := call(t, "", "status", "--state", dir, "--json")
		if code == exitDone {
			if err := json.Unmarshal([]byte(out), &st); err != nil || errors != "" {
				t.Errorf("status printed %q and %q: %v", out, errors, err)
			}
		}
		return st
	}
	linetest.Eventually(t, "the agent is connected", func() bool { return look().Connected })
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the state folder: %v, %v", info.Mode(), err)
	}
	if _, out, _ := call(t, "", "status", "--state", dir); !strings.Contains(out, "running") || !strings.Contains(out, s.Pin) {
		t.Errorf("status printed %q", out)
	}
	for _, second := range []string{"run", "retire"} {
		if code, _, errors := call(t, "", second, "--state", dir); code != exitFailed || !strings.Contains(errors, "an agent is running on "+dir) {
			t.Errorf("%s beside a running agent: code %d, %q", second, code, errors)
		}
	}

	// The machine's user is asked and answers, the second time usably.
	address := s.Addresses()[0]
	ask := `{"fields":[{"name":"email","label":"E-mail","required":true,"pattern":"[^@]+@[^@]+"},{"name":"note","label":"Note"}]}`
	if _, out, _ := call(t, "", "identify", "--state", dir); out != "Nothing is being asked.\n" {
		t.Errorf("identify without a question printed %q", out)
	}
	s.Give(address, s.Seal(s.Header(1, "re-identify", ask), address)...)
	answered := func() bool {
		code, out, errors := call(t, "nobody\nann@example.org\n\n", "identify", "--state", dir)
		if code != exitDone {
			t.Fatalf("identify printed %q and %q", out, errors)
		}
		return strings.Contains(out, "form that is asked for") && strings.Contains(out, "Note (may stay empty)")
	}
	linetest.Eventually(t, "there was a question and it was answered", answered)
	for report := range s.Reports() {
		if report.State != "running" {
			if report.State != "succeeded" || report.Identity["email"] != "ann@example.org" {
				t.Errorf("reported %+v", report)
			}
			break
		}
	}
	s.Give(address, s.Seal(s.Header(2, "re-identify", ask), address)...)
	linetest.Eventually(t, "input that ends too early is an error", func() bool {
		code, _, errors := call(t, "", "identify", "--state", dir)
		return code == exitFailed && strings.Contains(errors, "nothing was sent")
	})

	if code := stop(); code != exitDone {
		t.Errorf("stopped with code %d", code)
	}
	linetest.Eventually(t, "the goodbye was heard", func() bool { return s.Byes()[address] > 0 })
	if st := look(); st.Running || st.Connected || !st.Enrolled {
		t.Errorf("stopped, but %+v", st)
	}
	text, err := os.ReadFile(filepath.Join(dir, "logs", "agent.log"))
	if err != nil || string(text) != says.String() {
		t.Errorf("the log file has %d bytes and the screen %d, %v", len(text), len(says.String()), err)
	}
	if strings.Contains(says.String(), linetest.Code) {
		t.Error("the registration code is in the log")
	}

	// Enrolled, it needs neither code nor address any more.
	t.Setenv("REEVE_SERVER", "")
	t.Setenv("REEVE_PIN", "")
	t.Setenv("REEVE_CODE_FILE", filepath.Join(dir, "none"))
	stop, _ = start(t, "--state", dir)
	linetest.Eventually(t, "the agent is connected again", func() bool { return look().Connected })
	stop()
	t.Setenv("REEVE_PIN", strings.Repeat("0", 64))
	if code, _, errors := call(t, "", "run", "--state", dir); code != exitFailed || !strings.Contains(errors, "another pin") {
		t.Errorf("with another pin: code %d, %q", code, errors)
	}
	if code, out, errors := call(t, "", "retire", "--state", dir); code != exitDone || !s.Retired()[address] {
		t.Errorf("retire: code %d, printed %q and %q", code, out, errors)
	}
	if st := look(); st.Enrolled {
		t.Errorf("retired, but %+v", st)
	}
}

// A server that is not there yet is waited for, and a signal ends the waiting.
func TestWaitsForTheServer(t *testing.T) {
	s := linetest.Start(t, true)
	s.CloseDoor()
	stop, says := start(t, "--state", t.TempDir(), "--server", s.URL, "--pin", s.Pin, "--code", linetest.Code)
	linetest.Eventually(t, "it says that it tries again", func() bool { return strings.Count(says.String(), "not enrolled yet") >= 2 })
	if code := stop(); code != exitDone {
		t.Errorf("stopped with code %d", code)
	}
}
