package host

import (
	"fmt"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// What needs no more than files. The others are not written for this system.
var actions = []string{"fetch_agent_log", "re-identify"}

func (m *Machine) osRelease() (name, version string) {
	v := windows.RtlGetVersion()
	return "Windows", fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}

func (m *Machine) bootTime() time.Time {
	return time.Now().Add(-windows.DurationSinceBoot()).UTC().Truncate(time.Second)
}

func (m *Machine) systemIDs() []string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return nil
	}
	defer key.Close()
	id, _, _ := key.GetStringValue("MachineGuid")
	return []string{id}
}

func (m *Machine) user() string    { return "" }
func (m *Machine) chassis() string { return "" }
