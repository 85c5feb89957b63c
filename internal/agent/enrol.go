package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/host"
	"reeve/internal/agent/line"
	"reeve/internal/agent/scan"
	"reeve/internal/link"
)

// A Machine is the computer, as the loop needs it: what the actions do on it,
// and what the server is told of it.
type Machine interface {
	System() string
	Hostname() string
	Facts() reeve.Facts
	HardwareID() (string, error)

	Can(action string) bool
	StateDir() string
	act.DHCPHost
	act.AskHost
	act.ScanMachine
	Neighbours() ([]reeve.Sighting, error)
	Engines(host.EngineSetup) []scan.Engine
	PutAway(ctx context.Context, found act.PutAway) (string, error)
	PutAwayBy(command string) ([]act.PutAway, error)
	BringBack(ctx context.Context, id string) (string, error)
}

// body is the Host of the actions: the machine and the agent on it.
type body struct {
	Machine
	policy   *Policy         // under which the command began
	kind     reeve.AgentKind // Persistent if zero
	identity Identity
	journal  *journal
	since    time.Time // when it was started
	settings *settings // nil before the device is enrolled
}

func (b body) MayScan(path string) bool { return b.policy.MayScan(path) }
func (b body) Engines() []scan.Engine {
	return b.Machine.Engines(host.EngineSetup{Rules: b.RuleDirs(), Cache: filepath.Join(b.StateDir(), "yara"), Clamd: b.policy.Clamd})
}

// OnlyEngines are those that the machine's owner and the server both name. Who
// names none lets the other choose; if they agree on none, there is none.
func (b body) OnlyEngines() []string {
	only := slices.Clone(b.policy.Engines)
	if wanted := b.settings.InForce().Engines; len(wanted) > 0 {
		if len(only) == 0 {
			return wanted
		}
		only = slices.DeleteFunc(only, func(name string) bool { return !slices.Contains(wanted, name) })
	}
	return only
}

func (b body) Quarantines() bool   { return b.settings.InForce().Quarantine }
func (b body) MayQuarantine() bool { return b.policy.MayQuarantine() }
func (b body) SignatureDirs() []string {
	return append([]string{b.policy.SignatureDir(b.StateDir())}, b.settings.folder("signatures")...)
}
func (b body) RuleDirs() []string {
	return append([]string{b.policy.RuleDir(b.StateDir())}, b.settings.folder("rules")...)
}
func (b body) Logs() []string { return Logs(b.StateDir()) }

// hello says who is there. An action that the policy forbids is named too, see
// Policy.
func (b body) hello() link.Hello {
	return b.introduction(b.describe())
}

// describe returns what the server is told of the machine.
func (b body) describe() reeve.Facts {
	facts := b.Facts()
	facts.Networks = telling(facts.Networks)
	facts.Users = facts.Users[:min(len(facts.Users), maxUsers)]
	facts.Disks = facts.Disks[:min(len(facts.Disks), maxDisks)]
	facts.AgentSince = b.since
	facts.Settings = b.settings.report()
	return facts
}

func (b body) introduction(facts reeve.Facts) link.Hello {
	hello := link.Hello{
		Version: Version, Kind: cmp.Or(b.kind, reeve.Persistent).String(), System: b.System(), Hostname: b.Hostname(),
		Actions: append(act.Offered(b), retire), MACs: []string{},
	}
	hello.Hardware, _ = b.HardwareID() // without one the key is identity enough
	for _, n := range facts.Networks {
		hello.MACs = append(hello.MACs, n.MAC)
	}
	hello.Facts, _ = json.Marshal(facts) // plain data, which cannot fail
	return hello
}

// Limits of a Hello: the server refuses one that names more.
const (
	maxNetworks = 64
	maxIPs      = 32
	maxUsers    = 32
	maxDisks    = 64
)

