package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An ipv4 is an address of an interface, as the kernel tells it.
type ipv4 struct {
	address netip.Addr
	bits    int
	global  bool      // good for more than this link
	changed uint32    // when it was last set, on a clock of the kernel's own
	expires time.Time // zero if nobody has to renew it
	body    []byte    // of the kernel's message, which says all this again
	aging   []byte    // the part of body that counts seconds: preferred, valid
}

// addressesOf lists the IPv4 addresses of an interface.
func addressesOf(index int) (out []ipv4, err error) {
	err = dump(unix.RTM_GETADDR, unix.SizeofIfAddrmsg, func(body []byte, attribute func(uint16) []byte) {
		if int(binary.NativeEndian.Uint32(body[4:])) != index {
			return
		}
		a := ipv4{
			address: addressAt(attribute(unix.IFA_LOCAL), 0), bits: int(body[1]),
			global: body[3] == unix.RT_SCOPE_UNIVERSE, body: body,
		}
		if ages := attribute(unix.IFA_CACHEINFO); len(ages) == unix.SizeofIfaCacheinfo {
			a.aging, a.changed = ages[:8], binary.NativeEndian.Uint32(ages[12:])
			if valid := binary.NativeEndian.Uint32(ages[4:]); valid != forever {
				a.expires = time.Now().Add(time.Duration(valid) * time.Second)
			}
		}
		out = append(out, a)
	})
	return out, err
}

// A setup is what an interface was set up with, to be put back.
type setup struct {
	index     int
	taken     time.Time
	addresses []ipv4
	routes    [][]byte // of the main table, bodies of messages
}

func takeSetup(index int) (s setup, err error) {
	s.index, s.taken = index, time.Now()
	if s.addresses, err = addressesOf(index); err != nil {
		return s, err
	}
	err = dump(unix.RTM_GETROUTE, unix.SizeofRtMsg, func(body []byte, attribute func(uint16) []byte) {
		out := attribute(unix.RTA_OIF)
		if body[4] == unix.RT_TABLE_MAIN && body[7] == unix.RTN_UNICAST && len(out) == 4 && int(binary.NativeEndian.Uint32(out)) == index {
			binary.NativeEndian.PutUint32(body[8:], 0) // flags that only the kernel sets
			s.routes = append(s.routes, body)
		}
	})
	return s, err
}

// lost reports whether the interface had an address and has none now.
func (s setup) lost() bool {
	now, err := addressesOf(s.index)
	return err == nil && slices.ContainsFunc(s.addresses, isGlobal) && !slices.ContainsFunc(now, isGlobal)
}

func isGlobal(a ipv4) bool { return a.global }

// putBack sets the interface up as it was. An address is good for as long as
// it was, and no longer.
func (s setup) putBack() error {
	gone := uint32(time.Since(s.taken) / time.Second)
	for _, a := range s.addresses {
		for i := 0; i < len(a.aging); i += 4 {
			if left := binary.NativeEndian.Uint32(a.aging[i:]); left != forever {
				binary.NativeEndian.PutUint32(a.aging[i:], max(left, gone+uint32(i/4))-gone) // valid, the second, is at least 1
			}
		}
		if err := change(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, a.body); err != nil {
			return fmt.Errorf("putting %s back: %w", a.address, err)
		}
	}
	// Routes through a router need the one to the router: until no more can be
	// set, since the kernel tells them in no helpful order.
	left := s.routes
	for {
		var still [][]byte
		var last error
		for _, r := range left {
			if err := change(unix.RTM_NEWROUTE, unix.NLM_F_CREATE, r); err != nil && !errors.Is(err, unix.EEXIST) {
				still, last = append(still, r), err
			}
		}
		if len(still) == 0 {
			return nil
		}
		if len(still) == len(left) {
			return fmt.Errorf("putting %d routes back: %w", len(still), last)
		}
		left = still
	}
}

