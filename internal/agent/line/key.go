package line

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// A Key is a device's private key, which is the device's identity.
type Key struct{ private ed25519.PrivateKey }

// NewKey makes a key.
func NewKey() Key {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	return Key{ed25519.NewKeyFromSeed(seed)}
}

// KeyOf returns the key with a seed of 32 bytes.
func KeyOf(seed []byte) (Key, error) {
	if len(seed) != ed25519.SeedSize {
		return Key{}, errors.New("the device's key is damaged: it does not have 32 bytes")
	}
	return Key{ed25519.NewKeyFromSeed(seed)}, nil
}

// Seed returns the secret from which KeyOf makes the key again.
func (k Key) Seed() []byte { return k.private.Seed() }

// Public returns the public key, 32 bytes.
func (k Key) Public() []byte { return k.private.Public().(ed25519.PublicKey) }

// userKey is the first byte of a NATS user's public key; in base32 the text
// starts with a U.
const userKey = 20 << 3

// user returns the public key in the form that the bus uses.
func (k Key) user() string {
	b := append([]byte{userKey}, k.Public()...)
	b = binary.LittleEndian.AppendUint16(b, crc16(b))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

// answer signs the challenge that the bus puts to a new connection.
func (k Key) answer(nonce string) string {
	return base64.RawURLEncoding.EncodeToString(ed25519.Sign(k.private, []byte(nonce)))
}

// crc16 is the check sum of the bus's keys: polynomial 0x1021, from zero.
func crc16(b []byte) uint16 {
	var crc uint16
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= 0x1021
			}
		}
	}
	return crc
}
