package proof

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/agent"
	"reeve/internal/agent/line"
	"reeve/internal/swarm"
)

// An agentProcess is a `reeve-agent run` that can be killed and started again
// on the same state folder.
type agentProcess struct {
	t      testing.TB
	state  string
	policy string // file
	server *server
	via    []string            // what runs the program, such as in a network namespace
	exe    string              // the program, if not this system's own
	path   func(string) string // writes this machine's paths as the program does, nil for as they are
	log    *transcript

	*process
	id string // of the device, once it has enrolled
}

// newAgent prepares an agent with a policy, nil for none, and starts nothing.
func newAgent(t testing.TB, s *server, policy *agent.Policy) *agentProcess {
	t.Helper()
	dir := t.TempDir()
	a := &agentProcess{t: t, state: filepath.Join(dir, "state"), server: s, log: newTranscript(t, "the agent")}
	if policy != nil {
		a.policy = filepath.Join(dir, "policy.json")
		text, err := json.Marshal(policy)
		must(t, err)
		must(t, os.WriteFile(a.policy, text, 0o600))
	}
	return a
}

// start starts the agent and waits until it is connected.
func (a *agentProcess) start() *agentProcess {
	a.t.Helper()
	before := strings.Count(a.log.String(), "msg=connected")
	a.launch()
	eventually(a.t, time.Minute, "the agent is connected", func() bool {
		if !a.running() {
			a.t.Fatalf("the agent ended: %v\n%s", a.err, a.log.tail())
		}
		return strings.Count(a.log.String(), "msg=connected") > before
	})
	return a
}

func (a *agentProcess) launch() {
	a.t.Helper()
	code := filepath.Join(filepath.Dir(a.state), "code")
	must(a.t, os.WriteFile(code, []byte(a.server.first.RegistrationCode+"\n"), 0o600))
	args := a.command("run", "--server", a.server.first.URL, "--pin", a.server.first.Pin,
		"--code-file", a.written(code), "--state", a.written(a.state))
	if a.policy != "" {
		args = append(args, "--policy", a.written(a.policy))
	}
	a.process = run(a.t, a.log, args[0], args[1:]...)
}

// command is a command line of the agent's program.
func (a *agentProcess) command(args ...string) []string {
	return slices.Concat(a.via, []string{cmp.Or(a.exe, program("reeve-agent"))}, args)
}

func (a *agentProcess) written(path string) string {
	if a.path == nil {
		return path
	}
	return a.path(path)
}

// device returns the agent's device id.
func (a *agentProcess) device() string {
	a.t.Helper()
	if a.id == "" {
		status, err := agent.Look(a.state)
		must(a.t, err)
		a.id = status.Device
	}
	return a.id
}

// identity reads who the agent is.
func (a *agentProcess) identity() agent.Identity {
	a.t.Helper()
	var i agent.Identity
	text, err := os.ReadFile(filepath.Join(a.state, "identity.json"))
	must(a.t, err)
	must(a.t, json.Unmarshal(text, &i))
	return i
}

func (a *agentProcess) publicKey() []byte {
	a.t.Helper()
	key, err := line.KeyOf(a.identity().Seed)
	must(a.t, err)
	return key.Public()
}

// one is a fleet of one kind of persistent Linux agents.
func one(change func(*swarm.Kind)) swarm.Fleet {
	k := swarm.Kind{
		Name: "any", Share: 1, Agent: "persistent", System: "linux", Version: "26.11.0.0", Hostname: "h{n}",
		Actions: []string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats"},
	}
	change(&k)
	return swarm.Fleet{Kinds: []swarm.Kind{k}}
}

// A crowd is a swarm that runs in this process.
type crowd struct {
	*swarm.Swarm
	effects string // file with one line for each effect
	ready   chan struct{}
	stop    func()
}

// muster runs a swarm until the test ends, and waits until it is connected.
func muster(t testing.TB, s *server, count int, fleet swarm.Fleet) *crowd {
	t.Helper()
	c := summon(t, s, count, fleet)
	select {
	case <-c.ready:
	case <-time.After(time.Minute):
		t.Fatalf("the swarm is not ready: %+v", c.Stats())
	}
	return c
}

// summon is muster that does not wait.
func summon(t testing.TB, s *server, count int, fleet swarm.Fleet) *crowd {
	t.Helper()
	c := &crowd{effects: filepath.Join(t.TempDir(), "effects"), ready: make(chan struct{})}
	var err error
	c.Swarm, err = swarm.New(swarm.Options{
		Server: s.first.URL, Pin: s.first.Pin, Code: s.first.RegistrationCode, Count: count, Fleet: fleet, Seed: 1,
		Hold: true, Effects: c.effects, Ready: func(swarm.Stats) { close(c.ready) },
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(c.stop)
	return c
}

// lines returns the effects noted so far.
func (c *crowd) lines(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(c.effects)
	must(t, err)
	return strings.Fields(string(text))
}

// devices returns all devices of the inventory.
func (s *server) devices() []client.Device {
	s.t.Helper()
	return collect(s.t, s.own.Devices(s.t.Context(), client.DeviceFilter{}))
}

// collect reads a list to its end.
func collect[T any](t testing.TB, list func(func(T, error) bool)) []T {
	t.Helper()
	var out []T
	for item, err := range list {
		must(t, err)
		out = append(out, item)
	}
	return out
}

// order places an action by way of the published API and returns the job.
func (s *server) order(o client.Order) client.Placement {
	s.t.Helper()
	p, err := s.own.Place(s.t.Context(), o, "")
	must(s.t, err)
	return p
}

// ended waits until a command is in a final state.
func (s *server) ended(id string, within time.Duration) client.Command {
	s.t.Helper()
	var c client.Command
	eventually(s.t, within, "command "+id+" has ended", func() bool {
		var err error
		c, err = s.own.Command(s.t.Context(), id)
		must(s.t, err)
		return isFinal(c.State)
	})
	return c
}

func isFinal(state string) bool {
	return !slices.Contains([]string{"queued", "sent", "running"}, state)
}
