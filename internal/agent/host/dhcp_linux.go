package host

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A lessee is in whose name a DHCP server is asked.
//
// It listens beside the network stack and not on the port: what the server
// answers is meant for every client of the interface, a manager's own may hold
// the port, and a packet filter may keep out what such clients do not miss.
type lessee struct {
	iface net.Interface
	id    []byte // client identifier; nil for one that is known by its MAC address alone
}

// again asks whether an address may be kept, as after a start (RFC 2131, 3.2),
// and returns what the server said: dhcpAck or dhcpNak.
func (l lessee) again(ctx context.Context, address netip.Addr) (dhcpMessage, error) {
	return l.ask(ctx, l.message(dhcpRequest, optRequested, address.AsSlice()), dhcpAck, dhcpNak)
}

// offer asks whether any server would lend any address.
func (l lessee) offer(ctx context.Context) (dhcpMessage, error) {
	return l.ask(ctx, l.message(dhcpDiscover, 0, nil), dhcpOffer)
}

// take accepts an offer.
func (l lessee) take(ctx context.Context, offer dhcpMessage) (dhcpMessage, error) {
	request := l.message(dhcpRequest, optRequested, offer.yours.AsSlice())
	request.options[optServer] = offer.options[optServer]
	answer, err := l.ask(ctx, request, dhcpAck, dhcpNak)
	if err == nil && answer.kind() == dhcpNak {
		err = errors.New("the DHCP server took back what it had offered")
	}
	return answer, err
}

func (l lessee) message(kind byte, option byte, value []byte) dhcpMessage {
	d := dhcpMessage{mac: l.iface.HardwareAddr, options: map[byte][]byte{
		optKind: {kind}, optWishes: {optMask, optRouter, optSeconds, optServer},
	}}
	if option != 0 {
		d.options[option] = value
	}
	if l.id != nil {
		d.options[optClient] = l.id
	}
	return d
}

// resendAfter is the pause before a message is sent again; it doubles.
const resendAfter = 2 * time.Second

// ask sends a message until an answer of one of the kinds comes or ctx ends.
func (l lessee) ask(ctx context.Context, question dhcpMessage, kinds ...byte) (dhcpMessage, error) {
	if len(question.mac) == 0 || len(question.mac) > 16 {
		return dhcpMessage{}, fmt.Errorf("%s has no hardware address that DHCP could name", l.iface.Name)
	}
	var number [4]byte
	rand.Read(number[:])
	question.xid = binary.BigEndian.Uint32(number[:])
	ears, err := listenBeside(l.iface.Index)
	if err != nil {
		return dhcpMessage{}, fmt.Errorf("listening for DHCP servers: %w", err)
	}
	defer ears.Close()
	stop := context.AfterFunc(ctx, func() { ears.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for pause := resendAfter; ; pause *= 2 {
		if err := l.send(ctx, question); err != nil {
			return dhcpMessage{}, err
		}
		ears.SetReadDeadline(time.Now().Add(pause))
		if ctx.Err() != nil { // between setting and setting
			return dhcpMessage{}, context.Cause(ctx)
		}
		answer, err := hear(ears, question.xid, kinds)
		switch {
		case err == nil:
			return answer, nil
		case ctx.Err() != nil:
			return dhcpMessage{}, context.Cause(ctx)
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return dhcpMessage{}, fmt.Errorf("listening for DHCP servers: %w", err)
		}
	}
}

const (
	clientPort = 68
	serverPort = 67
)

// send broadcasts a message on the interface.
func (l lessee) send(ctx context.Context, d dhcpMessage) error {
	var bound error
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return cmp.Or(c.Control(func(fd uintptr) {
			bound = errors.Join(unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
				unix.BindToDevice(int(fd), l.iface.Name))
		}), bound)
	}}
	mouth, err := config.ListenPacket(ctx, "udp4", fmt.Sprintf(":%d", clientPort))
	if err == nil {
		defer mouth.Close()
		_, err = mouth.WriteTo(d.encode(), &net.UDPAddr{IP: net.IPv4bcast, Port: serverPort})
	}
	if err != nil {
		return fmt.Errorf("asking DHCP servers on %s: %w", l.iface.Name, err)
	}
	return nil
}

// toClients lets only whole datagrams for the port of DHCP clients through.
var toClients = []unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 9}, // protocol
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 6, K: unix.IPPROTO_UDP},
	{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: 6}, // fragments
	{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jt: 4, K: 0x3fff},
	{Code: unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH, K: 0}, // length of the header
	{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_IND, K: 2},  // port
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: clientPort},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
}

// listenBeside hears the IP packets that arrive on an interface.
func listenBeside(index int) (*os.File, error) {
	const anyIP = unix.ETH_P_IP<<8&0xff00 | unix.ETH_P_IP>>8 // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	filter := unix.SockFprog{Len: uint16(len(toClients)), Filter: &toClients[0]}
	if err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &filter); err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: anyIP, Ifindex: index})
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "packets"), nil
}

// hear waits for an answer. What is none is passed by: anybody can send it.
func hear(ears *os.File, xid uint32, kinds []byte) (dhcpMessage, error) {
	packet := make([]byte, 1<<16)
	for {
		n, err := ears.Read(packet)
		if err != nil {
			return dhcpMessage{}, err
		}
		header := int(packet[0]&0x0f) * 4
		if n < header+8 {
			continue
		}
		source := binary.BigEndian.Uint16(packet[header:])
		answer, err := decodeDHCP(packet[header+8 : n])
		if err != nil || source != serverPort || !answer.reply || answer.xid != xid {
			continue
		}
		for _, kind := range kinds {
			if answer.kind() == kind {
				return answer, nil
			}
		}
	}
}
