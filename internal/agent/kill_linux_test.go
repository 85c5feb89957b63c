package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"reeve/internal/agent/act"
	"reeve/internal/agent/linetest"
	"reeve/internal/link"
)

// These tests kill an agent of flesh and blood, a process of its own, with
// strace: before the nth call of some sort to the system that one of its
// threads makes. What a kill leaves half written is left so.

// asAgent, in the environment, makes the test program an agent on the folder
// that it names. Its effects go to a file beside.
const asAgent = "REEVE_TEST_AGENT"

func TestMain(m *testing.M) {
	dir := os.Getenv(asAgent)
	if dir == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := beAgent(ctx, dir); err != nil && !errors.Is(err, ErrRetired) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func beAgent(ctx context.Context, dir string) error {
	if err := os.WriteFile(dir+".pid", fmt.Append(nil, os.Getpid()), 0o600); err != nil {
		return err
	}
	state, err := OpenState(dir)
	if err != nil {
		return err
	}
	i, err := state.Identity()
	if err != nil || !i.Enrolled() {
		return err // it was retired
	}
	held := func() { // for as long as the test wants
		for _, err := os.Stat(dir + ".wait"); err == nil; _, err = os.Stat(dir + ".wait") {
			<-time.After(10 * time.Millisecond)
		}
	}
	m := &fakeMachine{state: dir, effects: dir + ".effects",
		renew: func(context.Context) error { held(); return nil },
		ask: func(context.Context) (act.Answers, error) {
			held()
			return act.Answers{Identity: map[string]string{"a": "b"}}, nil
		},
	}
	return Run(ctx, Options{State: state, Identity: i, Machine: m, Log: slog.New(slog.DiscardHandler),
		Policy: func() (*Policy, error) { return &Policy{}, nil }})
}

// callsToKill are the sorts of calls that are counted together.
var callsToKill = []string{"fsync", "pwrite64", "write", "renameat,renameat2", "unlinkat,unlink,rmdir", "openat", "ftruncate,mkdirat"}

// A victim is an enrolled agent that is killed and started again.
type victim struct {
	*rig
	enrolled string // its state folder after it enrolled
	files    string // to be scanned
	job      int64
}

func newVictim(t *testing.T) *victim {
	path := os.Getenv("PATH")
	t.Setenv("PATH", path+":/usr/sbin:/sbin")
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal("strace is missing: install the Debian package strace")
	}
	v := &victim{rig: newRig(t), files: t.TempDir()}
	must(t, v.start()())
	v.enrolled = v.dir
	for i := range 5 {
		must(t, os.WriteFile(filepath.Join(v.files, fmt.Sprint(i)), bytes.Repeat([]byte("harmless"), 1000), 0o600))
	}
	return v
}

// params are those of an order for an action.
func (v *victim) params(action string) string {
	switch action {
	case "re-identify":
		return `{"fields":[{"name":"a"}]}`
	case "scan_threats":
		return fmt.Sprintf(`{"full_scan":0,"scan_types":[4],"path":%q}`, v.files)
	}
	return `{}`
}

// A process is an agent that runs, under strace or not.
type process struct {
	*exec.Cmd
	ended chan struct{}
}

func (v *victim) spawn(dir string, trace ...string) *process {
	v.Helper()
	args := append(trace, os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), asAgent+"="+dir)
	cmd.Stderr = v.Output()
	must(v.T, cmd.Start())
	p := &process{cmd, make(chan struct{})}
	go func() { cmd.Wait(); close(p.ended) }()
	v.Cleanup(func() { v.end(p, dir) })
	return p
}

// end ends an agent, also under strace, which passes no signals on.
func (v *victim) end(p *process, dir string) {
	select {
	case <-p.ended:
		return
	default:
	}
	var pid int
	text, _ := os.ReadFile(dir + ".pid")
	if n, _ := fmt.Sscan(string(text), &pid); n == 1 {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		p.Process.Kill()
		v.Errorf("the agent did not stop")
	}
}

// hello waits until the agent says Hello or ends.
func (v *victim) hello(p *process, before []byte) (said bool) {
	linetest.Eventually(v.T, "the agent said Hello or ended", func() bool {
		select {
		case <-p.ended:
			return true
		default:
			said = !slices.Equal(v.server.Hellos()[v.address].Nonce, before)
			return said
		}
	})
	return said
}

// give gives an order and brings the next report on its end, or none if the
// agent ends first. It gives the order again as the server does: a Hello that is
// heard may be that of the agent before, which was killed when it had said it.
func (v *victim) give(p *process, o link.Order) (got link.Report, ended bool) {
	v.server.Give(v.address, o)
	again := time.NewTicker(5 * time.Second)
	defer again.Stop()
	for deadline := time.After(30 * time.Second); ; {
		select {
		case r := <-v.server.Reports():
			if r.Command == o.Command() && r.State != running {
				return r.Report, false
			}
		case <-again.C:
			v.server.Give(v.address, o)
		case <-p.ended:
			return link.Report{}, true
		case <-deadline:
			v.Fatalf("%s: no report came", o.Command())
		}
	}
}

