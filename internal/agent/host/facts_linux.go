package host

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

var actions = []string{"dhcprenew", "fetch_agent_log", "re-identify", "scan_threats"}

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

// user returns who is logged in: the active session of systemd-logind, or
// else the last entry of utmp(5).
func (m *Machine) user() string {
	sessions, _ := filepath.Glob(filepath.Join(m.root, "/run/systemd/sessions/*"))
	for _, path := range sessions {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			continue // beside each session lies a pipe, which must not be opened
		}
		data, _ := os.ReadFile(path)
		if s := assignments(string(data)); s["ACTIVE"] == "1" && s["CLASS"] == "user" {
			return s["USER"]
		}
	}
	data, err := os.ReadFile(filepath.Join(m.root, "/run/utmp"))
	if err != nil {
		return ""
	}
	return lastUser(data)
}

// lastUser reads utmp(5) records as glibc writes them on all architectures.
func lastUser(utmp []byte) (name string) {
	const record, nameAt, nameEnd, userProcess = 384, 44, 76, 7
	for ; len(utmp) >= record; utmp = utmp[record:] {
		if utmp[0] == userProcess && utmp[1] == 0 {
			field, _, _ := bytes.Cut(utmp[nameAt:nameEnd], []byte{0})
			name = string(field)
		}
	}
	return name
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
