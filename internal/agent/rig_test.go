package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/host"
	"reeve/internal/agent/linetest"
	"reeve/internal/agent/scan"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// withLeases, in the environment, makes a fakeMachine renew real leases.
const withLeases = "REEVE_TEST_LEASES"

// A fakeMachine does what a test says, and writes a line to a file for every
// effect: outside the journal, which is what is tested.
type fakeMachine struct {
	state   string
	effects string

	hostname   atomic.Pointer[string] // "one" if nil
	neighbours atomic.Pointer[[]reeve.Sighting]
	renew      func(ctx context.Context) error
	ask        func(ctx context.Context) (act.Answers, error)
	opens      func(path string) // called before a file is opened
}

func (m *fakeMachine) System() string { return "linux" }
func (m *fakeMachine) Hostname() string {
	if name := m.hostname.Load(); name != nil {
		return *name
	}
	return "one"
}
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
func (m *fakeMachine) Neighbours() ([]reeve.Sighting, error) {
	if seen := m.neighbours.Load(); seen != nil {
		return *seen, nil
	}
	return nil, nil
}
func (m *fakeMachine) Volumes() ([]act.Volume, error) {
	return []act.Volume{{Kind: act.SystemVolume, Root: "/"}}, nil
}
func (m *fakeMachine) OpenFile(in *os.File, name string, _ bool) (*os.File, error) {
	if in != nil {
		name = filepath.Join(in.Name(), name)
	}
	if m.opens != nil {
		m.opens(name)
	}
	return os.Open(name)
}
func (m *fakeMachine) Device(fs.FileInfo) uint64 { return 1 }
func (m *fakeMachine) Quietly(f func())          { f() }
func (m *fakeMachine) Boot() (act.Boot, error)   { return act.Boot{}, errors.New("not here") }
func (m *fakeMachine) Processes() (iter.Seq2[*scan.Process, error], error) {
	return nil, errors.New("not here")
}
func (m *fakeMachine) Engines(host.EngineSetup) []scan.Engine { return nil }

func (m *fakeMachine) PutAway(context.Context, act.PutAway) (string, error) { return "", nil }
func (m *fakeMachine) PutAwayBy(string) ([]act.PutAway, error)              { return nil, nil }
func (m *fakeMachine) BringBack(context.Context, string) (string, error)    { return "", nil }

func (m *fakeMachine) RenewDHCP(ctx context.Context, w act.RenewWish) ([]act.Renewal, error) {
	if os.Getenv(withLeases) != "" {
		return host.Open(m.state).RenewDHCP(ctx, w)
	}
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

func (m *fakeMachine) Ask(ctx context.Context, _ string, _ []reeve.IdentityField) (act.Answers, error) {
	if m.ask != nil {
		return m.ask(ctx)
	}
	<-ctx.Done()
	return act.Answers{}, ctx.Err()
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
	look    time.Duration
	prepare func(*loop)
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
		o := Options{State: state, Identity: i, Machine: r.machine, Log: log, look: r.look,
			Policy: func() (*Policy, error) { return r.policy, nil }}
		l, err := newLoop(o)
		if err == nil {
			if r.prepare != nil {
				r.prepare(l)
			}
			err = l.run(ctx, o)
		}
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

// crash stops the agent as kill -9 would: what it wrote afterwards is lost.
func (r *rig) crash(stop func() error) {
	r.Helper()
	kept := filepath.Join(r.TempDir(), "kept")
	must(r.T, os.CopyFS(kept, os.DirFS(r.dir)))
	must(r.T, stop())
	must(r.T, os.RemoveAll(r.dir))
	must(r.T, os.CopyFS(r.dir, os.DirFS(kept)))
}
