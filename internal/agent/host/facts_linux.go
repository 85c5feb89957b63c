package host

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"reeve"
	"reeve/internal/agent/act"
)

var actions = []string{"dhcprenew", "fetch_agent_log", "re-identify", "scan_threats", "unquarantine"}

// read returns a small file of the system as trimmed text, empty if it cannot
// be read.
func (m *Machine) read(path string) string {
	data, err := os.ReadFile(filepath.Join(m.root, path))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// osRelease reads os-release(5).
func (m *Machine) osRelease() (name, version string) {
	text := m.read("/etc/os-release")
	if text == "" {
		text = m.read("/usr/lib/os-release")
	}
	values := assignments(text)
	name, version = values["NAME"], values["VERSION_ID"]
	// Debian keeps its point releases apart.
	if point := m.read("/etc/debian_version"); values["ID"] == "debian" && strings.HasPrefix(point, version+".") {
		version = point
	}
	return name, version
}

// assignments reads lines such as NAME="Debian GNU/Linux".
func assignments(text string) map[string]string {
	values := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[key] = strings.Trim(value, `"'`)
		}
	}
	return values
}

// bootTime reads the btime line of proc_stat(5).
func (m *Machine) bootTime() time.Time {
	_, after, ok := strings.Cut(m.read("/proc/stat"), "\nbtime ")
	if !ok {
		return time.Time{}
	}
	line, _, _ := strings.Cut(after, "\n")
	seconds, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// systemIDs are machine-id(5) and the firmware's number, which only root reads.
func (m *Machine) systemIDs() []string {
	return []string{m.read("/etc/machine-id"), m.read("/sys/class/dmi/id/product_uuid")}
}

// users returns who is logged in: by the sessions of systemd-logind, or else by
// utmp(5). The first of them is who has the screen, or came last.
func (m *Machine) users() (first string, all []string) {
	sessions, _ := filepath.Glob(filepath.Join(m.root, "/run/systemd/sessions/*"))
	for _, path := range sessions {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			continue // beside each session lies a pipe, which must not be opened
		}
		data, _ := os.ReadFile(path)
		s := assignments(string(data))
		if s["CLASS"] != "user" || s["USER"] == "" {
			continue
		}
		all = append(all, s["USER"])
		if first == "" && s["ACTIVE"] == "1" {
			first = s["USER"]
		}
	}
	if len(all) == 0 {
		data, _ := os.ReadFile(filepath.Join(m.root, "/run/utmp"))
		if all = glibcUTMP.users(data); len(all) > 0 {
			first = all[len(all)-1]
		}
	}
	return first, once(all)
}

// memory reads proc_meminfo(5).
func (m *Machine) memory() int64 {
	for line := range strings.Lines(m.read("/proc/meminfo")) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	return 0
}

// fleeting are file systems that keep nothing, or nothing of their own.
var fleeting = []string{"tmpfs", "ramfs", "zram", "overlay", "squashfs", "iso9660", "erofs"}

// disks are the local file systems; in a container, what stands for the root.
func (m *Machine) disks() (out []reeve.Disk) {
	volumes, _ := m.Volumes()
	for _, v := range volumes {
		isLocal := v.Kind == act.AdditionalVolume || v.Kind == act.PortableVolume
		if v.Kind != act.SystemVolume && (!isLocal || slices.Contains(fleeting, v.Type)) {
			continue
		}
		var s unix.Statfs_t
		if unix.Statfs(filepath.Join(m.root, v.Root), &s) != nil || s.Blocks == 0 {
			continue
		}
		block := int64(s.Frsize)
		out = append(out, reeve.Disk{Name: v.Root, Type: v.Type, Size: int64(s.Blocks) * block, Free: int64(s.Bavail) * block})
	}
	return out
}

// chassisTypes are the numbers of the SMBIOS specification, table 17.
var chassisTypes = map[string]string{
	"3": "desktop", "4": "desktop", "5": "desktop", "6": "desktop", "7": "desktop", "13": "desktop",
	"15": "desktop", "16": "desktop", "35": "desktop", "36": "desktop",
	"8": "laptop", "9": "laptop", "10": "laptop", "14": "laptop", "31": "laptop", "32": "laptop",
	"17": "server", "23": "server", "28": "server", "29": "server",
	"11": "phone", "30": "tablet",
}

// chassis returns the kind of machine in the words of the inventory.
func (m *Machine) chassis() string {
	for line := range strings.Lines(m.read("/proc/cpuinfo")) {
		if name, flags, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "flags" {
			if strings.Contains(flags+" ", " hypervisor ") {
				return "vm"
			}
			break
		}
	}
	return chassisTypes[m.read("/sys/class/dmi/id/chassis_type")]
}
