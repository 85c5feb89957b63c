package host

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"reeve/internal/agent/act"
)

func TestFold(t *testing.T) {
	const path = "/Users/Größe"
	for system, want := range map[string]string{"linux": path, "darwin": "/users/größe", "windows": "/users/größe"} {
		if got := fold(system, path); got != want {
			t.Errorf("on %s it is %s", system, got)
		}
	}
}

// The mounts of a Mac with macOS 14, with a stick, a disk image, a share and
// what is mounted by itself.
func TestVolumesOnMac(t *testing.T) {
	for _, v := range []struct {
		root, kind       string
		local, removable bool
		want             act.VolumeKind
	}{
		{"/", "apfs", true, false, act.SystemVolume},
		{"/dev", "devfs", true, false, act.PseudoVolume},
		{"/System/Volumes/VM", "apfs", true, false, act.SystemVolume},
		{"/System/Volumes/Data", "apfs", true, false, act.SystemVolume},
		{"/System/Volumes/Data/home", "autofs", false, false, act.PseudoVolume},
		{"/Volumes/STICK", "msdos", true, true, act.PortableVolume},
		{"/Volumes/Image", "hfs", true, false, act.AdditionalVolume},
		{"/Volumes/share", "smbfs", false, false, act.RemoteVolume},
	} {
		if got := volumeOnMac(v.root, v.kind, v.local, v.removable); got != v.want {
			t.Errorf("%s is of kind %d, want %d", v.root, got, v.want)
		}
	}
}

func TestAdaptersOnMac(t *testing.T) {
	bought, madeUp := net.HardwareAddr{0xac, 0xde, 0x48, 0, 0x11, 0x22}, net.HardwareAddr{0x36, 0, 0x5e, 0, 0x53, 1}
	for _, i := range []struct {
		name string
		mac  net.HardwareAddr
		want sort
	}{
		{"en0", bought, real}, {"en1", madeUp, virtual}, {"bridge0", madeUp, stacked}, {"awdl0", madeUp, stacked}, {"utun0", nil, stacked},
	} {
		if got := sortOnMac(i.name, i.mac); got != i.want {
			t.Errorf("%s is of sort %d, want %d", i.name, got, i.want)
		}
	}
}

// As macOS 14 prints it, with other addresses.
const packet = `op = BOOTREPLY
htype = 1
flags = 0x0
hlen = 6
hops = 0
xid = 0x6f1e2a8c
secs = 0
ciaddr = 0.0.0.0
yiaddr = 192.0.2.20
siaddr = 192.0.2.1
giaddr = 0.0.0.0
chaddr = 2:0:5e:0:53:1
sname =
file =
options:
Options count is 6
dhcp_message_type (uint8): ACK 0x5
server_identifier (ip): 192.0.2.1
lease_time (uint32): 0xe10
subnet_mask (ip): 255.255.255.192
router (ip_mult): {192.0.2.1}
end (none):
`

func TestParsePacket(t *testing.T) {
	l, exchange := parsePacket(packet)
	granted := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	got := leaseSince(l, granted)
	if got.Address != "192.0.2.20" || got.Server != "192.0.2.1" || got.Seconds != 3600 ||
		!got.Expires.Equal(granted.Add(time.Hour)) || exchange != "0x6f1e2a8c" {
		t.Errorf("read %+v of exchange %s", got, exchange)
	}
	if l, _ := parsePacket("lease_time (uint32): 0xffffffff\n"); l.Seconds != 0 || !leaseSince(l, granted).Expires.IsZero() {
		t.Errorf("a lease without an end reads %+v", l)
	}
	if l, exchange := parsePacket("en0: no packet\n"); l.Address != "" || exchange != "" {
		t.Errorf("nothing reads %+v", l)
	}
}

func TestParseIndexMaps(t *testing.T) {
	row := func(index uint32, name string) []byte {
		out := make([]byte, indexMapSize)
		binary.LittleEndian.PutUint32(out, index)
		for i, c := range name {
			binary.LittleEndian.PutUint16(out[4+2*i:], uint16(c))
		}
		return out
	}
	data := append([]byte{2, 0, 0, 0}, append(row(4, `\DEVICE\TCPIP_{A}`), row(11, `\DEVICE\TCPIP_{B}`)...)...)
	maps := parseIndexMaps(data)
	if len(maps) != 2 || string(maps[11]) != string(row(11, `\DEVICE\TCPIP_{B}`)) {
		t.Errorf("read %d rows", len(maps))
	}
	for _, cut := range [][]byte{nil, data[:3], data[:4], data[:4+indexMapSize-1]} {
		if maps := parseIndexMaps(cut); len(maps) != 0 {
			t.Errorf("%d bytes read as %d rows", len(cut), len(maps))
		}
	}
}
