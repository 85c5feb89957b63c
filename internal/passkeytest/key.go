// Package passkeytest is a passkey in software, for tests: it makes a key and
// signs with it as a browser and a security key would do together, in the bytes
// that the standard prescribes. It imports the standard library alone, so that
// what it says does not come from the code under test.
package passkeytest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// A Key answers questions. Its fields may be set to make it answer otherwise.
type Key struct {
	Origin   string // of the page that the browser shows
	Verified bool   // whether the key knows its holder by a finger or a PIN
	Counter  uint32 // of the last signature; 0 for a key that does not count
	ID       []byte
	Handle   []byte // of the user, as the key was told when it was made

	private *ecdsa.PrivateKey
}

// New returns a key that verifies its holder, and counts.
func New(t testing.TB, origin string) *Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &Key{Origin: origin, Verified: true, Counter: 1, ID: id, private: private}
}

// question is what of both kinds of options a key looks at.
type question struct {
	Challenge string `json:"challenge"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	RPID string `json:"rpId"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

func read(t testing.TB, options []byte) (q question) {
	t.Helper()
	if err := json.Unmarshal(options, &q); err != nil || q.Challenge == "" {
		t.Fatalf("these are no options: %s, %v", options, err)
	}
	return q
}

// Flags of authenticator data.
const (
	present  = 1
	verified = 1 << 2
	attested = 1 << 6
)

// Make answers a request to make a key.
func (k *Key) Make(t testing.TB, options []byte) []byte {
	t.Helper()
	q := read(t, options)
	handle, err := base64.RawURLEncoding.DecodeString(q.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	k.Handle = handle
	point, err := k.private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	data := k.data(q.RP.ID, attested)
	data = append(data, make([]byte, 16)...) // no make
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.ID)))
	data = append(data, k.ID...)
	data = append(data, 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32) // EC2, ES256, P-256, x
	data = append(data, point[1:33]...)
	data = append(data, 0x22, 0x58, 32) // y
	data = append(data, point[33:]...)

	var object bytes.Buffer // {"fmt": "none", "attStmt": {}, "authData": data}
	object.WriteString("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59")
	object.Write(binary.BigEndian.AppendUint16(nil, uint16(len(data))))
	object.Write(data)
	return k.answer(map[string]any{
		"clientDataJSON":    encode(k.client("webauthn.create", q)),
		"attestationObject": encode(object.Bytes()),
		"transports":        []string{"internal"},
	})
}

// Sign answers a request to sign in.
func (k *Key) Sign(t testing.TB, options []byte) []byte {
	t.Helper()
	q := read(t, options)
	if k.Counter > 0 {
		k.Counter++
	}
	data, client := k.data(q.RPID, 0), k.client("webauthn.get", q)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return k.answer(map[string]any{
		"clientDataJSON": encode(client), "authenticatorData": encode(data),
		"signature": encode(signature), "userHandle": encode(k.Handle),
	})
}

func (k *Key) data(party string, flags byte) []byte {
	hash := sha256.Sum256([]byte(party))
	flags |= present
	if k.Verified {
		flags |= verified
	}
	return binary.BigEndian.AppendUint32(append(hash[:], flags), k.Counter)
}

func (k *Key) client(kind string, q question) []byte {
	text, _ := json.Marshal(map[string]any{"type": kind, "challenge": q.Challenge, "origin": k.Origin, "crossOrigin": false})
	return text
}

func (k *Key) answer(response map[string]any) []byte {
	text, _ := json.Marshal(map[string]any{
		"id": encode(k.ID), "rawId": encode(k.ID), "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response,
	})
	return text
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
