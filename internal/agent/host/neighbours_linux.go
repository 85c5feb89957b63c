package host

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"reeve"
)

// leaseFiles are where the DHCP servers of systems keep what they gave out.
var leaseFiles = []struct {
	path string
	read func(text string, now time.Time) []reeve.Sighting
}{
	{"/var/lib/misc/dnsmasq.leases", dnsmasqLeases},
	{"/var/lib/dnsmasq/dnsmasq.leases", dnsmasqLeases},
	{"/var/lib/dhcp/dhcpd.leases", dhcpdLeases},
	{"/var/lib/dhcpd/dhcpd.leases", dhcpdLeases},
	{"/var/lib/kea/kea-leases4.csv", keaLeases},
}

// Neighbours returns the machines that this one knows of, each once, by their
// addresses: those that it spoke with, and those that it gave an address to.
func (m *Machine) Neighbours() ([]reeve.Sighting, error) {
	all, err := m.spokenWith()
	if err != nil {
		return nil, err
	}
	for _, f := range leaseFiles {
		all = append(all, f.read(m.tail(f.path), time.Now())...)
	}
	return merged(all, m.networks()), nil
}

// tail reads the end of a file, which is where the newest is.
func (m *Machine) tail(path string) string {
	file, err := os.Open(filepath.Join(m.root, path))
	if err != nil {
		return ""
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	} else if info.Size() > maxLeaseFile {
		file.Seek(-maxLeaseFile, io.SeekEnd)
	}
	text, _ := io.ReadAll(io.LimitReader(file, maxLeaseFile))
	return string(text)
}

// spokenWith reads the kernel's table of neighbours on the networks of this
// machine's own adapters.
func (m *Machine) spokenWith() ([]reeve.Sighting, error) {
	links := map[int32]bool{}
	own := m.networks()
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range interfaces {
		isOwn := slices.ContainsFunc(own, func(n reeve.Network) bool { return n.MAC == i.HardwareAddr.String() })
		links[int32(i.Index)] = isOwn
	}
	table, err := syscall.NetlinkRIB(unix.RTM_GETNEIGH, unix.AF_UNSPEC)
	if err != nil {
		return nil, os.NewSyscallError("reading the neighbour table", err)
	}
	messages, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return nil, err
	}
	var out []reeve.Sighting
	for _, message := range messages {
		if s, link, ok := neighbourOf(message.Data); ok && message.Header.Type == unix.RTM_NEWNEIGH && links[link] {
			out = append(out, s)
		}
	}
	return out, nil
}

// neighbourOf reads one entry of the table, rtnetlink(7): a machine that
// answered, now or before.
func neighbourOf(data []byte) (s reeve.Sighting, link int32, ok bool) {
	const header, answered = 12, unix.NUD_REACHABLE | unix.NUD_STALE | unix.NUD_DELAY | unix.NUD_PROBE
	if len(data) < header || binary.NativeEndian.Uint16(data[8:])&answered == 0 {
		return s, 0, false
	}
	link = int32(binary.NativeEndian.Uint32(data[4:]))
	s.Origin = reeve.ByNeighbour
	for rest := data[header:]; len(rest) >= unix.SizeofRtAttr; {
		size := int(binary.NativeEndian.Uint16(rest))
		if size < unix.SizeofRtAttr || size > len(rest) {
			break
		}
		value := rest[unix.SizeofRtAttr:size]
		switch binary.NativeEndian.Uint16(rest[2:]) {
		case unix.NDA_DST:
			if ip, valid := netip.AddrFromSlice(value); valid && !ip.IsMulticast() {
				s.Addresses = append(s.Addresses, ip.String())
			}
		case unix.NDA_LLADDR:
			s.MAC, ok = reeve.ParseMAC(net.HardwareAddr(value).String())
		}
		rest = rest[min((size+3)&^3, len(rest)):]
	}
	return s, link, ok && len(s.Addresses) > 0
}
