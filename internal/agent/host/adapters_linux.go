package host

import (
	"net"
	"os"
	"path/filepath"
)

// sortOf looks at what the kernel keeps of an interface: only hardware hangs on
// a device.
func (m *Machine) sortOf(i net.Interface) sort {
	has := func(what string) bool {
		_, err := os.Stat(filepath.Join(m.root, "/sys/class/net", i.Name, what))
		return err == nil
	}
	switch {
	case has("device"):
		return real
	case has("bridge"), has("bonding"), has("tun_flags"), has("master"):
		return stacked
	}
	if _, err := os.Stat(filepath.Join(m.root, "/proc/net/vlan", i.Name)); err == nil {
		return stacked
	}
	return virtual
}
