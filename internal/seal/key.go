package seal

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Key is a seal key: an Ed25519 key with the root's certificate for it.
type Key struct {
	private     ed25519.PrivateKey
	certificate []byte
}

// NewKey makes a key from a seed, certified by root for [from, until).
func NewKey(root *ecdsa.PrivateKey, seed []byte, from, until time.Time) (Key, error) {
	private := ed25519.NewKeyFromSeed(seed)
	body := make([]byte, 0, 160)
	body = append(body, private.Public().(ed25519.PublicKey)...)
	body = binary.BigEndian.AppendUint64(body, uint64(from.UnixMicro()))
	body = binary.BigEndian.AppendUint64(body, uint64(until.UnixMicro()))
	digest := sha256.Sum256(append([]byte("reeve seal key 1\n"), body...))
	sig, err := ecdsa.SignASN1(rand.Reader, root, digest[:])
	if err != nil {
		return Key{}, fmt.Errorf("certifying the seal key: %w", err)
	}
	return Key{private, append(body, sig...)}, nil
}

// Certificate returns what goes into Proof.SealKey: the public key, the time
// from and until which it may sign, and the root's signature over these.
func (k Key) Certificate() []byte { return k.certificate }

func (k Key) sign(message []byte) []byte { return ed25519.Sign(k.private, message) }

// certBody is the length of the part of a certificate that is signed.
const certBody = ed25519.PublicKeySize + 8 + 8

// Pin returns the fingerprint by which agents know a server: the SHA-256 of
// the root's public key in PKIX form, as 64 hex digits.
func Pin(root *ecdsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(root)
	if err != nil {
		return "", fmt.Errorf("encoding the root key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// A Verifier checks seals against one root. It remembers the last statements
// it found good, so a program with many simulated agents checks a job once. It
// is safe for concurrent use.
type Verifier struct {
	root *ecdsa.PublicKey

	mu   sync.Mutex
	good map[Hash]struct{} // digests of certificates and signed messages
}

// NewVerifier returns a verifier for the root.
func NewVerifier(root *ecdsa.PublicKey) *Verifier {
	return &Verifier{root: root, good: map[Hash]struct{}{}}
}

// errSealKey says that the certificate in a seal is not the root's.
var errSealKey = errors.New("the seal key is not certified by the pinned root")

func (v *Verifier) check(certificate []byte, at time.Time, message, signature []byte) error {
	if len(certificate) <= certBody {
		return errSealKey
	}
	from := int64(binary.BigEndian.Uint64(certificate[ed25519.PublicKeySize:]))
	until := int64(binary.BigEndian.Uint64(certificate[ed25519.PublicKeySize+8:]))
	if t := at.UnixMicro(); t < from || t >= until {
		return errSealKey
	}
	certified := v.once(digest('c', certificate), func() bool {
		body := sha256.Sum256(append([]byte("reeve seal key 1\n"), certificate[:certBody]...))
		return ecdsa.VerifyASN1(v.root, body[:], certificate[certBody:])
	})
	if !certified {
		return errSealKey
	}
	public := ed25519.PublicKey(certificate[:ed25519.PublicKeySize])
	if len(signature) != ed25519.SignatureSize || !v.once(digest('m', public, signature, message), func() bool {
		return ed25519.Verify(public, message, signature)
	}) {
		return ErrForged
	}
	return nil
}

// digest names what was found good. The kind keeps a signed message, whose bytes
// are for everybody to read, from being passed off as a certificate.
func digest(kind byte, parts ...[]byte) Hash {
	h := sha256.New()
	h.Write([]byte{kind})
	for _, part := range parts {
		h.Write(part)
	}
	return Hash(h.Sum(nil))
}

// remembered bounds the memory of a Verifier; past it the memory starts anew.
const remembered = 64

// once returns test(), or true without calling it if it was true before.
func (v *Verifier) once(digest Hash, test func() bool) bool {
	v.mu.Lock()
	_, known := v.good[digest]
	v.mu.Unlock()
	if known {
		return true
	}
	if !test() {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.good) >= remembered {
		clear(v.good)
	}
	v.good[digest] = struct{}{}
	return true
}
