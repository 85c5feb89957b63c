package host

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"reeve/internal/agent/scan"
)

// An EngineSetup is what the agent has for the engines that stand in front of
// programs of this machine.
type EngineSetup struct {
	Rules []string // folders of YARA rules
	Cache string   // folder for the compiled rules
	Clamd string   // where clamd is: a socket or host:port of this machine; empty to look for it
}

// Engines returns the engines that this system can have beside the built-in one.
func (m *Machine) Engines(s EngineSetup) []scan.Engine {
	find := func() (scan.Daemon, error) { return m.findClamd(s.Clamd) }
	return append([]scan.Engine{scan.Clamd(find)}, m.systemEngines(s)...)
}

// Where systems keep clamd's settings and its socket.
var (
	clamdSettings = []string{
		"/etc/clamav/clamd.conf", "/etc/clamd.d/scan.conf", "/etc/clamd.conf",
		"/usr/local/etc/clamav/clamd.conf", "/opt/homebrew/etc/clamav/clamd.conf",
	}
	clamdSockets = []string{
		"/run/clamav/clamd.ctl", "/run/clamd.scan/clamd.sock", "/run/clamav/clamd.sock", "/run/clamav/clamd.socket",
		"/var/run/clamav/clamd.ctl", "/var/run/clamav/clamd.sock",
	}
)

// findClamd returns how to reach clamd. A unix socket has to be where only its
// owner can put one: it is handed files that others may not read. A port is
// taken only from the machine's owner, since anybody may listen on it while
// clamd does not.
func (m *Machine) findClamd(address string) (scan.Daemon, error) {
	settings := m.clamdSettings()
	d := scan.Daemon{MaxFile: bytesOf(settings["MaxFileSize"]), MaxStream: bytesOf(settings["StreamMaxLength"])}
	if port, err := netip.ParseAddrPort(address); err == nil {
		if !port.Addr().IsLoopback() {
			return d, fmt.Errorf("%s is not on this machine", address)
		}
		d.Dial = dialer("tcp", address)
		return d, nil
	}
	places := []string{address}
	if address == "" {
		if named := settings["LocalSocket"]; named != "" {
			places = []string{m.below(named)}
		} else {
			places = nil
		}
		for _, usual := range clamdSockets {
			places = append(places, m.below(usual))
		}
	}
	for _, path := range places {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		path, err := filepath.EvalSymlinks(path)
		if err == nil {
			err = checkSocket(path)
		}
		if err != nil {
			return d, err
		}
		d.Dial = dialer("unix", path)
		return d, nil
	}
	return d, fmt.Errorf("%w: clamd is not at %s", scan.ErrNotSetUp, places[0])
}

func (m *Machine) below(path string) string { return filepath.Join(m.root, path) }

func dialer(network, address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}

// clamdSettings reads the first of clamd's settings files that is there.
func (m *Machine) clamdSettings() map[string]string {
	settings := map[string]string{}
	for _, path := range clamdSettings {
		text, err := os.ReadFile(m.below(path))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			settings[name] = strings.Trim(strings.TrimSpace(value), `"`)
		}
		break
	}
	return settings
}

// bytesOf reads a size as clamd.conf(5) has it, such as 25M. What is not given
// is zero, and without a limit is as much as ClamAV looks at, 2 GB.
func bytesOf(size string) int64 {
	const most = 1<<31 - 1
	if size == "" {
		return 0
	}
	shift := map[byte]int{'k': 10, 'm': 20, 'g': 30}[size[len(size)-1]|0x20]
	if shift > 0 {
		size = size[:len(size)-1]
	}
	n, err := strconv.ParseInt(size, 10, 32)
	if err != nil || n == 0 {
		return most
	}
	return min(n<<shift, most)
}
