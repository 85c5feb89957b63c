package host

import (
	"net"
	"slices"

	"reeve"
)

// A sort of network interface.
type sort int

const (
	virtual sort = iota // between programs or machines in here: veth, tap, docker
	stacked             // made of others: bridges, bonds, VLANs, tunnels
	real                // hardware, or what a virtual machine takes for it
)

// An adapter is an interface with a hardware address.
type adapter struct {
	name      string
	mac       net.HardwareAddr
	sort      sort
	addresses []net.IP
}

// networks lists the machine's own network adapters with their addresses.
func (m *Machine) networks() []reeve.Network {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var all []adapter
	for _, i := range interfaces {
		if len(i.HardwareAddr) == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		a := adapter{name: i.Name, mac: i.HardwareAddr, sort: m.sortOf(i)}
		addresses, _ := i.Addrs()
		for _, address := range addresses {
			if ip, ok := address.(*net.IPNet); ok {
				a.addresses = append(a.addresses, ip.IP)
			}
		}
		all = append(all, a)
	}
	return own(all)
}

// own leaves the adapters that tell this machine from others, each address
// once. A bond, a bridge or a VLAN has the address of an adapter below it, and
// what it holds counts for that. A machine without hardware, such as a
// container, is told by the interfaces over which it is reached.
func own(all []adapter) []reeve.Network {
	pick := func(which func(adapter) bool) []adapter {
		return slices.DeleteFunc(slices.Clone(all), func(a adapter) bool { return !which(a) })
	}
	chosen := pick(func(a adapter) bool { return a.sort == real })
	if len(chosen) == 0 {
		isReached := func(a adapter) bool {
			return a.sort == virtual && slices.ContainsFunc(a.addresses, net.IP.IsGlobalUnicast)
		}
		chosen = pick(func(a adapter) bool { return isReached(a) && !isMadeUp(a.mac) })
		if len(chosen) == 0 {
			chosen = pick(isReached)
		}
	}
	var out []reeve.Network
	for _, a := range chosen {
		n := reeve.Network{Name: a.name, MAC: a.mac.String()}
		if slices.ContainsFunc(out, func(other reeve.Network) bool { return other.MAC == n.MAC }) {
			continue
		}
		for _, b := range all {
			if b.mac.String() != n.MAC {
				continue
			}
			for _, ip := range b.addresses {
				list := &n.IPv6
				if ip.To4() != nil {
					list = &n.IPv4
				}
				if !slices.Contains(*list, ip.String()) {
					*list = append(*list, ip.String())
				}
			}
		}
		out = append(out, n)
	}
	return out
}

// isMadeUp reports whether an address was given by a program and not by the
// adapter's maker.
func isMadeUp(mac net.HardwareAddr) bool { return mac[0]&2 != 0 }
