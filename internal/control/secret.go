package control

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// alphabet is that of the published client keys, tokens and codes.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Lengths of what is handed out, those of the published examples.
const (
	secretLength = 48
	codeLength   = 8
)

// newSecret returns n random characters of the alphabet, all equally likely.
func newSecret(n int) string {
	out := make([]byte, 0, n)
	var b [64]byte
	for len(out) < n {
		rand.Read(b[:])
		for _, v := range b {
			if int(v) < 256-256%len(alphabet) && len(out) < n {
				out = append(out, alphabet[int(v)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// hashSecret is how random secrets are kept. They have too many values to be
// guessed, so a plain hash is enough.
func hashSecret(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func sameHash(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Parameters of argon2id for the passwords of people.
const (
	argonPasses  = 2
	argonKiB     = 19 * 1024
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32
)

// hashPassword returns the argon2id hash of a password in PHC form.
func hashPassword(password string) string {
	var salt [argonSalt]byte
	rand.Read(salt[:])
	key := argon2.IDKey([]byte(password), salt[:], argonPasses, argonKiB, argonThreads, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonKiB, argonPasses, argonThreads,
		b64.EncodeToString(salt[:]), b64.EncodeToString(key))
}

// passwordFits reports whether password has the hash that hashPassword made.
func passwordFits(password, phc string) bool {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 {
		return false
	}
	var memory, passes uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil {
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}
