package proof

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binaries is the folder of the two programs, built once per run.
var binaries string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "reeve-proof-")
		if err == nil {
			defer os.RemoveAll(dir)
			err = build(dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		binaries = dir
		return m.Run()
	}())
}

// build builds the programs. Where only the tests run as root, through sudo, it
// builds as the one who called, so that his caches stay his.
func build(dir string) error {
	args := append([]string{"build", "-o", dir + "/"}, raceFlags...)
	cmd := exec.Command("go", append(args, "reeve/cmd/reeve", "reeve/cmd/reeve-agent")...)
	uid, noUser := strconv.Atoi(os.Getenv("SUDO_UID"))
	gid, noGroup := strconv.Atoi(os.Getenv("SUDO_GID"))
	if os.Geteuid() == 0 && noUser == nil && noGroup == nil {
		if err := os.Chown(dir, uid, gid); err != nil {
			return err
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the programs: %w\n%s", err, out)
	}
	return nil
}

func program(name string) string { return filepath.Join(binaries, name) }

// A process is a program that runs. What it writes on standard error is added
// to a log, which outlives it.
type process struct {
	cmd  *exec.Cmd
	log  *transcript
	done chan struct{} // closed when it has ended
	err  error         // how; once done
	out  bytes.Buffer  // its standard output; once done
}

// run starts a program, which ends with the test at the latest. If the test
// fails its log is shown.
func run(t testing.TB, log *transcript, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Env = cleanEnvironment()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

// cleanEnvironment leaves out what would stand for flags. Programs with the race
// detector would wait for a second before they end.
func cleanEnvironment(more ...string) []string {
	out := []string{"GORACE=atexit_sleep_ms=0"}
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "REEVE_") {
			out = append(out, pair)
		}
	}
	return append(out, more...)
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// running reports whether the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// terminate asks the process to end and returns its exit code and how long it
// took.
func (p *process) terminate(t testing.TB) (code int, took time.Duration) {
	t.Helper()
	began := time.Now()
	p.cmd.Process.Signal(syscall.SIGTERM)
	p.wait(t)
	return p.cmd.ProcessState.ExitCode(), time.Since(began)
}

// wait waits for the end of the process and returns its exit code.
func (p *process) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		t.Fatalf("%s does not end\n%s", p.cmd, p.log.tail())
	}
	return p.cmd.ProcessState.ExitCode()
}

// A transcript keeps what processes write. It is safe for concurrent use.
type transcript struct {
	name string
	mu   sync.Mutex
	text bytes.Buffer
}

// newTranscript shows its end if the test fails, and fails the test if the race
// detector wrote into it.
func newTranscript(t testing.TB, name string) *transcript {
	j := &transcript{name: name}
	t.Cleanup(func() {
		if strings.Contains(j.String(), "DATA RACE") {
			t.Errorf("a race was found\n%s", j)
		} else if t.Failed() {
			t.Logf("%s", j.tail())
		}
	})
	return j
}

func (j *transcript) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *transcript) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// tail is the end of what was written, without the lines of single requests.
func (j *transcript) tail() string {
	var b strings.Builder
	for line := range strings.Lines(j.String()) {
		if !strings.Contains(line, `"msg":"request"`) {
			b.WriteString(line)
		}
	}
	text := b.String()
	if at := len(text) - 4000; at > 0 {
		text = "..." + text[at:]
	}
	return j.name + " wrote:\n" + text
}

// call runs a program to its end and returns what it wrote and its exit code.
func call(t testing.TB, environment []string, name string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = cleanEnvironment(environment...)
	b, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(b), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b), 0
}

// eventually polls until something holds.
func eventually(t testing.TB, within time.Duration, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// pass waits for d, or less if stop is closed meanwhile.
func pass(d time.Duration, stop <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stop:
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newRandom returns numbers for moments and choices, and says how to get them
// again.
func newRandom(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("REEVE_PROOF_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Logf("REEVE_PROOF_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
