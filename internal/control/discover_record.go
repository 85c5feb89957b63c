package control

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"reeve"
)

// hasAgent reports whether a record has or had an agent of its own, which alone
// says what is in it.
func hasAgent(d *reeve.Device) bool {
	return d.Class.Standing != reeve.Unknown && d.Class.Standing != reeve.Ignored || d.Key != (reeve.Key{}) || !d.EnrolledAt.IsZero()
}

// describe writes into a record what was seen, and reports whether that is more
// than the time.
func (s seen) describe(d *reeve.Device, now time.Time) (changed bool) {
	at := now
	if !s.At.IsZero() && s.At.Before(now) {
		at = s.At.UTC().Truncate(time.Microsecond)
	}
	if at.After(d.LastSeen) {
		d.LastSeen = at
	}
	note := func(is bool) { changed = changed || is }
	if d.FirstSeen.IsZero() { // it is new, or nobody but an import knew it
		if d.FirstSeen = now; d.AddedAt.IsZero() {
			d.AddedAt, d.Origin = now, s.Origin
		}
		note(true)
	}
	if !slices.Contains(d.SeenBy, s.finder.ID) && len(d.SeenBy) < maxWitnesses {
		d.SeenBy = append([]string{s.finder.ID}, d.SeenBy...)
		note(true)
	}
	if d.Origin != reeve.ByImport && s.Hostname != "" && s.Hostname != d.Hostname && (d.Object == "" || s.Origin == reeve.ByDirectory) {
		d.Hostname = s.Hostname
		note(true)
	}
	if s.Origin == reeve.ByNeighbour {
		note(s.describeNetwork(d))
		return changed
	}
	facts := reeve.Facts{OSName: cmp.Or(s.OSName, d.Facts.OSName), OSVersion: cmp.Or(s.OSVersion, d.Facts.OSVersion)}
	note(d.Object != s.Object || d.Facts.OSName != facts.OSName || d.Facts.OSVersion != facts.OSVersion)
	d.Object, d.Facts.OSName, d.Facts.OSVersion = s.Object, facts.OSName, facts.OSVersion
	if s.System != reeve.OtherSystem && d.Class.System != s.System {
		d.Class.System = s.System
		note(true)
	}
	return changed
}

// maxWitnesses is how many of those who see a device its record names.
const maxWitnesses = 8

// maxAddresses is how many addresses of each version a record keeps of a
// machine that was only seen.
const maxAddresses = 8

// describeNetwork keeps the addresses that a machine was seen with, latest first.
func (s seen) describeNetwork(d *reeve.Device) (changed bool) {
	if !slices.Contains(d.MACs, s.MAC) {
		d.MACs = append(d.MACs, s.MAC)
		changed = true
	}
	n := slices.IndexFunc(d.Facts.Networks, func(n reeve.Network) bool { return n.MAC == s.MAC.String() })
	if n < 0 {
		d.Facts.Networks = append(d.Facts.Networks, reeve.Network{MAC: s.MAC.String()})
		n, changed = len(d.Facts.Networks)-1, true
	}
	for _, address := range s.Addresses {
		list := &d.Facts.Networks[n].IPv4
		if strings.Contains(address, ":") {
			list = &d.Facts.Networks[n].IPv6
		}
		if !slices.Contains(*list, address) {
			*list = append([]string{address}, *list...)
			*list, changed = (*list)[:min(len(*list), maxAddresses)], true
		}
	}
	return changed
}
