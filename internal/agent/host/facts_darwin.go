package host

import (
	"time"

	"golang.org/x/sys/unix"
)

// What needs no more than files. The others are not written for this system.
var actions = []string{"fetch_agent_log", "re-identify"}

func (m *Machine) osRelease() (name, version string) {
	version, _ = unix.Sysctl("kern.osproductversion")
	return "macOS", version
}

func (m *Machine) bootTime() time.Time {
	boot, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return time.Time{}
	}
	return time.Unix(boot.Unix()).UTC().Truncate(time.Second)
}

// The hardware UUID is behind a framework that this agent does not link.
func (m *Machine) systemIDs() []string { return nil }

func (m *Machine) user() string { return "" }

func (m *Machine) chassis() string { return "" }
