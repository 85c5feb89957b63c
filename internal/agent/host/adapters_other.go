//go:build !linux && !windows && !darwin

package host

import "net"

// sortOf cannot tell here.
func (m *Machine) sortOf(i net.Interface) sort {
	if isMadeUp(i.HardwareAddr) {
		return virtual
	}
	return real
}
