package said

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"reeve"
)

// MaxCommunity is the largest body of the community agent's protocol in bytes:
// a health report lists the applications of a machine.
const MaxCommunity = 1 << 20

// ReadRegistration reads how a community agent introduces itself. It offers no
// actions, and what it says beyond a Hello is passed by. One that does not say
// what machine it is on is refused: the record would take a seat for nothing that
// anybody could find.
//
// Source: the protocol's call "register".
func ReadRegistration(data []byte) (Hello, error) {
	var r struct {
		AgentVersion string `json:"agent_version"`
		DeviceName   string `json:"device_name"`
		DeviceType   string `json:"device_type"`
		OS           struct {
			Family, Name, Version, Architecture string
		} `json:"os"`
		Adapters []struct {
			Description string   `json:"description"`
			MAC         string   `json:"mac"`
			IPv4        []string `json:"ipv4"`
			IPv6        []string `json:"ipv6"`
		} `json:"network_adapter_info"`
		Users []struct {
			Name string `json:"name"`
		} `json:"local_user"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return Hello{}, errors.New("the registration is not the JSON object that it should be")
	}
	if len(r.Adapters) > maxNetworks {
		return Hello{}, errors.New("the registration has too many network adapters")
	}
	if n := len(Line(r.DeviceName, maxHostname+1)); n < 1 || n > maxHostname {
		return Hello{}, fmt.Errorf("the registration needs a device_name of 1 to %d characters", maxHostname)
	}
	h := Hello{
		Kind: reeve.Persistent, System: systemOf(r.OS.Family), Hostname: Line(r.DeviceName, maxHostname),
		Facts: reeve.Facts{
			OSName: Line(r.OS.Name, MaxText), OSVersion: Line(r.OS.Version, MaxText),
			Architecture: Line(r.OS.Architecture, MaxText), Type: Line(r.DeviceType, MaxText),
		},
	}
	h.Version, _ = reeve.ParseVersion(r.AgentVersion) // of no weight: it is ordered nothing
	if len(r.Users) > 0 {
		h.Facts.User = Line(r.Users[0].Name, MaxText)
	}
	for _, a := range r.Adapters {
		mac, ok := reeve.ParseMAC(a.MAC)
		if !ok || mac == 0 {
			continue // tunnels have none
		}
		h.MACs = append(h.MACs, mac)
		h.Facts.Networks = append(h.Facts.Networks, reeve.Network{
			Name: Line(a.Description, MaxText), MAC: mac.String(), IPv4: lines(a.IPv4, maxIPs), IPv6: lines(a.IPv6, maxIPs),
		})
	}
	slices.Sort(h.MACs)
	h.MACs = slices.Compact(h.MACs)
	if len(r.OS.Family)+len(r.OS.Name)+len(h.MACs) == 0 {
		return Hello{}, errors.New("the registration names neither an operating system nor a MAC address")
	}
	return h, nil
}

// systemOf finds the system in a family's name, such as "Windows" or "macOS".
func systemOf(family string) reeve.System {
	family = strings.ToLower(family)
	for _, one := range []struct {
		word   string
		system reeve.System
	}{{"win", reeve.Windows}, {"mac", reeve.MacOS}, {"darwin", reeve.MacOS}, {"linux", reeve.Linux}} {
		if strings.HasPrefix(family, one.word) {
			return one.system
		}
	}
	return reeve.OtherSystem
}

// A Health is what Reeve takes from a health report.
type Health struct {
	Hostname string
	Version  reeve.Version // zero if it names none
}

// ReadHealth reads a community agent's health report. Its lists of applications
// and settings judge a machine by policies that Reeve does not have.
//
// Source: the protocol's call "health report".
func ReadHealth(data []byte) (Health, error) {
	var r struct {
		Hostname     string `json:"hostname"`
		DeviceName   string `json:"device_name"`
		AgentVersion string `json:"agent_version"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return Health{}, errors.New("the report is not the JSON object that it should be")
	}
	if r.Hostname == "" {
		r.Hostname = r.DeviceName
	}
	h := Health{Hostname: Line(r.Hostname, maxHostname)}
	h.Version, _ = reeve.ParseVersion(r.AgentVersion)
	return h, nil
}
