package outbound

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"reeve"
)

// How long a syslog receiver may take.
const (
	dialTimeout  = 10 * time.Second
	writeTimeout = 30 * time.Second
)

// maxDatagram is the largest message over UDP; longer ones are cut, as RFC 5426
// allows.
const maxDatagram = 65_000

// Datagrams are sent in bursts with pauses between them, since a receiver drops
// what comes faster than it reads, and nobody hears of it.
const (
	udpBurst = 32
	udpPause = 10 * time.Millisecond
)

// A syslogSink sends RFC 5424 messages whose text is the line: over UDP one a
// datagram (RFC 5426), over TCP and TLS with their length before them (RFC 6587,
// RFC 5425). Syslog knows no acknowledgement: what the network has taken counts
// as delivered.
type syslogSink struct {
	settings reeve.OutletSettings
	trust    *tls.Config
	host     string
	conn     net.Conn // nil until it is needed
}

func newSyslog(s reeve.OutletSettings) (*syslogSink, error) {
	trusted, err := trust(s.CA)
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname() // without one it is "-"
	return &syslogSink{settings: s, trust: trusted, host: cmp.Or(visible(host, 255), "-")}, nil
}

func (s *syslogSink) close() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

func (s *syslogSink) write(ctx context.Context, l lines) error {
	if s.conn != nil && s.settings.Network != "udp" && hungUp(s.conn) {
		s.close()
	}
	if s.conn == nil {
		conn, err := s.dial(ctx)
		if err != nil {
			return fmt.Errorf("connecting to the syslog receiver: %w", err)
		}
		s.conn = conn
	}
	stop := context.AfterFunc(ctx, func() { s.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := s.send(ctx, l); err != nil {
		s.close()
		return fmt.Errorf("sending to the syslog receiver: %w", err)
	}
	return nil
}

func (s *syslogSink) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	if s.settings.Network != "tls" {
		return dialer.DialContext(ctx, s.settings.Network, s.settings.Address)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return (&tls.Dialer{NetDialer: dialer, Config: s.trust}).DialContext(ctx, "tcp", s.settings.Address)
}

func (s *syslogSink) send(ctx context.Context, l lines) error {
	if err := s.conn.SetDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if s.settings.Network == "udp" {
		for i, line := range l.rows {
			if i%udpBurst == udpBurst-1 && sleep(ctx, udpPause) != nil {
				return ctx.Err()
			}
			m := s.message(line)
			if _, err := s.conn.Write(m[:min(len(m), maxDatagram)]); err != nil {
				return err
			}
		}
		return nil
	}
	var framed bytes.Buffer
	for _, line := range l.rows {
		m := s.message(line)
		framed.WriteString(strconv.Itoa(len(m)))
		framed.WriteByte(' ')
		framed.Write(m)
	}
	_, err := s.conn.Write(framed.Bytes())
	return err
}

// priority is facility 13, log audit, with severity 6, informational.
const priority = 13*8 + 6

// message writes one line as RFC 5424 wants it: priority and version, time,
// host, program, process, kind of message, no structured data, text.
func (s *syslogSink) message(l line) []byte {
	head := fmt.Sprintf("<%d>1 %s %s reeve %d %s - ", priority, l.at.UTC().Format("2006-01-02T15:04:05.000000Z"), s.host,
		os.Getpid(), cmp.Or(visible(l.event, 32), "-"))
	return append([]byte(head), bytes.TrimSuffix(l.text, []byte("\n"))...)
}

// visible keeps what a field of the header may hold.
func visible(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r > ' ' && r < 127 {
			return r
		}
		return -1
	}, text)
	return text[:min(len(text), most)]
}

// hungUp reports whether the receiver has closed the connection. It sends
// nothing, so there is nothing to read but an end.
func hungUp(conn net.Conn) bool {
	conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := conn.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}
