package host

import (
	"strconv"
	"strings"
	"time"

	"reeve/internal/agent/act"
)

// A lease is one block of dhclient.leases(5).
type lease struct {
	text       string // the block itself
	iface      string
	address    string
	expires    time.Time // zero for a lease without an end
	properties map[string]string
}

// parseLeases reads a lease file: its blocks in order, and what stands between
// them. The last block of an interface is the one in force.
func parseLeases(file string) (leases []lease, between string) {
	for {
		start := strings.Index(file, "lease {")
		if start < 0 {
			return leases, between + file
		}
		body := start + len("lease {")
		length := blockLength(file[body:])
		if length < 0 { // cut off while it was being written
			return leases, between + file[:start]
		}
		end := body + length
		leases = append(leases, parseLease(file[start:end+1], file[body:end]))
		between += file[:start]
		file = file[end+1:]
	}
}

// blockLength returns where the brace stands that ends a block, -1 if it is
// missing. Braces in strings do not count.
func blockLength(text string) int {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '}' && !quoted:
			return i
		}
	}
	return -1
}

func parseLease(text, body string) lease {
	l := lease{text: text, properties: map[string]string{}}
	for _, statement := range statements(body) {
		key, value, _ := strings.Cut(strings.TrimPrefix(statement, "option "), " ")
		switch key {
		case "interface":
			l.iface = strings.Trim(value, `"`)
		case "fixed-address":
			l.address = value
		case "expire":
			l.expires = parseTime(value)
		default:
			l.properties[key] = value
		}
	}
	return l
}

// statements splits what stands in a block, without comments.
func statements(body string) (out []string) {
	start, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '#':
			end := strings.IndexByte(body[i:]+"\n", '\n')
			i += end
			start = i
		case c == ';':
			out = append(out, strings.TrimSpace(body[min(start, i):i]))
			start = i + 1
		}
	}
	return out
}

// parseTime reads both forms of a date: "6 2026/11/21 22:55:20", which is UTC,
// and "epoch 1795301720". "never" and what is neither are the zero time.
func parseTime(s string) time.Time {
	if epoch, ok := strings.CutPrefix(s, "epoch "); ok {
		if seconds, err := strconv.ParseInt(epoch, 10, 64); err == nil {
			return time.Unix(seconds, 0).UTC()
		}
		return time.Time{}
	}
	_, date, _ := strings.Cut(s, " ") // after the day of the week
	t, err := time.Parse("2006/01/02 15:04:05", date)
	if err != nil {
		return time.Time{}
	}
	return t
}

// lastLease returns the lease in force on an interface, nil if it has none.
func lastLease(leases []lease, iface string) *lease {
	for i := len(leases) - 1; i >= 0; i-- {
		if leases[i].iface == iface {
			return &leases[i]
		}
	}
	return nil
}

// shown is the lease as it is reported.
func (l *lease) shown() *act.Lease {
	if l == nil {
		return nil
	}
	seconds, _ := strconv.ParseInt(l.properties["dhcp-lease-time"], 10, 64)
	return &act.Lease{
		Address: l.address,
		Server:  l.properties["dhcp-server-identifier"],
		Seconds: seconds,
		Expires: l.expires,
	}
}

// applied are the options of a lease that the machine is set up by. Of the
// others some change with every answer.
var applied = []string{"subnet-mask", "broadcast-address", "routers", "static-routes", "rfc3442-classless-static-routes",
	"domain-name-servers", "domain-name", "domain-search", "interface-mtu", "ntp-servers"}

// sets reports whether a machine under l is set up as one under other is.
func (l *lease) sets(other *lease) bool {
	for _, option := range applied {
		if l.properties[option] != other.properties[option] {
			return false
		}
	}
	return l.address == other.address
}

func (l *lease) expired(now time.Time) bool {
	return !l.expires.IsZero() && l.expires.Before(now)
}
