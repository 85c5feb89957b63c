// Package linetest is a small server for the tests of agents: it enrols whoever
// comes, speaks the message bus for real, seals orders, and also does what a
// real server never would, such as sending an order that was tampered with.
//
// It imports internal/link, internal/seal and an embedded NATS server; only
// tests import it.
package linetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"reeve/internal/link"
	"reeve/internal/seal"
)

// Account is the number of the only account.
const Account = 7

// Code is the registration code that enrols.
const Code = "ABCD2345"

// A Server stands in for Reeve.
type Server struct {
	URL string // of the HTTPS door
	Pin string

	CloseDoor func() // takes the HTTPS door away
	DropWeb   func() // ends the connections to it, as a server does with idle ones

	root  *ecdsa.PrivateKey
	id    link.Identity
	certs [2]tls.Certificate // of the message bus and the HTTPS door
	seal  seal.Key
	tls   bool
	tb    testing.TB

	reports chan Report

	mu      sync.Mutex
	silent  bool
	ahead   time.Duration
	bus     *server.Server
	port    int
	conn    *nats.Conn
	devices map[string][]byte // public keys by address
	keys    map[string]string // addresses by base64 public key
	hellos  map[string]link.Hello
	beats   map[string]int
	byes    map[string]int
	seen    map[string][]link.Sighting
	uploads map[string][]byte
	retired map[string]bool
	refused map[string]bool // keys that the bus and the door do not take

	manifest   link.Manifest
	setFiles   map[string][]byte
	wholeFiles bool
}

// A Report is what an agent said.
type Report struct {
	Address string
	link.Report
}

// Start starts a server on loopback, with TLS on both doors or on neither, and
// stops it at the end of the test.
func Start(tb testing.TB, withTLS bool) *Server {
	tb.Helper()
	s := &Server{
		tb: tb, tls: withTLS, reports: make(chan Report, 100_000),
		devices: map[string][]byte{}, keys: map[string]string{}, hellos: map[string]link.Hello{},
		beats: map[string]int{}, byes: map[string]int{}, seen: map[string][]link.Sighting{},
		uploads: map[string][]byte{}, retired: map[string]bool{}, refused: map[string]bool{},
	}
	s.makeKeys()
	s.startDoor()
	s.StartBus()
	tb.Cleanup(s.StopBus)
	return s
}

func (s *Server) must(err error) {
	if err != nil {
		s.tb.Helper()
		s.tb.Fatal(err)
	}
}

func (s *Server) makeKeys() {
	var err error
	s.root, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	s.Pin, err = seal.Pin(&s.root.PublicKey)
	s.must(err)
	s.id.Root, err = x509.MarshalPKIXPublicKey(&s.root.PublicKey)
	s.must(err)
	from, until := time.Now().Add(-time.Hour), time.Now().Add(1000*time.Hour)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	s.id.RootCert, err = x509.CreateCertificate(rand.Reader, ca, ca, &s.root.PublicKey, s.root)
	s.must(err)
	for i := range s.certs {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		s.must(err)
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "door"}, NotBefore: from, NotAfter: until,
			DNSNames: []string{link.ServerName}, KeyUsage: x509.KeyUsageDigitalSignature,
		}
		der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, s.root)
		s.must(err)
		s.certs[i] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	seed := make([]byte, 32)
	rand.Read(seed)
	s.seal, err = seal.NewKey(s.root, seed, from, until)
	s.must(err)
}

func (s *Server) startDoor() {
	door := httptest.NewUnstartedServer(s.door())
	if s.tls {
		door.TLS = &tls.Config{Certificates: s.certs[1:]}
		door.StartTLS()
		endorsement, err := seal.EndorseTLS(s.root, door.Certificate())
		s.must(err)
		s.id.Endorsement = endorsement
	} else {
		door.Start()
	}
	s.DropWeb = door.CloseClientConnections
	s.CloseDoor = sync.OnceFunc(door.Close)
	s.tb.Cleanup(s.CloseDoor)
	s.URL = door.URL
}

// StartBus opens the message bus; after StopBus on the same port.
func (s *Server) StartBus() {
	opts := &server.Options{
		Host: "127.0.0.1", Port: s.port, NoSigs: true, NoLog: true, AlwaysEnableNonce: true,
		CustomClientAuthentication: gatekeeper{s},
		TLSTimeout:                 30, AuthTimeout: 30,
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	if s.tls {
		opts.TLSConfig = &tls.Config{Certificates: s.certs[:1], MinVersion: tls.VersionTLS13}
	}
	bus, err := server.NewServer(opts)
	s.must(err)
	bus.Start()
	if !bus.ReadyForConnections(10 * time.Second) {
		s.tb.Fatal("the message bus did not start")
	}
	conn, err := nats.Connect("", nats.InProcessServer(bus), nats.UserInfo("server", "server"))
	s.must(err)
	_, err = conn.Subscribe("v1.>", s.hear)
	s.must(err)
	s.must(conn.Flush())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bus, s.conn = bus, conn
	s.port = bus.Addr().(*net.TCPAddr).Port
}

// StopBus takes the message bus away, as a crash would.
func (s *Server) StopBus() {
	s.mu.Lock()
	bus, conn := s.bus, s.conn
	s.bus, s.conn = nil, nil
	s.mu.Unlock()
	if bus != nil {
		conn.Close()
		bus.Shutdown()
		bus.WaitForShutdown()
	}
}

// agents returns where the message bus listens.
func (s *Server) agents() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Eventually waits until something holds, and fails the test if that takes too
// long.
func Eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			tb.Fatalf("it never came true that %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}
