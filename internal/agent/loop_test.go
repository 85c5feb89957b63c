package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/linetest"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// A fakeMachine does what a test says, and writes a line to a file for every
// effect: outside the journal, which is what is tested.
type fakeMachine struct {
	state   string
	effects string
	renew   func(ctx context.Context) error
	ask     func(ctx context.Context) (map[string]string, error)
}

func (m *fakeMachine) System() string              { return "linux" }
func (m *fakeMachine) Hostname() string            { return "one" }
func (m *fakeMachine) HardwareID() (string, error) { return "hardware", nil }
func (m *fakeMachine) Can(string) bool             { return true }
func (m *fakeMachine) StateDir() string            { return m.state }
func (m *fakeMachine) Facts() reeve.Facts {
	networks := []reeve.Network{{Name: "ib0", MAC: strings.Repeat("02:", 19) + "02"}}
	for i := range 100 {
		networks = append(networks, reeve.Network{Name: fmt.Sprintf("eth%d", i), MAC: reeve.MAC(i + 1).String(), IPv4: make([]string, 40)})
	}
	return reeve.Facts{OSName: "Test", Networks: networks}
}
func (m *fakeMachine) Volumes() ([]act.Volume, error) {
	return []act.Volume{{Kind: act.SystemVolume, Root: "/"}}, nil
}
func (m *fakeMachine) OpenFile(path string) (*os.File, error) { return os.Open(path) }
func (m *fakeMachine) Device(fs.FileInfo) uint64              { return 1 }
func (m *fakeMachine) Quietly(f func())                       { f() }