// telling leaves what a server takes: a host of many containers has more
// interfaces than are worth telling, and not every hardware address is a MAC.
func telling(all []reeve.Network) (some []reeve.Network) {
	for _, n := range all {
		if mac, ok := reeve.ParseMAC(n.MAC); ok && mac != 0 && len(some) < maxNetworks {
			n.IPv4, n.IPv6 = n.IPv4[:min(len(n.IPv4), maxIPs)], n.IPv6[:min(len(n.IPv6), maxIPs)]
			some = append(some, n)
		}
	}
	return some
}

// Enrolment is what it takes to get a place on a server.
type Enrolment struct {
	Server  string          // such as https://host:8443
	Pin     string          // of the server's root key; may be empty on loopback without TLS
	Code    string          // registration code
	Kind    reeve.AgentKind // default Persistent
	Machine Machine
	Log     *slog.Logger
}

// Enrol makes the state folder's device a member of the server's account, if
// it is not yet. An error of the kind Invalid is about e itself. As long as the
// server cannot be reached it tries again, until ctx ends.
func (s *State) Enrol(ctx context.Context, e Enrolment) (Identity, error) {
	i, err := s.Identity()
	if err != nil {
		return Identity{}, err
	}
	if e.Server == "" {
		e.Server = i.Server
	}
	if i.Enrolled() && e.Pin != "" && e.Pin != line.Pin(i.Root) {
		return Identity{}, errors.New("this state folder belongs to a server with another pin; use another folder, or retire this agent first")
	}
	if i.Enrolled() && e.Server == i.Server {
		return i, nil
	}
	if i.Enrolled() {
		e.Pin = line.Pin(i.Root)
	}
	if e.Server == "" || e.Code == "" {
		return Identity{}, reeve.Errorf(reeve.Invalid, "this agent is not enrolled yet: give it --server, --pin and a registration code with --code-file or --code")
	}
	door, err := line.Open(e.Server, e.Pin)
	if err != nil { // nothing was asked yet: it is what was given
		return Identity{}, reeve.Errorf(reeve.Invalid, "%v", err)
	}
	defer door.CloseIdle()
	if i.Seed == nil {
		// A leave that was cut off may have left orders to another device.
		if err := s.Forget(); err != nil {
			return Identity{}, err
		}
		i.Seed = line.NewKey().Seed()
		i.Server, i.Pin = e.Server, e.Pin
		if err := s.keep(i); err != nil {
			return Identity{}, err
		}
	}
	key, err := line.KeyOf(i.Seed)
	if err != nil {
		return Identity{}, err
	}
	hello := body{Machine: e.Machine, kind: e.Kind}.hello()
	for failures := 1; ; failures++ {
		i.Member, err = door.Enrol(ctx, key, e.Code, hello)
		if err == nil {
			break
		}
		if _, final := errors.AsType[*line.Refusal](err); final || errors.Is(err, line.ErrNotPinned) || ctx.Err() != nil {
			return Identity{}, err
		}
		wait := line.Backoff(failures)
		e.Log.WarnContext(ctx, "not enrolled yet", "err", err, "next_try", wait.Round(time.Millisecond))
		if !line.Pause(ctx, wait) {
			return Identity{}, fmt.Errorf("stopped before the enrolment: %w", err)
		}
	}
	i.Server, i.Pin = e.Server, line.Pin(i.Root)
	if err := s.keep(i); err != nil {
		return Identity{}, err
	}
	e.Log.InfoContext(ctx, "enrolled", "device", i.Place.Device, "account", i.Place.Account, "server", i.Server)
	return i, nil
}

// Retire tells the server that the device leaves, and forgets the enrolment.
func (s *State) Retire(ctx context.Context) error {
	i, err := s.Identity()
	if err != nil {
		return err
	}
	if !i.Enrolled() {
		return errors.New("this agent is not enrolled, so there is nothing to leave")
	}
	key, err := line.KeyOf(i.Seed)
	if err != nil {
		return err
	}
	door, err := line.Open(i.Server, line.Pin(i.Root))
	if err != nil {
		return err
	}
	defer door.CloseIdle()
	if err := door.Retire(ctx, key); err != nil {
		return err
	}
	return s.Forget()
}
