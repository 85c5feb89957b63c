package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"reeve/internal/seal"
)

// A certificate of ours is short-lived and renewed long before its end.
const (
	leafLife  = 90 * 24 * time.Hour
	leafRenew = 30 * 24 * time.Hour // before the end
)

// ServerTLS returns the settings of the HTTPS port: a certificate from our own
// authority for these names and addresses. A name may carry a port, which is
// left out. TLS 1.2 is the least.
func (k *Keys) ServerTLS(names ...string) (*tls.Config, error) {
	return k.listen(tls.VersionTLS12, names)
}

// AgentsTLS returns the settings of the agents' port, likewise. TLS 1.3 is the
// least: agents are ours.
func (k *Keys) AgentsTLS(names ...string) (*tls.Config, error) {
	return k.listen(tls.VersionTLS13, names)
}

// LoadTLS returns the settings of the HTTPS port with a certificate of one's
// own: PEM files, the chain after the certificate. TLS 1.2 is the least.
func LoadTLS(certFile, keyFile string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("loading the certificate for HTTPS: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}}, nil
}

// Endorse returns the root's word for the key of a port with these settings,
// for agents that pinned the root. It stays good when our own certificate is
// renewed, since the key does not change with it.
func (k *Keys) Endorse(port *tls.Config) ([]byte, error) {
	cert, err := present(port)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("reading our own certificate: %w", err)
	}
	return seal.EndorseTLS(k.root, leaf)
}

func present(port *tls.Config) (*tls.Certificate, error) {
	switch {
	case port.GetCertificate != nil:
		return port.GetCertificate(&tls.ClientHelloInfo{})
	case len(port.Certificates) > 0:
		return &port.Certificates[0], nil
	}
	return nil, errors.New("the port has no certificate to endorse")
}

func (k *Keys) listen(least uint16, names []string) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key for TLS: %w", err)
	}
	l := &leaf{keys: k, key: key, names: names}
	if _, err := l.certificate(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: least, GetCertificate: l.certificate}, nil
}

// A leaf is the certificate of one port, issued anew before it ends.
type leaf struct {
	keys  *Keys
	key   *ecdsa.PrivateKey
	names []string

	mu    sync.Mutex
	cert  *tls.Certificate
	renew time.Time
}

func (l *leaf) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.keys.now()
	if l.cert == nil || now.After(l.renew) {
		cert, err := l.issue(now)
		if err != nil {
			return nil, err
		}
		l.cert, l.renew = cert, now.Add(leafLife-leafRenew)
	}
	return l.cert, nil
}

func (l *leaf) issue(now time.Time) (*tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "Reeve"},
		NotBefore:    now.Add(-forgiveness),
		NotAfter:     now.Add(leafLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range l.names {
		if host, _, err := net.SplitHostPort(name); err == nil {
			name = host
		}
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if name != "" {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, l.keys.cert, &l.key.PublicKey, l.keys.root)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der, l.keys.cert.Raw}, PrivateKey: l.key}, nil
}
