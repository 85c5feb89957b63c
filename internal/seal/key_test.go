package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"
)

// leafCert returns a certificate for key as a TLS connection would show it.
func leafCert(t *testing.T, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "reeve"}, NotBefore: dawn, NotAfter: dusk}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestPinnedRoot(t *testing.T) {
	root, other := newRoot(t), newRoot(t)
	pkix, err := x509.MarshalPKIXPublicKey(&root.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	pin, err := Pin(&root.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(pkix); pin != hex.EncodeToString(sum[:]) {
		t.Errorf("Pin = %q; want the SHA-256 of the PKIX form", pin)
	}
	otherPin, _ := Pin(&other.PublicKey)
	tlsKey := newRoot(t)
	leaf, stranger := leafCert(t, tlsKey), leafCert(t, newRoot(t))
	renewed := leafCert(t, tlsKey)
	endorse := func(by *ecdsa.PrivateKey, leaf *x509.Certificate) []byte {
		sig, err := EndorseTLS(by, leaf)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	word := endorse(root, leaf)

	tests := []struct {
		name        string
		pkix        []byte
		pin         string
		leaf        *x509.Certificate
		endorsement []byte
		good        bool
	}{
		{"pinned and endorsed", pkix, pin, leaf, word, true},
		{"a renewed certificate for the same key", pkix, pin, renewed, word, true},
		{"no pin", pkix, "", leaf, word, true},
		{"no TLS", pkix, pin, nil, nil, true},
		{"another pin", pkix, otherPin, leaf, word, false},
		{"a pin in capitals", pkix, strings.ToUpper(pin), leaf, word, false},
		{"half a pin", pkix, pin[:32], leaf, word, false},
		{"another TLS key", pkix, pin, stranger, word, false},
		{"no endorsement", pkix, pin, leaf, nil, false},
		{"another root's endorsement", pkix, pin, leaf, endorse(other, leaf), false},
		{"no pin and no endorsement", pkix, "", leaf, nil, false},
		{"no key", nil, "", leaf, word, false},
		{"a key with more behind it", append(bytes.Clone(pkix), 0), "", leaf, word, false},
	}
	for _, tt := range tests {
		got, err := PinnedRoot(tt.pkix, tt.pin, tt.leaf, tt.endorsement)
		if (err == nil) != tt.good || tt.good && !got.Equal(&root.PublicKey) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// The memory of a verifier holds digests of certificates and of signed
// messages. Anybody can read a signed message, so its bytes must never do as a
// certificate that was checked before.
func TestMessagesAreNoCertificates(t *testing.T) {
	key, v := testKey(t)
	public := key.Certificate()[:32]
	expired := dusk.Add(240 * time.Hour)
	forged := []byte("a message of the day after")
	for n := range uint64(400) {
		message := binary.BigEndian.AppendUint64([]byte("a message of today "), n)
		sig := key.sign(message)
		if err := v.check(key.Certificate(), issued, message, sig); err != nil {
			t.Fatal(err)
		}
		certificate := append(append(bytes.Clone(public), sig...), message...)
		if err := v.check(certificate, expired, forged, key.sign(forged)); err == nil {
			t.Fatal("a message that the verifier remembers passes as a certificate for other times")
		}
	}
}

func TestVerifierIsBounded(t *testing.T) {
	key, v := testKey(t)
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			for n := range int64(200) {
				job := int64(worker)*1000 + n
				if err := v.CheckCancel(job, issued, key.SignCancel(job, issued), key.Certificate()); err != nil {
					t.Errorf("job %d: %v", job, err)
				}
			}
		})
	}
	wait.Wait()
	if n := len(v.good); n > remembered {
		t.Errorf("the verifier remembers %d statements; want at most %d", n, remembered)
	}
	before := len(v.good)
	for n := range int64(2 * remembered) {
		v.CheckCancel(n, issued, make([]byte, 64), key.Certificate())
	}
	if len(v.good) != before {
		t.Error("the verifier remembers what it refused")
	}
}
