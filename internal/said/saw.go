package said

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"

	"reeve"
	"reeve/internal/link"
)

// maxSeenAt is how many addresses of a machine that was seen are taken.
const maxSeenAt = 8

// origins are the sources that sightings name.
var origins = map[string]reeve.Origin{
	"neighbour": reeve.ByNeighbour, "directory": reeve.ByDirectory,
}

// ReadSightings reads what an agent saw of other machines. One that cannot be a
// machine, or is from a source that is not known yet, is left out.
func ReadSightings(data []byte) ([]reeve.Sighting, error) {
	var all link.Sightings
	if len(data) > link.MaxSaw {
		return nil, errors.New("the sightings are too long")
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, errors.New("the sightings are not the JSON that they should be")
	}
	if len(all.Machines) > link.MaxSighted {
		return nil, errors.New("the sightings are of too many machines")
	}
	out := make([]reeve.Sighting, 0, len(all.Machines))
	for _, m := range all.Machines {
		if s, ok := readSighting(m); ok {
			out = append(out, s)
		}
	}
	return out, nil
}

func readSighting(m link.Sighting) (s reeve.Sighting, ok bool) {
	origin, known := origins[m.Source]
	system, _ := reeve.ParseSystem(m.System)
	s = reeve.Sighting{Origin: origin, Hostname: strings.Trim(Line(m.Hostname, maxHostname), ". ")}
	if y := m.At.Year(); y >= 1970 && y <= 9999 {
		s.At = m.At
	}
	if origin == reeve.ByDirectory {
		s.Object, s.System = strings.ToLower(m.Object), system
		s.OSName, s.OSVersion = Line(m.OSName, MaxText), Line(m.OSVersion, MaxText)
		raw, err := hex.DecodeString(s.Object)
		return s, err == nil && len(raw) == 16 && s.Hostname != ""
	}
	s.MAC, ok = reeve.ParseMAC(m.MAC)
	for _, text := range m.Addresses {
		ip, err := netip.ParseAddr(text)
		if err == nil && ip.Zone() == "" && len(s.Addresses) < maxSeenAt {
			s.Addresses = append(s.Addresses, ip.Unmap().String())
		}
	}
	return s, known && ok && !s.MAC.IsGroup()
}