func (m *fakeMachine) RenewDHCP(ctx context.Context, _ string) ([]act.Renewal, error) {
	file, err := os.OpenFile(m.effects, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := file.WriteString("renewed\n"); err != nil {
		return nil, err
	}
	if m.renew != nil {
		err = m.renew(ctx)
	}
	return []act.Renewal{{Interface: "eth0", New: &act.Lease{Address: "192.0.2.7"}}}, err
}

func (m *fakeMachine) Ask(ctx context.Context, _ string, _ []reeve.IdentityField) (map[string]string, error) {
	if m.ask != nil {
		return m.ask(ctx)
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// count returns how often the machine did something that can be seen.
func (m *fakeMachine) count() int {
	text, _ := os.ReadFile(m.effects)
	return strings.Count(string(text), "\n")
}

// A rig is a server and one agent of it.
type rig struct {
	*testing.T
	server  *linetest.Server
	machine *fakeMachine
	dir     string
	policy  *Policy
	address string
}

func newRig(t *testing.T) *rig {
	dir := filepath.Join(t.TempDir(), "state")
	return &rig{
		T: t, server: linetest.Start(t, true), dir: dir, policy: &Policy{},
		machine: &fakeMachine{state: dir, effects: filepath.Join(t.TempDir(), "effects")},
	}
}

// start runs the agent as a fresh process would. The returned function stops
// it, as a signal would, and gives what Run returned.
func (r *rig) start() (stop func() error) {
	r.Helper()
	state, err := OpenState(r.dir)
	must(r.T, err)
	log := slog.New(slog.NewTextHandler(r.Output(), nil))
	i, err := state.Enrol(r.Context(), Enrolment{
		Server: r.server.URL, Pin: r.server.Pin, Code: linetest.Code, Machine: r.machine, Log: log,
	})
	must(r.T, err)
	r.address = i.Place.Address
	before := r.server.Hellos()[r.address].Nonce
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := Run(ctx, Options{State: state, Identity: i, Machine: r.machine, Policy: r.policy, Log: log})
		state.Close()
		done <- err
	}()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	r.Cleanup(func() { stop() })
	linetest.Eventually(r.T, "the agent said Hello", func() bool { return !slices.Equal(r.server.Hellos()[r.address].Nonce, before) })
	return stop
}

// order gives an order and returns its command id.
func (r *rig) order(job int64, action, params string, change ...func(*seal.Header)) (id string, o link.Order) {
	h := r.server.Header(job, action, params)
	for _, c := range change {
		c(&h)
	}
	o = r.server.Seal(h, r.address)[0]
	r.server.Give(r.address, o)
	return o.Command(), o
}

// end returns the next report of a command that is not about its progress.
func (r *rig) end(command string) link.Report {
	r.Helper()
	for {
		if got := r.next(); got.Command == command && got.State != running {
			return got
		}
	}
}

func (r *rig) next() link.Report {
	r.Helper()
	select {
	case got := <-r.server.Reports():
		return got.Report
	case <-time.After(20 * time.Second):
		r.Fatal("no report came")
		panic("unreachable")
	}
}

// begun waits until a command is reported as running.
func (r *rig) begun(command string) {
	r.Helper()
	for got := r.next(); got.Command != command || got.State != running; got = r.next() {
	}
}

func (r *rig) wants(got link.Report, state, reason string) {
	r.Helper()
	if got.State != state || got.Reason != reason {
		r.Errorf("command %s ended as %s %q (%s), want %s %q", got.Command, got.State, got.Reason, got.Message, state, reason)
	}
}

func TestHello(t *testing.T) {
	r := newRig(t)
	r.policy = &Policy{Actions: map[string]bool{"dhcprenew": false}}
	r.start()
	h := r.server.Hellos()[r.address]
	want := []string{"dhcprenew", "fetch_agent_log", "re-identify", "scan_threats", "retire"}
	if !slices.Equal(h.Actions, want) || h.Version != Version || h.Kind != "persistent" || h.System != "linux" ||
		len(h.MACs) != 64 || h.MACs[0] != "00:00:00:00:00:01" || h.Hardware != "hardware" {
		t.Errorf("said %+v", h)
	}
	var facts reeve.Facts
	if err := json.Unmarshal(h.Facts, &facts); err != nil || len(facts.Networks) != 64 || len(facts.Networks[0].IPv4) != 32 {
		t.Errorf("facts %s, %v", h.Facts, err)
	}
}

// A command that comes again is answered with the result that was kept, also by
// the next process, and takes effect once.
func TestOnce(t *testing.T) {
	r := newRig(t)
	stop := r.start()
	command, order := r.order(1, "dhcprenew", `{}`)
	first := r.end(command)
	r.wants(first, succeeded, "")
	again := func() {
		t.Helper()
		r.server.Give(r.address, order)
		if got := r.end(command); !reflect.DeepEqual(got, first) {
			t.Errorf("answered %+v, want %+v", got, first)
		}
	}
	again()
	must(t, stop())
	r.start()
	again()
	if n := r.machine.count(); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

// A report that nobody acknowledged is sent again, by this process and the next.
func TestUnacknowledged(t *testing.T) {
	r := newRig(t)
	r.server.Silence(true)
	stop := r.start()
	command, _ := r.order(1, "dhcprenew", `{}`)
	r.wants(r.end(command), succeeded, "")
	r.server.StopBus()
	r.server.StartBus()
	r.wants(r.end(command), succeeded, "")
	must(t, stop())
	r.server.Silence(false)
	r.start()
	r.wants(r.end(command), succeeded, "")
	linetest.Eventually(t, "the report is settled", func() bool {
		s, err := Look(r.dir)
		return err == nil && s.Unsettled == 0 && s.Open == 0 && s.Running && s.Connected
	})
}

// crash stops the agent as kill -9 would: what it wrote afterwards is lost.
func (r *rig) crash(stop func() error) {
	r.Helper()
	kept := filepath.Join(r.TempDir(), "kept")
	must(r.T, os.CopyFS(kept, os.DirFS(r.dir)))
	must(r.T, stop())
	must(r.T, os.RemoveAll(r.dir))
	must(r.T, os.CopyFS(r.dir, os.DirFS(kept)))
}

func TestCrashInTheMiddle(t *testing.T) {
	t.Run("of what may not be repeated", func(t *testing.T) {
		r := newRig(t)
		begun := make(chan struct{})
		r.machine.renew = func(ctx context.Context) error { close(begun); <-ctx.Done(); return ctx.Err() }
		stop := r.start()
		command, order := r.order(1, "dhcprenew", `{}`)
		<-begun
		r.crash(stop)
		r.start()
		r.wants(r.end(command), failed, "interrupted")
		r.server.Give(r.address, order)
		r.wants(r.end(command), failed, "interrupted")
		if n := r.machine.count(); n != 1 {
			t.Errorf("%d effects, want 1", n)
		}
	})
	t.Run("of what may be repeated", func(t *testing.T) {
		r := newRig(t)
		stop := r.start()
		command, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`)
		r.begun(command)
		r.crash(stop)
		r.machine.ask = func(context.Context) (map[string]string, error) { return map[string]string{"a": "b"}, nil }
		r.start()
		got := r.end(command)
		r.wants(got, succeeded, "")
		if !maps.Equal(got.Identity, map[string]string{"a": "b"}) {
			t.Errorf("identity %v", got.Identity)
		}
	})
	t.Run("before it began", func(t *testing.T) {
		r := newRig(t)
		begun := make(chan struct{}, 1)
		r.machine.renew = func(ctx context.Context) error { begun <- struct{}{}; <-ctx.Done(); return ctx.Err() }
		stop := r.start()
		first, _ := r.order(1, "dhcprenew", `{}`)
		<-begun
		second, _ := r.order(2, "dhcprenew", `{}`)
		linetest.Eventually(t, "the second is in the journal", func() bool { s, err := Look(r.dir); return err == nil && s.Open == 2 })
		r.crash(stop)
		r.machine.renew = nil
		r.start()
		ends := map[string]string{}
		for len(ends) < 2 {
			if got := r.next(); got.State != running {
				ends[got.Command] = got.State + got.Reason
			}
		}
		if want := map[string]string{first: "failedinterrupted", second: "succeeded"}; !maps.Equal(ends, want) {
			t.Errorf("got %v, want %v", ends, want)
		}
		if n := r.machine.count(); n != 2 {
			t.Errorf("%d effects, want 2", n)
		}
	})
}

// Lanes do not wait for each other, and a cancelled job ends what runs and what
// waits.
func TestLanesAndCancel(t *testing.T) {
	r := newRig(t)
	r.start()
	asking, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`)
	r.begun(asking)
	waiting, _ := r.order(2, "re-identify", `{"fields":[{"name":"a"}]}`)
	beside, _ := r.order(3, "dhcprenew", `{}`)
	r.wants(r.end(beside), succeeded, "")
	r.server.Cancel(r.address, 2)
	r.server.Cancel(r.address, 1)
	ends := map[string]link.Report{}
	for len(ends) < 2 {
		if got := r.next(); got.State != running {
			ends[got.Command] = got
		}
	}
	r.wants(ends[asking], failed, "cancelled")
	r.wants(ends[waiting], failed, "cancelled")
}

func TestTimeRunsOut(t *testing.T) {
	r := newRig(t)
	r.start()
	command, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`, func(h *seal.Header) {
		h.FinishBy = h.DeliverBy.Add(100 * time.Millisecond)
	})
	r.wants(r.end(command), failed, "execution")
	command, _ = r.order(2, "dhcprenew", `{}`, func(h *seal.Header) {
		h.DeliverBy, h.FinishBy = h.Issued.Add(-4*time.Minute), h.Issued.Add(-3*time.Minute)
	})
	r.wants(r.end(command), failed, "execution")
	command, _ = r.order(3, "dhcprenew", `{}`, func(h *seal.Header) { h.DeliverBy = h.Issued.Add(-6 * time.Minute) })
	r.wants(r.end(command), refused, "delivery")
	if n := r.machine.count(); n != 0 {
		t.Errorf("%d effects, want none", n)
	}
}

func TestForgedOrder(t *testing.T) {
	r := newRig(t)
	r.start()
	good, order := r.order(1, "dhcprenew", `{}`)
	r.wants(r.end(good), succeeded, "")
	order.Header.Action = retire // under the id of a command that is known
	r.server.Give(r.address, order)
	order.Header.Job = 9
	r.server.Give(r.address, order)
	r.wants(r.end(order.Command()), refused, "seal")
	if s, err := Look(r.dir); err != nil || !s.Enrolled || r.machine.count() != 1 {
		t.Errorf("%+v, %v, %d effects", s, err, r.machine.count())
	}
}

func TestPolicyRefuses(t *testing.T) {
	r := newRig(t)
	allowed := t.TempDir()
	must(t, os.WriteFile(filepath.Join(allowed, "file"), []byte("harmless"), 0o600))
	must(t, os.Symlink("/", filepath.Join(allowed, "everything")))
	path := filepath.Join(t.TempDir(), "policy.json")
	must(t, os.WriteFile(path, fmt.Appendf(nil, `{"actions":{"dhcprenew":false},"scan_paths":[%q]}`, allowed), 0o600))
	var err error
	r.policy, err = ReadPolicy(path)
	must(t, err)
	stop := r.start()
	for i, tt := range []struct{ action, params, want string }{
		{"dhcprenew", `{}`, refused},
		{"scan_threats", `{"full_scan":1}`, refused},
		{"scan_threats", `{"scan_types":[1]}`, refused},
		{"scan_threats", `{"scan_types":[4,0],"path":"` + allowed + `"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"/etc"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"` + allowed + `x"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"` + allowed + `/../"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"` + allowed + `/everything/etc"}`, refused},
		{"scan_threats", `{"scan_types":[4],"path":"` + allowed + `"}`, succeeded},
	} {
		command, _ := r.order(int64(i+1), tt.action, tt.params)
		got := r.end(command)
		r.wants(got, tt.want, map[string]string{refused: "policy"}[tt.want])
		if tt.want == refused && !strings.Contains(got.Message, "local policy") {
			t.Errorf("message %q", got.Message)
		}
	}
	// The refusal stands, whatever the policy says later.
	must(t, stop())
	r.policy = &Policy{}
	r.start()
	_, order := r.order(1, "dhcprenew", `{}`)
	r.wants(r.end(order.Command()), refused, "policy")
	if n := r.machine.count(); n != 0 {
		t.Errorf("%d effects, want none", n)
	}
}

func TestFetchLog(t *testing.T) {
	r := newRig(t)
	log, err := OpenLog(r.dir)
	must(t, err)
	fmt.Fprintln(log, "something happened")
	must(t, log.Close())
	r.start()
	command, _ := r.order(1, "fetch_agent_log", `{}`)
	got := r.end(command)
	r.wants(got, succeeded, "")
	var result struct{ Size int }
	if err := json.Unmarshal(got.Result, &result); err != nil || result.Size == 0 || len(r.server.Uploads()[command]) != result.Size {
		t.Errorf("result %s, %v; %d bytes arrived", got.Result, err, len(r.server.Uploads()[command]))
	}
	if left, _ := os.ReadDir(filepath.Join(r.dir, "uploads")); len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
	identity, err := (&State{dir: r.dir}).Identity()
	must(t, err)
	if len(identity.Seed) == 0 || strings.Contains(string(r.server.Uploads()[command]), string(identity.Seed)) {
		t.Error("the private key is in the archive, or there is none")
	}
}

func TestRetire(t *testing.T) {
	r := newRig(t)
	stop := r.start()
	asking, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`)
	r.begun(asking)
	command, _ := r.order(2, retire, `{}`)
	r.wants(r.end(command), succeeded, "")
	linetest.Eventually(t, "the identity is gone", func() bool { s, err := Look(r.dir); return err == nil && !s.Enrolled && !s.Running })
	if err := stop(); !errors.Is(err, ErrRetired) {
		t.Errorf("Run returned %v", err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, journalFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal is left: %v", err)
	}
}

// An agent that is stopped after it reported its leave, before the server
// answered, leaves when it starts again.
func TestRetireAfterCrash(t *testing.T) {
	r := newRig(t)
	r.server.Silence(true)
	stop := r.start()
	command, _ := r.order(1, retire, `{}`)
	r.wants(r.end(command), succeeded, "")
	r.crash(stop)
	r.server.Silence(false)
	stop = r.start()
	r.wants(r.end(command), succeeded, "")
	linetest.Eventually(t, "the identity is gone", func() bool { s, err := Look(r.dir); return err == nil && !s.Enrolled && !s.Running })
	if err := stop(); !errors.Is(err, ErrRetired) {
		t.Errorf("Run returned %v", err)
	}
}

func TestLeaving(t *testing.T) {
	r := newRig(t)
	stop := r.start()
	if _, err := OpenState(r.dir); err == nil || !strings.Contains(err.Error(), "is running") {
		t.Errorf("a second agent on one folder: %v", err)
	}
	must(t, stop())
	state, err := OpenState(r.dir)
	must(t, err)
	defer state.Close()
	must(t, state.Retire(t.Context()))
	if i, err := state.Identity(); err != nil || i.Enrolled() || i.Seed != nil || !r.server.Retired()[r.address] {
		t.Errorf("left, but %+v, %v", i, err)
	}
	if err := state.Retire(t.Context()); err == nil || !strings.Contains(err.Error(), "not enrolled") {
		t.Errorf("left twice: %v", err)
	}
}

// Results that nobody fetches wait on the disk and not in memory.
func TestMemoryWhileTheServerIsAway(t *testing.T) {
	r := newRig(t)
	r.server.Silence(true)
	answer := map[string]string{"a": strings.Repeat("x", 200<<10)}
	r.machine.ask = func(context.Context) (map[string]string, error) { return answer, nil }
	r.start()
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	orders := make([]link.Order, 30)
	for i := range orders {
		orders[i] = r.server.Seal(r.server.Header(int64(i+1), "re-identify", `{"fields":[{"name":"a"}]}`), r.address)[0]
	}
	r.server.Give(r.address, orders[0])
	r.wants(r.end(orders[0].Command()), succeeded, "")
	before := heap()
	r.server.Give(r.address, orders[1:]...)
	linetest.Eventually(t, "all were received", func() bool { s, err := Look(r.dir); return err == nil && s.Open+s.Unsettled == len(orders) })
	r.server.StopBus()
	linetest.Eventually(t, "all have ended", func() bool { s, err := Look(r.dir); return err == nil && s.Unsettled == len(orders) })
	for len(r.server.Reports()) > 0 {
		r.next()
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("30 results of 200 kB grew the heap by %d kB", grown>>10)
	}
}
