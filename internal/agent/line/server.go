package line

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
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
	base  *url.URL
	pin   string
	http  http.Client
	known atomic.Pointer[known]
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
	s := &Server{base: base, pin: pin}
	s.http.Transport = &http.Transport{
		DialContext:         s.dial,
		DialTLSContext:      s.dial,
		IdleConnTimeout:     10 * time.Second,
		MaxIdleConnsPerHost: 64,

		ResponseHeaderTimeout: 2 * time.Minute,
	}
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s, nil
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
func (s *Server) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	c := raw
	var leaf *x509.Certificate
	if s.base.Scheme == "https" {
		secure := tls.Client(c, &tls.Config{
			InsecureSkipVerify: true, // the pin decides, below
			MinVersion:         tls.VersionTLS13,
			ServerName:         s.base.Hostname(),
		})
		if err := secure.HandshakeContext(ctx); err != nil {
			c.Close()
			return nil, fmt.Errorf("securing the connection: %w", err)
		}
		leaf, c = secure.ConnectionState().PeerCertificates[0], secure
	}
	if err := s.check(c, leaf); err != nil {
		c.Close()
		return nil, errors.Join(err, ctx.Err())
	}
	return c, nil
}

// check asks a fresh connection who it is. That is all that is said to a server
// which may be anybody's.
func (s *Server) check(c net.Conn, leaf *x509.Certificate) error {
	ask, err := http.NewRequest(http.MethodGet, s.base.JoinPath(link.PathIdentity).String(), nil)
	if err != nil {
		return err
	}
	if err := ask.Write(c); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), ask)
	if err != nil {
		return fmt.Errorf("reading the server's identity: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxLine))
	if err != nil {
		return fmt.Errorf("reading the server's identity: %w", err)
	}
	var id link.Identity
	if answer.StatusCode != http.StatusOK || json.Unmarshal(body, &id) != nil {
		return errors.New("there is no Reeve server at this address; check the address and the port")
	}
	root, err := seal.PinnedRoot(id.Root, s.pin, leaf, id.Endorsement)
	if err != nil {
		return ErrNotPinned
	}
	if _, err := trustIn(root, id.RootCert); err != nil {
		return err
	}
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return errors.New("the server's answer does not say its time")
	}
	s.known.Store(&known{id, clock{server: at, since: time.Now()}})
	return nil
}
