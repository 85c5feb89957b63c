package host

import (
	"cmp"
	"encoding/csv"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"reeve"
)

// Of a machine that is seen at many addresses, as a router may be, a few count.
const maxSeenAt = 8

// dnsmasqLeases reads lines of expiry, MAC, address, name and client id.
func dnsmasqLeases(text string, now time.Time) (out []reeve.Sighting) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		ends, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil || ends != 0 && ends < now.Unix() {
			continue
		}
		out = appendLease(out, fields[1], fields[2], strings.TrimPrefix(fields[3], "*"))
	}
	return out
}

// dhcpdLeases reads dhcpd.leases(5), in which the last block of an address
// counts.
func dhcpdLeases(text string, now time.Time) (out []reeve.Sighting) {
	last := map[string]lease{}
	for {
		_, rest, found := strings.Cut(text, "lease ")
		head, body, opened := strings.Cut(rest, "{")
		length := blockLength(body)
		if !found || !opened || length < 0 {
			break
		}
		last[strings.TrimSpace(head)] = parseLease("", body[:length])
		text = body[length+1:]
	}
	for address, l := range last {
		ends := parseTime(l.properties["ends"])
		if state := l.properties["binding"]; state != "" && state != "state active" || !ends.IsZero() && ends.Before(now) {
			continue
		}
		mac := strings.TrimPrefix(l.properties["hardware"], "ethernet ")
		out = appendLease(out, mac, address, strings.Trim(l.properties["client-hostname"], `"`))
	}
	return out
}

// keaLeases reads the memfile of Kea's DHCPv4 server, in which the last row of
// an address counts. Its beginning may have been cut off, and the columns are
// those that all of its versions have.
func keaLeases(text string, now time.Time) (out []reeve.Sighting) {
	const address, mac, expire, hostname, state = 0, 1, 4, 8, 9
	last := map[string][]string{}
	table := csv.NewReader(strings.NewReader(text))
	table.FieldsPerRecord, table.LazyQuotes = -1, true
	for row, err := table.Read(); err == nil; row, err = table.Read() {
		if len(row) > state {
			last[row[address]] = row
		}
	}
	for _, row := range last {
		ends, err := strconv.ParseInt(row[expire], 10, 64)
		if err == nil && ends >= now.Unix() && row[state] == "0" {
			out = appendLease(out, row[mac], row[address], row[hostname])
		}
	}
	return out
}

func appendLease(list []reeve.Sighting, mac, address, hostname string) []reeve.Sighting {
	hw, ok := reeve.ParseMAC(mac)
	ip, err := netip.ParseAddr(address)
	if !ok || err != nil {
		return list
	}
	return append(list, reeve.Sighting{Origin: reeve.ByNeighbour, MAC: hw, Addresses: []string{ip.String()}, Hostname: hostname})
}

// merged makes one of all that is said of a machine, and leaves out groups of
// machines and this one.
func merged(all []reeve.Sighting, own []reeve.Network) []reeve.Sighting {
	slices.SortStableFunc(all, func(a, b reeve.Sighting) int { return cmp.Compare(a.MAC, b.MAC) })
	var out []reeve.Sighting
	for _, s := range all {
		isOwn := slices.ContainsFunc(own, func(n reeve.Network) bool { return n.MAC == s.MAC.String() })
		if isOwn || s.MAC.IsGroup() {
			continue
		}
		if len(out) == 0 || out[len(out)-1].MAC != s.MAC {
			out = append(out, reeve.Sighting{Origin: s.Origin, MAC: s.MAC})
		}
		last := &out[len(out)-1]
		last.Hostname = cmp.Or(s.Hostname, last.Hostname)
		for _, address := range s.Addresses {
			if !slices.Contains(last.Addresses, address) {
				last.Addresses = append(last.Addresses, address)
			}
		}
	}
	for i := range out {
		slices.Sort(out[i].Addresses)
		out[i].Addresses = out[i].Addresses[:min(len(out[i].Addresses), maxSeenAt)]
	}
	return out
}