// setAddress gives an interface an address for a time (0: for ever), or that
// time to the one that it has.
func setAddress(index int, p netip.Prefix, seconds uint32) error {
	if seconds == 0 {
		seconds = forever
	}
	ages := binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, seconds), seconds)
	ages = append(ages, make([]byte, 8)...)
	body := addressBody(index, p)
	body = appendAttribute(body, unix.IFA_BROADCAST, broadcastOf(p).AsSlice())
	return change(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, appendAttribute(body, unix.IFA_CACHEINFO, ages))
}

func removeAddress(index int, p netip.Prefix) error {
	return change(unix.RTM_DELADDR, 0, addressBody(index, p))
}

func addressBody(index int, p netip.Prefix) []byte {
	body := []byte{unix.AF_INET, byte(p.Bits()), 0, unix.RT_SCOPE_UNIVERSE}
	body = binary.NativeEndian.AppendUint32(body, uint32(index))
	body = appendAttribute(body, unix.IFA_LOCAL, p.Addr().AsSlice())
	return appendAttribute(body, unix.IFA_ADDRESS, p.Addr().AsSlice())
}

func broadcastOf(p netip.Prefix) netip.Addr {
	a := p.Addr().As4()
	all := binary.BigEndian.Uint32(a[:]) | ^uint32(0)>>p.Bits()
	binary.BigEndian.PutUint32(a[:], all)
	return netip.AddrFrom4(a)
}

// setRouter makes a router the way to everywhere else.
func setRouter(index int, router netip.Addr) error {
	body := []byte{unix.AF_INET, 0, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_DHCP, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST, 0, 0, 0, 0}
	body = appendAttribute(body, unix.RTA_GATEWAY, router.AsSlice())
	body = appendAttribute(body, unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(index)))
	return change(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, body)
}

func appendAttribute(body []byte, kind uint16, value []byte) []byte {
	body = binary.NativeEndian.AppendUint16(body, uint16(4+len(value)))
	body = binary.NativeEndian.AppendUint16(body, kind)
	body = append(body, value...)
	return append(body, make([]byte, (4-len(value)%4)%4)...)
}

// dump tells every IPv4 entry of a table of the kernel: its message, which
// begins with a header of the given size, and the attributes in it.
func dump(table, header int, each func(body []byte, attribute func(uint16) []byte)) error {
	data, err := syscall.NetlinkRIB(table, unix.AF_INET)
	if err != nil {
		return fmt.Errorf("asking the kernel for addresses and routes: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(data)
	if err != nil {
		return fmt.Errorf("reading addresses and routes: %w", err)
	}
	for _, m := range messages {
		if len(m.Data) < header || m.Data[0] != unix.AF_INET {
			continue
		}
		each(m.Data, func(kind uint16) []byte {
			for rest := m.Data[header:]; len(rest) >= 4; {
				size := int(binary.NativeEndian.Uint16(rest))
				if size < 4 || size > len(rest) {
					return nil
				}
				if binary.NativeEndian.Uint16(rest[2:]) == kind {
					return rest[4:size]
				}
				rest = rest[min((size+3)&^3, len(rest)):]
			}
			return nil
		})
	}
	return nil
}

// change asks the kernel to change its tables and waits for its answer.
func change(kind, flags uint16, body []byte) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	message := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	message = binary.NativeEndian.AppendUint16(message, kind)
	message = binary.NativeEndian.AppendUint16(message, unix.NLM_F_REQUEST|unix.NLM_F_ACK|flags)
	message = append(message, make([]byte, 8)...) // sequence and sender do not matter
	message = append(message, body...)
	if err := unix.Sendto(fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, 1<<13)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return err
	}
	if n < unix.SizeofNlMsghdr+4 || binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return errors.New("the kernel's answer is not understood")
	}
	if code := -int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); code != 0 {
		return unix.Errno(code)
	}
	return nil
}
