package host

import (
	"encoding/binary"
	"net"
	"runtime"
	"strconv"
	"strings"
	"time"

	"reeve/internal/agent/act"
)

// What Windows and macOS tell, read apart from the systems, so that every system
// can test it.

// Fold writes a path so that two that name the same file are the same text,
// where a system takes capital and small letters for one.
func Fold(path string) string { return fold(runtime.GOOS, path) }

func fold(system, path string) string {
	if system == "windows" || system == "darwin" {
		return strings.ToLower(path)
	}
	return path
}

// volumeOnMac says what a mounted file system of macOS is to a scan. The system
// is spread over several volumes, which lie below /System/Volumes.
func volumeOnMac(root, kind string, local, removable bool) act.VolumeKind {
	switch {
	case kind == "devfs" || kind == "autofs":
		return act.PseudoVolume
	case !local:
		return act.RemoteVolume
	case root == "/" || strings.HasPrefix(root, "/System/Volumes/"):
		return act.SystemVolume
	case removable:
		return act.PortableVolume
	}
	return act.AdditionalVolume
}

// sortOnMac goes by the names that macOS gives: en0, en1 and so on are adapters,
// and those of them with a made-up address belong to Thunderbolt bridges and the
// like.
func sortOnMac(name string, mac net.HardwareAddr) sort {
	switch {
	case strings.HasPrefix(name, "en") && !isMadeUp(mac):
		return real
	case strings.HasPrefix(name, "en"):
		return virtual
	}
	return stacked
}

// indexMapSize is the size of an IP_ADAPTER_INDEX_MAP: the number of an adapter
// and 128 characters of its name.
const indexMapSize = 4 + 2*128

// parseIndexMaps reads what GetInterfaceInfo wrote: how many there are, and so
// many IP_ADAPTER_INDEX_MAPs. They are returned by the numbers of the adapters.
func parseIndexMaps(data []byte) map[uint32][]byte {
	maps := map[uint32][]byte{}
	if len(data) < 4 {
		return maps
	}
	count := binary.LittleEndian.Uint32(data)
	for rest := data[4:]; count > 0 && len(rest) >= indexMapSize; count-- {
		maps[binary.LittleEndian.Uint32(rest)] = rest[:indexMapSize]
		rest = rest[indexMapSize:]
	}
	return maps
}

// parsePacket reads what `ipconfig getpacket` of macOS prints: the server's last
// acknowledgement, and the number of the exchange that it ended.
func parsePacket(text string) (l act.Lease, exchange string) {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok {
			key, value, _ = strings.Cut(strings.TrimSpace(line), ": ")
			key, _, _ = strings.Cut(key, " (") // the type of an option
		}
		switch key {
		case "xid":
			exchange = value
		case "yiaddr":
			l.Address = value
		case "server_identifier":
			l.Server = value
		case "lease_time":
			if seconds, err := strconv.ParseUint(value, 0, 32); err == nil && seconds != forever {
				l.Seconds = int64(seconds)
			}
		}
	}
	return l, exchange
}

// leaseSince fills in when a lease ends that was granted at a time.
func leaseSince(l act.Lease, granted time.Time) *act.Lease {
	if l.Seconds > 0 {
		l.Expires = granted.Add(time.Duration(l.Seconds) * time.Second).UTC().Truncate(time.Second)
	}
	return &l
}
