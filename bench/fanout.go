package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// A fanOut is a raw NATS publish to many clients: an embedded server without
// accounts, permissions or Reeve, a publisher in its process as Reeve's is, and
// the clients in a second process, since agents do not share the server's
// scheduler and garbage collector either. Each client reads one subject.
type fanOut struct {
	*crowd
	publisher *nats.Conn
	subjects  []string
	payload   []byte
}

const payloadBytes = 200

// openFanOut starts the server and connects count clients to it.
func (b *bench) openFanOut(ctx context.Context, count int, encrypted bool) (*fanOut, error) {
	options := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true,
		TLSTimeout: 60, AuthTimeout: 60}
	settings := readersSettings{Count: count, Name: "127.0.0.1"}
	if encrypted {
		settings.Trust = filepath.Join(b.dir, "server.pem")
		certificate, err := selfSigned(settings.Trust)
		if err != nil {
			return nil, err
		}
		options.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}
	}
	broker, err := server.NewServer(options)
	if err != nil {
		return nil, err
	}
	broker.Start()
	b.after(broker.Shutdown)
	if !broker.ReadyForConnections(10 * time.Second) {
		return nil, fmt.Errorf("the NATS server does not accept connections")
	}
	settings.Address = broker.Addr().String()

	f := &fanOut{payload: []byte(strings.Repeat("x", payloadBytes)), subjects: make([]string, count)}
	for i := range f.subjects {
		f.subjects[i] = settings.subject(i)
	}
	if f.publisher, err = nats.Connect("", nats.InProcessServer(broker)); err != nil {
		return nil, err
	}
	b.after(f.publisher.Close)
	f.crowd, err = b.gather(ctx, "-readers", settings, count)
	return f, err
}

// publish is one pass: from the first publish until the last client has read.
func (f *fanOut) publish() (time.Duration, error) {
	start := time.Now()
	for _, subject := range f.subjects {
		if err := f.publisher.Publish(subject, f.payload); err != nil {
			return 0, err
		}
	}
	if err := f.publisher.Flush(); err != nil {
		return 0, err
	}
	end, err := f.allHave()
	return end.Sub(start), err
}

// selfSigned makes a certificate for loopback and writes it where clients read
// whom to trust.
func selfSigned(file string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	trusted := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, os.WriteFile(file, trusted, 0o600)
}
