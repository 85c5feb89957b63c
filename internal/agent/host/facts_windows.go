package host

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"reeve"
)

// What is written for this system.
var actions = []string{"dhcprenew", "fetch_agent_log", "re-identify", "scan_threats", "unquarantine"}

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

func (m *Machine) chassis() string { return "" }

var (
	sessionInformation = windows.NewLazySystemDLL("wtsapi32.dll").NewProc("WTSQuerySessionInformationW")
	memoryStatus       = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
)

// users asks for the sessions of people; the first is who sits at the machine.
func (m *Machine) users() (first string, all []string) {
	var list *windows.WTS_SESSION_INFO
	var count uint32
	if windows.WTSEnumerateSessions(0, 0, 1, &list, &count) != nil {
		return "", nil
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(list)))
	for _, s := range unsafe.Slice(list, count) {
		name := sessionUser(s.SessionID)
		if name == "" || s.State != windows.WTSActive && s.State != windows.WTSDisconnected {
			continue
		}
		if all = append(all, name); first == "" && s.State == windows.WTSActive {
			first = name
		}
	}
	return first, once(all)
}

// sessionUser returns DOMAIN\user of a session, or "" if nobody is in it.
func sessionUser(session uint32) string {
	const userName, domainName = 5, 7
	name, domain := sessionText(session, userName), sessionText(session, domainName)
	if name != "" && domain != "" {
		return domain + `\` + name
	}
	return name
}

func sessionText(session, what uint32) string {
	var text *uint16
	var size uint32
	ok, _, _ := sessionInformation.Call(0, uintptr(session), uintptr(what), uintptr(unsafe.Pointer(&text)), uintptr(unsafe.Pointer(&size)))
	if ok == 0 || text == nil {
		return ""
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(text)))
	return windows.UTF16PtrToString(text)
}

func (m *Machine) memory() int64 {
	var s struct {
		length, load                                                        uint32
		total, free, totalPage, freePage, totalVirtual, freeVirtual, extend uint64
	}
	s.length = uint32(unsafe.Sizeof(s))
	if ok, _, _ := memoryStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return 0
	}
	return int64(s.total)
}

// disks are the fixed and the removable drives that have a medium.
func (m *Machine) disks() (out []reeve.Disk) {
	buffer := make([]uint16, 256)
	n, err := windows.GetLogicalDriveStrings(uint32(len(buffer)), &buffer[0])
	if err != nil || int(n) > len(buffer) {
		return nil
	}
	for root := range strings.SplitSeq(string(utf16.Decode(buffer[:n])), "\x00") {
		path, err := windows.UTF16PtrFromString(root)
		if err != nil || root == "" {
			continue
		}
		if kind := windows.GetDriveType(path); kind != windows.DRIVE_FIXED && kind != windows.DRIVE_REMOVABLE {
			continue
		}
		var free, size uint64
		if windows.GetDiskFreeSpaceEx(path, &free, &size, nil) != nil || size == 0 {
			continue
		}
		var name [windows.MAX_PATH + 1]uint16
		_ = windows.GetVolumeInformation(path, nil, 0, nil, nil, nil, &name[0], uint32(len(name))) // without it the type stays empty
		out = append(out, reeve.Disk{Name: root, Type: windows.UTF16ToString(name[:]), Size: int64(size), Free: int64(free)})
	}
	return out
}
