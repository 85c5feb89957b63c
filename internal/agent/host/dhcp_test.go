package host

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func TestDHCPMessage(t *testing.T) {
	sent := dhcpMessage{reply: true, xid: 7, yours: netip.MustParseAddr("192.0.2.20"), mac: []byte{2, 0, 0x5e, 0, 0x53, 1},
		options: map[byte][]byte{optKind: {dhcpAck}, optServer: {192, 0, 2, 1}, optSeconds: {0, 0, 14, 16}}}
	got, err := decodeDHCP(sent.encode())
	if err != nil || !got.reply || got.xid != 7 || got.kind() != dhcpAck || !bytes.Equal(got.mac, sent.mac) {
		t.Fatalf("read %+v, %v", got, err)
	}
	at := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	if l := got.lease(at); l.Address != "192.0.2.20" || l.Server != "192.0.2.1" || l.Seconds != 3600 || !l.Expires.Equal(at.Add(time.Hour)) {
		t.Errorf("granted %+v", l)
	}
	got.options[optSeconds] = []byte{0xff, 0xff, 0xff, 0xff}
	if l := got.lease(at); l.Seconds != 0 || !l.Expires.IsZero() {
		t.Errorf("without an end: %+v", l)
	}
}

// Whatever arrives, reading it ends, and what was read is written as it was.
func FuzzDecodeDHCP(f *testing.F) {
	f.Add(dhcpMessage{options: map[byte][]byte{optKind: {dhcpNak}}}.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := decodeDHCP(data)
		if err != nil {
			return
		}
		d.lease(time.Time{})
		for _, value := range d.options {
			if len(value) > 255 { // joined from parts
				return
			}
		}
		again, err := decodeDHCP(d.encode())
		if err != nil || again.kind() != d.kind() || again.yours != d.yours || len(again.options) != len(d.options) {
			t.Errorf("%+v became %+v, %v", d, again, err)
		}
	})
}
