package swarm

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"reeve"
	"reeve/internal/action"
)

//go:embed fleet.yaml
var defaultFleet []byte

// A Fleet says what the simulated devices are like. Its file is documented in
// fleet.yaml, which is also the default.
type Fleet struct {
	Kinds []Kind `yaml:"kinds"`
}

// A Kind is one sort of devices of a fleet.
type Kind struct {
	Name      string            `yaml:"name"`
	Share     int               `yaml:"share"`
	Agent     string            `yaml:"kind"`
	System    string            `yaml:"system"`
	Version   string            `yaml:"version"`
	Hostname  string            `yaml:"hostname"`
	MACs      int               `yaml:"macs"`
	Facts     Facts             `yaml:"facts"`
	Actions   []string          `yaml:"actions"`
	Offline   float64           `yaml:"offline"`
	BackAfter time.Duration     `yaml:"back_after"`
	Work      map[string]Work   `yaml:"work"`
	Identity  map[string]string `yaml:"identity"`
}

// Facts describe the machines of a kind.
type Facts struct {
	OSName       string `yaml:"os_name"`
	OSVersion    string `yaml:"os_version"`
	Architecture string `yaml:"arch"`
	Type         string `yaml:"type"`
	User         string `yaml:"user"`
}

// Work is how an action goes on devices of a kind.
type Work struct {
	Min     time.Duration `yaml:"min"`
	Max     time.Duration `yaml:"max"`
	Fails   float64       `yaml:"fails"`
	Threats float64       `yaml:"threats"`
}

// DefaultFleet returns the mixed fleet of fleet.yaml.
func DefaultFleet() Fleet {
	f, err := ParseFleet(defaultFleet)
	if err != nil {
		panic(err) // a test reads it
	}
	return f
}

// goType is what YAML's complaints say of a type of ours, which is not for people.
var goType = regexp.MustCompile(` (in type|into) swarm\.\w+$`)

// ParseFleet reads a fleet from YAML. A member that it does not know is an
// error, since it is more likely misspelt than meant to be without effect.
func ParseFleet(text []byte) (f Fleet, err error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err = d.Decode(&f); errors.Is(err, io.EOF) {
		err = errors.New("it is empty")
	}
	if err == nil {
		err = f.check()
	}
	if all, ok := errors.AsType[*yaml.TypeError](err); ok {
		err = errors.New(goType.ReplaceAllString(all.Errors[0], "")) // one sentence; the next one shows when this is mended
	}
	if err != nil {
		return Fleet{}, reeve.Errorf(reeve.Invalid, "the fleet file is not usable: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return f, nil
}

func (f *Fleet) check() error {
	if len(f.Kinds) == 0 {
		return errors.New("it names no kinds")
	}
	for i := range f.Kinds {
		if err := f.Kinds[i].check(); err != nil {
			return fmt.Errorf("kind %d (%s): %w", i+1, f.Kinds[i].Name, err)
		}
	}
	return nil
}

const maxMACs = 16

func (k *Kind) check() error {
	if k.MACs == 0 {
		k.MACs = 1
	}
	agent, knownAgent := reeve.ParseAgentKind(k.Agent)
	_, knownSystem := reeve.ParseSystem(k.System)
	_, knownVersion := reeve.ParseVersion(k.Version)
	switch {
	case k.Share < 1:
		return errors.New("share must be at least 1")
	case !knownAgent || agent == reeve.NoAgent:
		return fmt.Errorf("%q is not a kind of agent", k.Agent)
	case !knownSystem:
		return fmt.Errorf("%q is not a system", k.System)
	case !knownVersion:
		return fmt.Errorf("%q is not a version", k.Version)
	case k.Hostname == "":
		return errors.New("hostname is missing")
	case k.MACs < 0 || k.MACs > maxMACs:
		return fmt.Errorf("macs must be 1 to %d", maxMACs)
	case !isShare(k.Offline) || k.BackAfter < 0:
		return errors.New("offline must be 0 to 1 and back_after not negative")
	}
	for _, name := range k.Actions {
		if err := agentAction(name); err != nil {
			return err
		}
	}
	for name, w := range k.Work {
		if err := agentAction(name); err != nil {
			return err
		}
		if w.Min < 0 || w.Max < w.Min || !isShare(w.Fails) || !isShare(w.Threats) {
			return fmt.Errorf("work on %s: min and max must be in order, fails and threats 0 to 1", name)
		}
	}
	if !slices.Contains(k.Actions, retire) {
		k.Actions = append(k.Actions, retire)
	}
	return nil
}

func agentAction(name string) error {
	if d, ok := action.Lookup(name); !ok || !d.Agent {
		return fmt.Errorf("%q is not an action of agents", name)
	}
	return nil
}

func isShare(x float64) bool { return x >= 0 && x <= 1 }

// A place is what a fleet makes of one device.
type place struct {
	kind *Kind
	away bool // enrols and is not seen again, or not soon
}

// places says what each of n devices is. Kinds are mixed so that every part of
// the row is a fair sample of the fleet, and a longer row begins like a shorter
// one: a device stays what it is when the fleet grows.
func (f *Fleet) places(n int) []place {
	row := make([]place, n)
	credit := make([]int, len(f.Kinds))
	seen := make([]int, len(f.Kinds))
	total := 0
	for _, k := range f.Kinds {
		total += k.Share
	}
	for i := range row {
		best := 0
		for j := range f.Kinds {
			credit[j] += f.Kinds[j].Share
			if credit[j] > credit[best] {
				best = j
			}
		}
		credit[best] -= total
		k := &f.Kinds[best]
		before := int(float64(seen[best]) * k.Offline)
		seen[best]++
		row[i] = place{k, int(float64(seen[best])*k.Offline) > before}
	}
	return row
}
