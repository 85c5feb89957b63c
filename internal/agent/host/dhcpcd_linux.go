package host

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"reeve/internal/agent/act"
)

// The files of dhcpcd, by version. A lease file is the server's last
// acknowledgement as it came.
var (
	dhcpcdLeases = []string{"/var/lib/dhcpcd/%s.lease", "/var/lib/dhcpcd/%s-*.lease", "/var/lib/dhcpcd5/dhcpcd-%s*.lease"}
	dhcpcdPids   = []string{"/run/dhcpcd/%s-4.pid", "/run/dhcpcd/%s.pid", "/run/dhcpcd/pid", "/run/dhcpcd-%s.pid", "/run/dhcpcd.pid"}
)

// dhcpcd finds the interfaces that dhcpcd keeps. It holds on to an address
// while no server answers, and takes a new one where the old is refused.
func (m *Machine) dhcpcd(_ context.Context, free []net.Interface) (held []holding, err error) {
	running := m.processes("dhcpcd")
	if len(running) == 0 {
		return nil, nil
	}
	for _, iface := range free {
		lease := func(context.Context) *act.Lease { return m.dhcpcdLease(iface) }
		p, ok := m.dhcpcdOf(iface.Name, running)
		old := m.dhcpcdLease(iface)
		if !ok || old == nil {
			continue
		}
		held = append(held, holding{
			iface: iface, old: old, lease: lease,
			tell: func(context.Context, bool) error { return p.signal(syscall.SIGHUP) },
		})
	}
	return held, nil
}

// dhcpcdOf returns the process that keeps an interface: one of its own, or the
// one that keeps them all. A signal makes it ask for all that it keeps. Its
// control socket could name one, but forgets how the program was called.
func (m *Machine) dhcpcdOf(iface string, running []process) (process, bool) {
	for _, pattern := range dhcpcdPids {
		number := m.read(strings.ReplaceAll(pattern, "%s", iface))
		at := slices.IndexFunc(running, func(p process) bool { return strconv.Itoa(p.pid) == number })
		if at >= 0 {
			return running[at], true
		}
	}
	return process{}, false
}

// dhcpcdLease reads the lease of an interface, nil if there is none or its
// address is not the interface's.
func (m *Machine) dhcpcdLease(iface net.Interface) *act.Lease {
	addresses, err := addressesOf(iface.Index)
	if err != nil {
		return nil
	}
	for _, pattern := range dhcpcdLeases {
		files, _ := filepath.Glob(filepath.Join(m.root, fmt.Sprintf(pattern, iface.Name)))
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil || info.Size() > maxLeaseFile {
				continue
			}
			data, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			message, err := decodeDHCP(data)
			set := func(a ipv4) bool { return a.address == message.yours }
			if err == nil && message.yours.IsValid() && (len(addresses) == 0 || slices.ContainsFunc(addresses, set)) {
				return message.lease(info.ModTime())
			}
		}
	}
	return nil
}
