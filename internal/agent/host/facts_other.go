//go:build !linux && !windows && !darwin

package host

import (
	"runtime"
	"time"

	"reeve"
)

// What needs no more than files. The others are not written for this system.
var actions = []string{"fetch_agent_log", "re-identify"}

func (m *Machine) osRelease() (name, version string) { return runtime.GOOS, "" }
func (m *Machine) bootTime() time.Time               { return time.Time{} }
func (m *Machine) systemIDs() []string               { return nil }
func (m *Machine) users() (string, []string)         { return "", nil }
func (m *Machine) chassis() string                   { return "" }
func (m *Machine) memory() int64                     { return 0 }
func (m *Machine) disks() []reeve.Disk               { return nil }
