package host

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"reeve/internal/agent/act"
)

// A dhcpMessage is a message of RFC 2131, as far as it is written or read here.
type dhcpMessage struct {
	reply   bool
	xid     uint32
	current netip.Addr // ciaddr: of the client as it is; invalid for none
	yours   netip.Addr // yiaddr: of the client as it shall be; invalid for none
	mac     []byte     // of the client, at most 16 bytes
	options map[byte][]byte
}

// Options of RFC 2132.
const (
	optMask      = 1
	optRouter    = 3
	optRequested = 50
	optSeconds   = 51
	optKind      = 53
	optServer    = 54
	optWishes    = 55
	optClient    = 61
	optEnd       = 255
)

// Kinds of message, the value of optKind.
const (
	dhcpDiscover = 1
	dhcpOffer    = 2
	dhcpRequest  = 3
	dhcpAck      = 5
	dhcpNak      = 6
	dhcpRelease  = 7
)

const (
	dhcpHeader = 236 // bytes before the cookie
	dhcpCookie = 0x63825363
	forever    = 0xffffffff // seconds of a lease without an end
)

var errNoDHCP = errors.New("not a DHCP message")

// encode writes a message whose answer is to be broadcast, since who asks may
// not have the address that it asks for.
func (d dhcpMessage) encode() []byte {
	out := make([]byte, dhcpHeader, 576)
	out[0], out[1], out[2] = 1, 1, byte(len(d.mac)) // from a client, of Ethernet
	if d.reply {
		out[0] = 2
	}
	binary.BigEndian.PutUint32(out[4:], d.xid)
	if !d.current.IsValid() {
		out[10] = 0x80 // broadcast
	} else {
		copy(out[12:], d.current.AsSlice())
	}
	if d.yours.IsValid() {
		copy(out[16:], d.yours.AsSlice())
	}
	copy(out[28:44], d.mac)
	out = binary.BigEndian.AppendUint32(out, dhcpCookie)
	for code := 1; code < optEnd; code++ { // in order, so the kind is among the first
		if value, ok := d.options[byte(code)]; ok {
			out = append(append(out, byte(code), byte(len(value))), value...)
		}
	}
	out = append(out, optEnd)
	for len(out) < 300 { // what BOOTP relays expect
		out = append(out, 0)
	}
	return out
}

func decodeDHCP(data []byte) (d dhcpMessage, err error) {
	if len(data) < dhcpHeader+4 || binary.BigEndian.Uint32(data[dhcpHeader:]) != dhcpCookie || data[2] > 16 {
		return d, errNoDHCP
	}
	d = dhcpMessage{
		reply: data[0] == 2, xid: binary.BigEndian.Uint32(data[4:]),
		current: addressAt(data, 12), yours: addressAt(data, 16),
		mac: data[28 : 28+int(data[2])], options: map[byte][]byte{},
	}
	for rest := data[dhcpHeader+4:]; len(rest) > 0 && rest[0] != optEnd; {
		if rest[0] == 0 { // padding
			rest = rest[1:]
			continue
		}
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return d, errNoDHCP
		}
		end := 2 + int(rest[1])
		d.options[rest[0]] = append(d.options[rest[0]], rest[2:end]...) // parts of one option: RFC 3396
		rest = rest[end:]
	}
	return d, nil
}

// addressAt reads four bytes; zeros are no address.
func addressAt(data []byte, at int) netip.Addr {
	if len(data) < at+4 {
		return netip.Addr{}
	}
	a := netip.AddrFrom4([4]byte(data[at:]))
	if a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

func (d dhcpMessage) kind() byte {
	if v := d.options[optKind]; len(v) == 1 {
		return v[0]
	}
	return 0
}

// seconds is how long the lease lasts, 0 for no end.
func (d dhcpMessage) seconds() uint32 {
	v := d.options[optSeconds]
	if len(v) != 4 || binary.BigEndian.Uint32(v) == forever {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}

// lease is what an acknowledgement that came at a time grants.
func (d dhcpMessage) lease(at time.Time) *act.Lease {
	l := &act.Lease{Seconds: int64(d.seconds())}
	if d.yours.IsValid() {
		l.Address = d.yours.String()
	}
	if server := addressAt(d.options[optServer], 0); server.IsValid() {
		l.Server = server.String()
	}
	if l.Seconds > 0 {
		l.Expires = at.Add(time.Duration(l.Seconds) * time.Second).UTC().Truncate(time.Second)
	}
	return l
}
