package said

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"reeve"
	"reeve/internal/link"
)

// Limits on the parts of a Hello, beside that on the whole.
const (
	maxNonce    = 64
	maxHostname = 253 // as in the DNS
	maxMACs     = 64
	maxNetworks = 64
	maxIPs      = 32 // of one network, in each version
	maxUsers    = 32
	maxDisks    = 64
)

// A Hello is what an agent says of itself and its machine.
type Hello struct {
	Nonce      []byte
	Kind       reeve.AgentKind
	System     reeve.System
	Version    reeve.Version
	Abilities  reeve.Abilities
	Hostname   string
	HardwareID string
	MACs       []reeve.MAC // without repeats, in order
	Facts      reeve.Facts
}

// ReadHello reads a Hello from the bus.
func ReadHello(data []byte) (Hello, error) {
	var h link.Hello
	if len(data) > link.MaxHello {
		return Hello{}, errors.New("the Hello is too long")
	}
	if err := json.Unmarshal(data, &h); err != nil {
		return Hello{}, errors.New("the Hello is not the JSON that it should be")
	}
	if len(h.Nonce) == 0 {
		return Hello{}, errors.New("the Hello has no nonce")
	}
	return CheckHello(h)
}

// CheckHello checks a Hello that was decoded.
func CheckHello(h link.Hello) (Hello, error) {
	version, okVersion := reeve.ParseVersion(h.Version)
	kind, okKind := reeve.ParseAgentKind(h.Kind)
	switch {
	case h.Protocol < 1:
		return Hello{}, errors.New("the Hello names no protocol")
	case len(h.Nonce) > maxNonce:
		return Hello{}, errors.New("the Hello has too long a nonce")
	case !okVersion:
		return Hello{}, errors.New("the Hello names no version of the agent in dotted numbers")
	case !okKind || kind == reeve.NoAgent:
		return Hello{}, errors.New("the Hello names a kind of agent that is not known")
	case len(h.MACs) > maxMACs:
		return Hello{}, errors.New("the Hello has too many MACs")
	}
	// A system that is not known yet counts as another one.
	system, _ := reeve.ParseSystem(h.System)
	out := Hello{
		Nonce: h.Nonce, Kind: kind, System: system, Version: version, Abilities: reeve.AbilitiesOf(h.Actions),
		Hostname: Line(h.Hostname, maxHostname), HardwareID: Line(h.Hardware, MaxText),
	}
	for _, text := range h.MACs {
		mac, ok := reeve.ParseMAC(text)
		if !ok || mac == 0 {
			return Hello{}, errors.New("the Hello has a malformed MAC")
		}
		out.MACs = append(out.MACs, mac)
	}
	slices.Sort(out.MACs)
	out.MACs = slices.Compact(out.MACs)
	var err error
	out.Facts, err = readFacts(h.Facts)
	return out, err
}

func readFacts(raw json.RawMessage) (f reeve.Facts, err error) {
	if len(raw) == 0 {
		return f, nil
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, errors.New("the Hello has facts in another shape than they should have")
	}
	if len(f.Networks) > maxNetworks {
		return f, errors.New("the Hello has too many networks")
	}
	for _, s := range []*string{&f.OSName, &f.OSVersion, &f.Architecture, &f.User, &f.Type} {
		*s = Line(*s, MaxText)
	}
	for _, at := range []time.Time{f.LastReboot, f.AgentSince} {
		if y := at.Year(); y < 1 || y > 9999 {
			return f, errors.New("the Hello has a time that is out of range")
		}
	}
	f.Users = lines(f.Users, maxUsers)
	f.Memory = max(f.Memory, 0)
	f.Disks = f.Disks[:min(len(f.Disks), maxDisks)]
	for i := range f.Disks {
		d := &f.Disks[i]
		d.Name, d.Type = Line(d.Name, MaxText), Line(d.Type, MaxText)
		d.Size, d.Free = max(d.Size, 0), max(d.Free, 0)
	}
	if h := f.Settings; h != nil {
		h.Digest, h.Set, h.Problem = Line(h.Digest, MaxText), Line(h.Set, MaxText), Line(h.Problem, MaxText)
	}
	for i := range f.Networks {
		n := &f.Networks[i]
		n.Name, n.MAC = Line(n.Name, MaxText), Line(n.MAC, MaxText)
		n.IPv4, n.IPv6 = lines(n.IPv4, maxIPs), lines(n.IPv6, maxIPs)
	}
	return f, nil
}

func lines(texts []string, most int) []string {
	texts = texts[:min(len(texts), most)]
	for i := range texts {
		texts[i] = Line(texts[i], MaxText)
	}
	return texts
}
