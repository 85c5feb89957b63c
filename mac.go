package reeve

import (
	"net"
	"strings"
)

// A MAC is a 48-bit hardware address as a number.
type MAC uint64

// ParseMAC reads a MAC address in colon, dash, dot (Cisco) or bare hex
// spelling and in any case. The address of all zeros, which loopback interfaces
// show, is nobody's: it is refused, so that no two devices share it.
func ParseMAC(s string) (MAC, bool) {
	hw, err := net.ParseMAC(s)
	if err != nil || len(hw) != 6 {
		return 0, false
	}
	var m MAC
	for _, b := range hw {
		m = m<<8 | MAC(b)
	}
	return m, m != 0
}

// IsMadeUp reports whether a program gave the address, and not the maker of the
// adapter: phones do so anew for every network.
func (m MAC) IsMadeUp() bool { return m>>40&2 != 0 }

// IsGroup reports whether the address stands for several machines.
func (m MAC) IsGroup() bool { return m>>40&1 != 0 }

// String returns the lower-case colon form, the one in all published examples.
func (m MAC) String() string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for shift := 44; shift >= 0; shift -= 4 {
		b.WriteByte(digits[m>>shift&0xf])
		if shift%8 == 0 && shift > 0 {
			b.WriteByte(':')
		}
	}
	return b.String()
}
