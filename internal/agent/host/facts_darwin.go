package host

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"reeve"
)

// What is written for this system.
var actions = []string{"dhcprenew", "fetch_agent_log", "re-identify", "scan_threats", "unquarantine"}

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

// users reads the accounting file, whose last entry came last.
func (m *Machine) users() (first string, all []string) {
	data, _ := os.ReadFile("/var/run/utmpx")
	if all = darwinUTMPX.users(data); len(all) > 0 {
		first = all[len(all)-1]
	}
	return first, once(all)
}

func (m *Machine) memory() int64 {
	bytes, _ := unix.SysctlUint64("hw.memsize")
	return int64(bytes)
}

// disks are the local volumes that are shown: the parts of the system that APFS
// mounts below /System are one disk with it.
func (m *Machine) disks() (out []reeve.Disk) {
	n, err := unix.Getfsstat(nil, unix.MNT_NOWAIT)
	if err != nil {
		return nil
	}
	mounts := make([]unix.Statfs_t, n)
	if n, err = unix.Getfsstat(mounts, unix.MNT_NOWAIT); err != nil {
		return nil
	}
	for _, s := range mounts[:min(n, len(mounts))] {
		point := unix.ByteSliceToString(s.Mntonname[:])
		if s.Flags&unix.MNT_LOCAL == 0 || s.Flags&unix.MNT_DONTBROWSE != 0 && point != "/" || s.Blocks == 0 {
			continue
		}
		out = append(out, reeve.Disk{
			Name: point, Type: unix.ByteSliceToString(s.Fstypename[:]),
			Size: int64(s.Blocks) * int64(s.Bsize), Free: int64(s.Bavail) * int64(s.Bsize),
		})
	}
	return out
}

func (m *Machine) chassis() string { return "" }
