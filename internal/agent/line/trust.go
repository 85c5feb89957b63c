package line

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"reeve/internal/link"
	"reeve/internal/seal"
)

// Trust is what an agent believes because of its pin: seals under the root,
// and the root's certificates on the message bus. All agents of a program that
// belong to one server may share it.
type Trust struct {
	seals *seal.Verifier
	bus   *tls.Config
	roots *x509.CertPool // of the bus

	headers headers
}

// NewTrust returns the trust in a root key (PKIX DER) and its certificate (DER;
// without one no TLS connection to the bus is good). The caller has checked the
// key against the pin, now or when it enrolled.
func NewTrust(root, rootCert []byte) (*Trust, error) {
	key, err := seal.PinnedRoot(root, Pin(root), nil, nil)
	if err != nil {
		return nil, fmt.Errorf("the server's root key is damaged: %w", err)
	}
	return trustIn(key, rootCert)
}

func trustIn(root *ecdsa.PublicKey, rootCert []byte) (*Trust, error) {
	t := &Trust{
		seals: seal.NewVerifier(root),
		bus: &tls.Config{
			InsecureSkipVerify: true, // checkBus does it, without this machine's clock
			ServerName:         link.ServerName, MinVersion: tls.VersionTLS13,
		},
		roots: x509.NewCertPool(),
	}
	if len(rootCert) == 0 {
		return t, nil
	}
	cert, err := x509.ParseCertificate(rootCert)
	if err != nil {
		return nil, fmt.Errorf("the server's root certificate is damaged: %w", err)
	}
	if held, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || !held.Equal(root) {
		return nil, errors.New("the server's root certificate does not hold its root key")
	}
	t.roots.AddCert(cert)
	return t, nil
}

// checkBus says why a bus that showed these certificates is not the server's.
// This machine's clock does not count, which may be years off: a certificate is
// good unless it had ended by the last time that the server told.
func (t *Trust) checkBus(shown []*x509.Certificate, known time.Time) error {
	if len(shown) == 0 {
		return errors.New("the message bus shows no certificate")
	}
	leaf := shown[0]
	at := leaf.NotBefore
	if known.After(at) {
		at = known
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: t.roots, DNSName: link.ServerName, CurrentTime: at})
	return err
}

// Pin returns the fingerprint of a root key in PKIX DER.
func Pin(root []byte) string {
	sum := sha256.Sum256(root)
	return hex.EncodeToString(sum[:])
}
