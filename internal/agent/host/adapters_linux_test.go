package host

import (
	"net"
	"testing"
)

func TestSortOf(t *testing.T) {
	m := machine(t, map[string]string{
		"sys/class/net/eth0/device": "", "sys/class/net/br0/bridge": "", "sys/class/net/bond0/bonding": "",
		"sys/class/net/tap0/tun_flags": "", "sys/class/net/veth0/master": "", "sys/class/net/veth1/address": "",
		"sys/class/net/eth1/device": "", "sys/class/net/eth1/master": "", "proc/net/vlan/eth0.5": "",
	})
	for name, want := range map[string]sort{
		"eth0": real, "eth1": real, "br0": stacked, "bond0": stacked, "tap0": stacked, "veth0": stacked, "veth1": virtual, "eth0.5": stacked,
	} {
		if got := m.sortOf(net.Interface{Name: name}); got != want {
			t.Errorf("%s is of sort %d, want %d", name, got, want)
		}
	}
}
