package host

import (
	"net"
	"strings"
)

// sortOf goes by the names that the system gives: en0, en1 and so on are
// adapters, and those of them with a made-up address belong to Thunderbolt
// bridges and the like.
func (m *Machine) sortOf(i net.Interface) sort {
	switch {
	case strings.HasPrefix(i.Name, "en") && !isMadeUp(i.HardwareAddr):
		return real
	case strings.HasPrefix(i.Name, "en"):
		return virtual
	}
	return stacked
}
