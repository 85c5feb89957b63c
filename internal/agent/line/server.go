package line

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"reeve/internal/link"
	"reeve/internal/seal"
)

// ErrNotPinned says that whoever answers is not the server that was pinned.
var ErrNotPinned = errors.New("the server is not the one that the pin names; check the address and the pin")

// A Server is the agents' HTTPS door of a server. Every connection to it is
// checked against the pin before a request is sent on it. It is safe for
// concurrent use.
type Server struct {
	base *url.URL
	pin  string

	mu    sync.Mutex
	idle  []*httpConn
	known *known // nil until the first connection was checked
}

// known is what a checked connection told.
type known struct {
	identity link.Identity
	clock    clock
}

// fresh is how long the server's time is good for: after a machine slept or
// its clock was set, our idea of it is wrong.
const fresh = time.Minute

// Open returns the door at an address such as https://host:8443. The pin is
// the SHA-256 of the server's root key, 64 hex digits. Only a server on this
// very machine may be reached without TLS, by http://, and only then may the
// pin be empty. Nothing is sent yet.
func Open(address, pin string) (*Server, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("%q is not a server's address; write it like https://host:8443", address)
	}
	local := base.Hostname() == "localhost" || net.ParseIP(base.Hostname()).IsLoopback()
	switch {
	case base.Scheme == "http" && !local:
		return nil, errors.New("http:// is only for a server on this machine; use https:// and the server's pin")
	case base.Scheme == "https" && pin == "":
		return nil, errors.New("the server's pin is missing; take it from where the registration code came from")
	case pin != "" && !isPin(pin):
		return nil, errors.New("the pin must be 64 digits of 0-9 and a-f")
	}
	return &Server{base: base, pin: pin}, nil
}

func isPin(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 64
}

// dial opens a connection and checks who is at its other end. The certificate
// may come from any authority or none: what counts is that the pinned root
// endorsed its key.
func (s *Server) dial(ctx context.Context) (*httpConn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	port := s.base.Port()
	if port == "" {
		port = s.base.Scheme // net knows these by name
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(s.base.Hostname(), port))
	if err != nil {
		return nil, err
	}
	var leaf *x509.Certificate
	if s.base.Scheme == "https" {
		secure := tls.Client(c, &tls.Config{
			InsecureSkipVerify: true, // the pin decides, below
			MinVersion:         tls.VersionTLS13,
			ServerName:         s.base.Hostname(),
		})
		if err := secure.HandshakeContext(ctx); err != nil {
			c.Close()
			if _, other := errors.AsType[tls.RecordHeaderError](err); other {
				return nil, errHTTP
			}
			return nil, fmt.Errorf("securing the connection: %w", err)
		}
		leaf, c = secure.ConnectionState().PeerCertificates[0], secure
	}
	h := newHTTPConn(c)
	if err := s.check(ctx, h, leaf); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// check asks a fresh connection who it is. That is all that is said to a server
// which may be anybody's.
func (s *Server) check(ctx context.Context, c *httpConn, leaf *x509.Certificate) error {
	a, err := c.exchange(ctx, request{method: "GET", host: s.base.Host, path: s.path(link.PathIdentity)})
	if err != nil {
		return fmt.Errorf("asking the server who it is: %w", err)
	}
	var id link.Identity
	if a.status != 200 || a.last || json.Unmarshal(a.body, &id) != nil {
		return errors.New("there is no Reeve server at this address; check the address and the port")
	}
	root, err := seal.PinnedRoot(id.Root, s.pin, leaf, id.Endorsement)
	if err != nil {
		return ErrNotPinned
	}
	if _, err := trustIn(root, id.RootCert); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC1123, a.header.Get("Date"))
	if err != nil {
		return errors.New("the server's answer does not say its time")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = &known{id, clock{server: at, since: time.Now()}}
	return nil
}

// path returns the path of a request to one of link's.
func (s *Server) path(p string) string { return strings.TrimSuffix(s.base.EscapedPath(), "/") + p }

// take returns a checked connection, one that was used before if there is any.
func (s *Server) take(ctx context.Context) (c *httpConn, used bool, err error) {
	s.mu.Lock()
	for c == nil && len(s.idle) > 0 {
		last := len(s.idle) - 1
		c, s.idle = s.idle[last], s.idle[:last]
		if time.Since(c.rest) > idleFor {
			c.Close()
			c = nil
		}
	}
	s.mu.Unlock()
	if c != nil {
		return c, true, nil
	}
	c, err = s.dial(ctx)
	return c, false, err
}

// give keeps a connection for the next request.
func (s *Server) give(c *httpConn) {
	c.rest = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.idle) < maxIdle {
		s.idle = append(s.idle, c)
	} else {
		c.Close()
	}
}

// CloseIdle closes the connections that are kept for further requests.
func (s *Server) CloseIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.idle {
		c.Close()
	}
	s.idle = nil
}

// now returns the server's time, which every request bears under the
// signature; a connection tells it.
func (s *Server) now(ctx context.Context) (time.Time, error) {
	s.mu.Lock()
	k := s.known
	s.mu.Unlock()
	if k == nil || time.Now().Round(0).Sub(k.clock.since.Round(0)).Abs() > fresh {
		c, err := s.dial(ctx)
		if err != nil {
			return time.Time{}, err
		}
		s.give(c)
		s.mu.Lock()
		k = s.known
		s.mu.Unlock()
	}
	return k.clock.now(), nil
}
