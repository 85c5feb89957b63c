package line

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	connectTimeout = 30 * time.Second // for the handshakes; a returning crowd makes the server slow
	writeTimeout   = 20 * time.Second
)

// ErrRefused says that the message bus did not accept the device's key.
var ErrRefused = errors.New("the server refuses this device's key")

// A conn is one connection to the message bus.
//
// It has one goroutine, which reads. Whenever the time set by wake comes while
// it waits for bytes, it calls idle: so beats need neither a second goroutine
// nor a timer. Every frame is written with one Write, which the net package
// does not mix with others, so any goroutine may send.
type conn struct {
	net.Conn
	frames frames
	heard  time.Time    // when bytes last came
	idle   func() error // called at the time set by wake; an error ends the connection
}

// A busDoor is how to get onto a bus.
type busDoor struct {
	addr   string
	trust  *Trust
	secure bool      // whether it must be TLS; if not, it still may be
	known  time.Time // the server's time, as far as it told
}

// dial connects to the bus and proves the key. What the server says to that is
// not awaited.
func dial(ctx context.Context, door busDoor, key Key) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, "tcp", door.addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, heard: time.Now()}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	if err := c.open(ctx, door, key); err != nil {
		raw.Close()
		return nil, because(err, ctx.Err())
	}
	return c, nil
}

// because adds why something failed, if that is known, on the same line.
func because(err, cause error) error {
	if cause == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", err, cause)
}

func (c *conn) open(ctx context.Context, door busDoor, key Key) error {
	c.frames = newFrames(c)
	first, err := c.frames.next()
	if err != nil {
		return err
	}
	var info struct {
		Nonce string `json:"nonce"`
		TLS   bool   `json:"tls_required"`
	}
	if first.op != "INFO" || json.Unmarshal(first.payload, &info) != nil || info.Nonce == "" {
		return fmt.Errorf("%w: it asks for no proof of the key", errProtocol)
	}
	if door.secure || info.TLS {
		// Whatever came before the handshake in the clear is not the server's word.
		if c.frames.r.Buffered() > 0 {
			return errProtocol
		}
		secure := tls.Client(c.Conn, door.trust.bus)
		err := secure.HandshakeContext(ctx)
		if err == nil {
			err = door.trust.checkBus(secure.ConnectionState().PeerCertificates, door.known)
		}
		if err != nil {
			return fmt.Errorf("securing the connection: %w", err)
		}
		c.Conn = secure
	}
	options, err := json.Marshal(map[string]any{
		"verbose": false, "pedantic": false, "echo": false, "headers": false, "no_responders": false,
		"protocol": 1, "lang": "reeve", "version": "1",
		"tls_required": door.secure, "nkey": key.user(), "sig": key.answer(info.Nonce),
	})
	if err != nil {
		return err
	}
	return c.send([]byte("CONNECT "), options, []byte("\r\n"))
}

// Read waits for bytes and calls idle when it is time.
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if n > 0 {
			c.heard = time.Now()
			return n, nil
		}
		if c.idle == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if err := c.idle(); err != nil {
			return 0, err
		}
	}
}

// stranded reports whether the connection comes from an address that this
// machine no longer has: then nothing arrives on it.
func (c *conn) stranded() bool {
	from, ok := c.LocalAddr().(*net.TCPAddr)
	addresses, err := net.InterfaceAddrs()
	if !ok || err != nil || from.IP.IsLoopback() {
		return false
	}
	return !slices.ContainsFunc(addresses, func(a net.Addr) bool {
		has, ok := a.(*net.IPNet)
		return ok && has.IP.Equal(from.IP)
	})
}

// wake sets when idle is called next.
func (c *conn) wake(at time.Time) { c.SetReadDeadline(at) }

// subscribe numbers the subscriptions from 1 in the order of the subjects.
func (c *conn) subscribe(subjects ...string) error {
	var b []byte
	for i, subject := range subjects {
		b = fmt.Appendf(b, "SUB %s %d\r\n", subject, i+1)
	}
	return c.send(b)
}

// publish sends a message; with after it sends further protocol in the same
// packet.
func (c *conn) publish(subject string, message []byte, after string) error {
	var size [20]byte
	return c.send([]byte("PUB "), []byte(subject), []byte(" "),
		strconv.AppendInt(size[:0], int64(len(message)), 10), []byte("\r\n"), message, []byte("\r\n"), []byte(after))
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// send writes the parts with one Write. After an error the connection is of no
// use, so it is closed and the reader ends.
func (c *conn) send(parts ...[]byte) error {
	b := buffers.Get().(*[]byte)
	defer buffers.Put(b)
	*b = (*b)[:0]
	for _, p := range parts {
		*b = append(*b, p...)
	}
	c.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.Write(*b)
	if err != nil {
		c.Close()
	}
	if cap(*b) > maxLine {
		*b = nil
	}
	return err
}

// next returns the next message; it answers and skips what is only protocol.
func (c *conn) next() (frame, error) {
	for {
		f, err := c.frames.next()
		if err != nil {
			return frame{}, err
		}
		switch f.op {
		case "MSG":
			return f, nil
		case "PING":
			if err := c.send([]byte("PONG\r\n")); err != nil {
				return frame{}, err
			}
		case "-ERR":
			switch reason := strings.ToLower(strings.Trim(string(f.payload), "' ")); {
			case strings.HasPrefix(reason, "permissions violation"):
				// The connection stands; what we may not say we need not say.
			case strings.HasPrefix(reason, "authorization violation"):
				return frame{}, ErrRefused
			default:
				return frame{}, fmt.Errorf("the message bus ended the connection: %s", reason)
			}
		}
	}
}
