package line

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"

	"reeve/internal/link"
	"reeve/internal/seal"
)

// Trust is what an agent believes because of its pin: seals under the root,
// and the root's certificates on the message bus. All agents of a program that
// belong to one server may share it.
type Trust struct {
	seals *seal.Verifier
	bus   *tls.Config

	headers headers
}

// NewTrust returns the trust in a root key (PKIX DER) and its certificate (DER;
// without one no TLS connection to the bus is good). The caller has checked the key against the
// pin, now or when it enrolled.
func NewTrust(root, rootCert []byte) (*Trust, error) {
	key, err := seal.PinnedRoot(root, Pin(root), nil, nil)
	if err != nil {
		return nil, fmt.Errorf("the server's root key is damaged: %w", err)
	}
	return trustIn(key, rootCert)
}

func trustIn(root *ecdsa.PublicKey, rootCert []byte) (*Trust, error) {
	pool := x509.NewCertPool()
	t := &Trust{
		seals: seal.NewVerifier(root),
		bus:   &tls.Config{RootCAs: pool, ServerName: link.ServerName, MinVersion: tls.VersionTLS13},
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
	pool.AddCert(cert)
	return t, nil
}

// Pin returns the fingerprint of a root key in PKIX DER.
func Pin(root []byte) string {
	sum := sha256.Sum256(root)
	return hex.EncodeToString(sum[:])
}