// kill gives an order to an agent that is killed before its nth call, starts it
// again, gives the order again as the server does, and checks what became of it.
// It reports false if the agent came to its end without that call.
func (v *victim) kill(action, calls string, n int) (killed bool) {
	v.Helper()
	v.job++
	dir := filepath.Join(v.TempDir(), "state")
	must(v.T, os.CopyFS(dir, os.DirFS(v.enrolled)))
	must(v.T, os.Chmod(dir, 0o700))
	o := v.server.Seal(v.server.Header(v.job, action, v.params(action)), v.address)[0]
	where := fmt.Sprintf("%s killed before %s %d", action, calls, n)
	var ends []link.Report
	live := func(trace ...string) *process {
		before := v.server.Hellos()[v.address].Nonce
		p := v.spawn(dir, trace...)
		if v.hello(p, before) {
			if got, ended := v.give(p, o); !ended {
				ends = append(ends, got)
			}
		}
		return p
	}
	p := live("strace", "-f", "-qq", "-o", dir+".trace", "-e", "trace="+calls, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", calls, n))
	v.end(p, dir)
	killed = !p.ProcessState.Success()
	p = live()
	if action == retire {
		linetest.Eventually(v.T, "it has left: "+where, func() bool { s, err := Look(dir); return err == nil && !s.Enrolled && !s.Running })
		return killed
	}
	linetest.Eventually(v.T, "nothing is open: "+where, func() bool { s, err := Look(dir); return err == nil && s.Open+s.Unsettled == 0 })
	v.end(p, dir)
	v.check(dir, action, where, ends)
	must(v.T, os.RemoveAll(filepath.Dir(dir)))
	return killed
}

// check holds what was reported against what was done.
func (v *victim) check(dir, action, where string, ends []link.Report) {
	v.Helper()
	for _, r := range ends[min(1, len(ends)):] {
		if r.State != ends[0].State || r.Reason != ends[0].Reason {
			v.Errorf("%s: it ended as %+v and as %+v", where, ends[0], r)
		}
	}
	effects, _ := os.ReadFile(dir + ".effects")
	count := strings.Count(string(effects), "\n")
	switch {
	case len(ends) == 0:
		v.Fatalf("%s: no end was reported", where)
	case ends[0].State == succeeded && count == map[string]int{"dhcprenew": 1}[action]:
	case action == "dhcprenew" && ends[0].State == failed && ends[0].Reason == "interrupted" && count <= 1:
	default:
		v.Errorf("%s: it took effect %d times and ended as %+v", where, count, ends[0])
	}
	if action == "fetch_agent_log" {
		var result struct{ SHA256 string }
		must(v.T, json.Unmarshal(ends[0].Result, &result))
		if sum := sha256.Sum256(v.server.Uploads()[ends[0].Command]); hex.EncodeToString(sum[:]) != result.SHA256 {
			v.Errorf("%s: another archive arrived than was reported", where)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "[us][pc]*s", "*")); len(left) > 0 { // uploads, scans
		v.Errorf("%s: %v is left behind", where, left)
	}
	j, damaged, err := openJournal(filepath.Join(dir, journalFile))
	must(v.T, err)
	j.Close()
	if damaged > 0 {
		v.Errorf("%s: %d lines of the journal are damaged", where, damaged)
	}
}

var allActions = []string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats", retire}

// An agent that is killed anywhere, and started again, carries out every order
// at most once and reports one end of it.
func TestKilled(t *testing.T) {
	v := newVictim(t)
	killed := 0
	for _, action := range allActions {
		for calls, n := range map[string]int{"fsync": 3, "pwrite64": 2, "write": 12} {
			if v.kill(action, calls, n) {
				killed++
			}
		}
	}
	if killed < 2*len(allActions) {
		t.Errorf("only %d of the agents were killed", killed)
	}
}

// The same before every call of every sort, for each action.
func TestKilledEverywhereProof(t *testing.T) {
	if os.Getenv("REEVE_PROOF") == "" {
		return
	}
	v := newVictim(t)
	for _, action := range allActions {
		for _, calls := range callsToKill {
			n := 1
			for missed := 0; missed < 2; n++ { // threads differ from run to run
				if v.kill(action, calls, n) {
					missed = 0
				} else {
					missed++
				}
			}
			t.Logf("%s: killed before each of %d calls of %s", action, n-3, calls)
		}
	}
}
