package host

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
)

// A client is a running dhclient.
type client struct {
	process
	args       []string // without the program
	interfaces []string // that it manages and that exist
	mine       []string // those of them that are to be renewed
	leases     string   // its lease file
	pidFile    string
	supervised bool // stays in the foreground, so that somebody watches over it
}

// dhclients lists the DHCPv4 clients that manage one of the free interfaces,
// each with those of them that it manages.
func (m *Machine) dhclients(free []net.Interface) (found []client) {
	for _, p := range m.processes("dhclient") {
		if !trusted(p.dir, dhclients) {
			continue
		}
		c, ok := m.inspect(p)
		if !ok {
			continue
		}
		c.mine = slices.DeleteFunc(slices.Clone(c.interfaces), func(name string) bool {
			return !slices.ContainsFunc(free, func(i net.Interface) bool { return i.Name == name })
		})
		if len(c.mine) > 0 {
			found = append(found, c)
		}
	}
	return found
}

// inspect reads what a dhclient was told when it was started.
func (m *Machine) inspect(p process) (client, bool) {
	args := p.args[1:]
	for _, flag := range []string{"-6", "-S", "-T", "-P", "-N", "-r", "-x"} { // DHCPv6, or about to end
		if slices.Contains(args, flag) {
			return client{}, false
		}
	}
	c := client{
		process:    p,
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

// plainArgs are the arguments without those that say how long the program stays
// in the foreground.
func (c client) plainArgs() []string {
	return slices.DeleteFunc(slices.Clone(c.args), func(arg string) bool { return arg == "-1" || arg == "-nw" })
}
