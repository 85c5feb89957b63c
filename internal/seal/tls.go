package seal

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
)

// EndorseTLS returns the root's word that the holder of a certificate's key is
// this server. It makes the pin hold also where the certificate comes from
// somebody else's authority.
func EndorseTLS(root *ecdsa.PrivateKey, leaf *x509.Certificate) ([]byte, error) {
	digest := tlsDigest(leaf)
	sig, err := ecdsa.SignASN1(rand.Reader, root, digest[:])
	if err != nil {
		return nil, fmt.Errorf("endorsing the TLS key: %w", err)
	}
	return sig, nil
}

// PinnedRoot returns the root public key with the given PKIX encoding, if its
// fingerprint is pin and it endorsed the certificate that the connection
// presented. Without TLS (leaf nil) there is no endorsement, and without a pin
// (empty) any root is taken.
func PinnedRoot(pkix []byte, pin string, leaf *x509.Certificate, endorsement []byte) (*ecdsa.PublicKey, error) {
	sum := sha256.Sum256(pkix)
	if pin != "" && hex.EncodeToString(sum[:]) != pin {
		return nil, ErrForged
	}
	key, err := x509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return nil, fmt.Errorf("reading the root key: %w", err)
	}
	root, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, ErrForged
	}
	if leaf != nil {
		digest := tlsDigest(leaf)
		if !ecdsa.VerifyASN1(root, digest[:], endorsement) {
			return nil, ErrForged
		}
	}
	return root, nil
}

func tlsDigest(leaf *x509.Certificate) Hash {
	return sha256.Sum256(append([]byte("reeve tls 1\n"), leaf.RawSubjectPublicKeyInfo...))
}
