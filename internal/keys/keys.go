package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"

	"reeve/internal/seal"
)

// The files of the folder. All are PEM, readable by their owner alone. Who has
// root.key is the server: it must be backed up, and kept from everybody else.
const (
	rootFile = "root.key" // ECDSA P-256, PKCS 8
	certFile = "root.crt" // certificate authority of the same key
	sealFile = "seal.key" // seed of the current seal key, with its dates
	headFile = "head.key" // 32 random bytes
)

// How long things are valid. Clocks that run behind ours are forgiven a day.
const (
	rootLife    = 50 * 365 * 24 * time.Hour
	sealLife    = 2 * 365 * 24 * time.Hour // renewed when half of it is over
	forgiveness = 24 * time.Hour
)

// Keys is the folder's contents. It is safe for concurrent use.
type Keys struct {
	dir            string
	now            func() time.Time
	root           *ecdsa.PrivateKey
	cert           *x509.Certificate
	pkix           []byte
	pin            string
	head           seal.HeadKey
	marks, answers []byte // keys of Mark and AnswerMark

	mu        sync.Mutex
	seal      seal.Key
	renewSeal time.Time
}

// Open reads the keys in dir and makes those that are missing. Now is the
// server's clock, by which certificates are dated and renewed.
func Open(dir string, now func() time.Time) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for keys: %w", err)
	}
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("closing the folder for keys to others: %w", err)
	}
	k := &Keys{dir: dir, now: now}
	for _, open := range []func() error{k.openRoot, k.openCert, k.openHead, k.openMarks, k.openSeal} {
		if err := open(); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// Pin returns the fingerprint of the root key, by which agents know this server
// and by which a store knows whose it is: 64 hex digits.
func (k *Keys) Pin() string { return k.pin }

// Root returns the root's public key in PKIX form.
func (k *Keys) Root() []byte { return k.pkix }

// RootCert returns the root's certificate as an authority, DER.
func (k *Keys) RootCert() []byte { return k.cert.Raw }

// Head returns the key that marks the heads of logs.
func (k *Keys) Head() seal.HeadKey { return k.head }

// Verifier returns a verifier of what this server seals.
func (k *Keys) Verifier() *seal.Verifier { return seal.NewVerifier(&k.root.PublicKey) }

// Seal returns the key that signs now. Ask for it each time something is to be
// signed: it is replaced when half of its life is over, and what it signed
// stays good, since every signature travels with the root's word for its key.
func (k *Keys) Seal() seal.Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now().After(k.renewSeal) {
		// A failure leaves the present key in use, which has as long to live
		// again as it has lived, and the next call tries again.
		if block, err := newSeal(k.now()); err == nil && write(k.path(sealFile), block, replacing) == nil {
			_ = k.useSeal(block)
		}
	}
	return k.seal
}

func (k *Keys) openRoot() error {
	block, err := k.readOrMake(rootFile, func() (*pem.Block, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
	})
	if err != nil {
		return err
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return k.unreadable(rootFile, err)
	}
	root, ok := key.(*ecdsa.PrivateKey)
	if !ok || root.Curve != elliptic.P256() {
		return k.unreadable(rootFile, errors.New("not an ECDSA P-256 key"))
	}
	k.root = root
	if k.pkix, err = x509.MarshalPKIXPublicKey(&root.PublicKey); err != nil {
		return fmt.Errorf("encoding the root key: %w", err)
	}
	k.pin, err = seal.Pin(&root.PublicKey)
	return err
}

func (k *Keys) openCert() error {
	block, err := k.readOrMake(certFile, func() (*pem.Block, error) {
		authority := &x509.Certificate{
			SerialNumber:          serial(),
			Subject:               pkix.Name{CommonName: "Reeve root " + k.pin[:8]},
			NotBefore:             k.now().Add(-forgiveness),
			NotAfter:              k.now().Add(rootLife),
			IsCA:                  true,
			BasicConstraintsValid: true,
			MaxPathLenZero:        true,
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		}
		der, err := x509.CreateCertificate(rand.Reader, authority, authority, &k.root.PublicKey, k.root)
		return &pem.Block{Type: "CERTIFICATE", Bytes: der}, err
	})
	if err != nil {
		return err
	}
	if k.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		return k.unreadable(certFile, err)
	}
	if !k.root.PublicKey.Equal(k.cert.PublicKey) {
		return k.unreadable(certFile, errors.New("it does not belong to "+rootFile))
	}
	return nil
}

func (k *Keys) openHead() error {
	block, err := k.readOrMake(headFile, func() (*pem.Block, error) {
		return &pem.Block{Type: "REEVE HEAD KEY", Bytes: random(32)}, nil
	})
	if err != nil {
		return err
	}
	if len(block.Bytes) != 32 {
		return k.unreadable(headFile, errors.New("not 32 bytes"))
	}
	k.head = block.Bytes
	return nil
}

func (k *Keys) openSeal() error {
	block, err := k.readOrMake(sealFile, func() (*pem.Block, error) { return newSeal(k.now()) })
	if err != nil {
		return err
	}
	if err := k.useSeal(block); err != nil {
		return k.unreadable(sealFile, err)
	}
	return nil
}

// The dates of a seal key stand in the headers of its file.
const sealFrom, sealUntil = "From", "Until"

func newSeal(now time.Time) (*pem.Block, error) {
	return &pem.Block{
		Type: "REEVE SEAL KEY",
		Headers: map[string]string{
			sealFrom:  now.Add(-forgiveness).UTC().Format(time.RFC3339),
			sealUntil: now.Add(sealLife).UTC().Format(time.RFC3339),
		},
		Bytes: random(32),
	}, nil
}

func (k *Keys) useSeal(block *pem.Block) error {
	from, err := time.Parse(time.RFC3339, block.Headers[sealFrom])
	if err != nil {
		return err
	}
	until, err := time.Parse(time.RFC3339, block.Headers[sealUntil])
	if err != nil {
		return err
	}
	if len(block.Bytes) != 32 {
		return errors.New("not 32 bytes")
	}
	key, err := seal.NewKey(k.root, block.Bytes, from, until)
	if err != nil {
		return err
	}
	k.seal, k.renewSeal = key, from.Add(until.Sub(from)/2)
	return nil
}

func (k *Keys) path(file string) string { return filepath.Join(k.dir, file) }

func (k *Keys) unreadable(file string, cause error) error {
	return fmt.Errorf("%s is damaged; put it back from a backup: %w", k.path(file), cause)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func serial() *big.Int { return new(big.Int).SetBytes(random(16)) }
