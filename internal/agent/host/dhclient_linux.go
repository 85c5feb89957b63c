package host

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// otherClients are programs that manage leases and that this agent cannot ask
// yet, by the name that the kernel keeps of them.
var otherClients = map[string]string{
	"NetworkManager":  "NetworkManager",
	"systemd-network": "systemd-networkd",
	"dhcpcd":          "dhcpcd",
	"udhcpc":          "udhcpc",
	"connmand":        "connman",
}

// A client is a running dhclient.
type client struct {
	pid        int
	args       []string // without the program
	interfaces []string // that it manages and that exist
	leases     string   // its lease file
	pidFile    string
	supervised bool // stays in the foreground, so that somebody watches over it
}

// findClients lists the DHCPv4 clients of this network namespace, and the
// names of others that this agent cannot use.
func (m *Machine) findClients() (found []client, others []string) {
	processes, _ := filepath.Glob(filepath.Join(m.root, "/proc/[0-9]*/comm"))
	for _, path := range processes {
		name, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		dir := filepath.Dir(path)
		comm := strings.TrimSpace(string(name))
		if other, ok := otherClients[comm]; ok && m.sharesNetwork(dir) {
			others = append(others, other)
		}
		if comm != "dhclient" || !m.sharesNetwork(dir) || !trusted(dir) {
			continue
		}
		if c, ok := m.inspect(dir); ok {
			found = append(found, c)
		}
	}
	slices.Sort(others)
	return found, slices.Compact(others)
}

func (m *Machine) sharesNetwork(dir string) bool {
	theirs, err := os.Readlink(filepath.Join(dir, "ns/net"))
	ours, err2 := os.Readlink(filepath.Join(m.root, "/proc/self/ns/net"))
	return err == nil && err2 == nil && theirs == ours
}

// trusted reports whether a process is root's and runs a known program. What
// any user could start under this name must not tell root what to do.
func trusted(dir string) bool {
	// Not the folder's owner: that is root for any process that hides its memory.
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil || !strings.Contains(string(status), "\nUid:\t0\t0\t0\t0\n") {
		return false
	}
	exe, err := os.Readlink(filepath.Join(dir, "exe"))
	exe = strings.TrimSuffix(exe, " (deleted)") // replaced by an update
	return err == nil && slices.ContainsFunc(dhclients, func(known string) bool {
		resolved, err := filepath.EvalSymlinks(known)
		return err == nil && resolved == exe
	})
}

// inspect reads what a dhclient was told when it was started.
func (m *Machine) inspect(dir string) (client, bool) {
	line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || len(line) == 0 {
		return client{}, false
	}
	pid, err := strconv.Atoi(filepath.Base(dir))
	if err != nil {
		return client{}, false
	}
	args := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")[1:]
	for _, flag := range []string{"-6", "-S", "-T", "-P", "-N", "-r", "-x"} { // DHCPv6, or about to end
		if slices.Contains(args, flag) {
			return client{}, false
		}
	}
	c := client{
		pid:        pid,
		args:       args,
		leases:     valueOf(args, "-lf", m.firstFile("/var/lib/dhcp/dhclient.leases", "/var/lib/dhclient/dhclient.leases")),
		pidFile:    valueOf(args, "-pf", "/run/dhclient.pid"),
		supervised: slices.Contains(args, "-d"),
	}
	exists := func(name string) bool { _, err := net.InterfaceByName(name); return err == nil }
	for _, arg := range args {
		if exists(arg) {
			c.interfaces = append(c.interfaces, arg)
		}
	}
	if len(c.interfaces) == 0 { // it manages whatever it got a lease for
		leases, _, _ := readLeases(c.leases)
		for _, l := range leases {
			if exists(l.iface) && !slices.Contains(c.interfaces, l.iface) {
				c.interfaces = append(c.interfaces, l.iface)
			}
		}
	}
	return c, true
}

// valueOf returns what follows a flag, where it is given for the last time.
func valueOf(args []string, flag, otherwise string) string {
	value := otherwise
	for i := range len(args) - 1 {
		if args[i] == flag {
			value = args[i+1]
		}
	}
	return value
}

func (m *Machine) firstFile(paths ...string) string {
	for _, path := range paths {
		if _, err := os.Stat(filepath.Join(m.root, path)); err == nil {
			return path
		}
	}
	return paths[0]
}

// maxLeaseFile is as much of a lease file as is read; dhclient rewrites its
// own long before.
const maxLeaseFile = 1 << 20

// readLeases reads a lease file, which may not exist yet.
func readLeases(path string) (leases []lease, between string, err error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	if len(data) > maxLeaseFile {
		data = data[len(data)-maxLeaseFile:]
	}
	leases, between = parseLeases(string(data))
	return leases, between, nil
}

// dropped are the arguments that concern how a client runs and where it keeps
// its files; all others say what it asks for.
var dropped = map[string]int{ // how many arguments go with each
	"-lf": 1, "-pf": 1, "-sf": 1, "--no-pid": 0, "-no-pid": 0,
	"-d": 0, "-1": 0, "-nw": 0, "-w": 0, "-n": 0, "-q": 0, "-v": 0,
}

// wishes returns the arguments that say what the client asks for.
func (c client) wishes() (out []string) {
	for i := 0; i < len(c.args); i++ {
		if with, ok := dropped[c.args[i]]; ok {
			i += with
		} else if !slices.Contains(c.interfaces, c.args[i]) {
			out = append(out, c.args[i])
		}
	}
	return out
}
