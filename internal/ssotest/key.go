package ssotest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"
)

// A Key signs ID tokens.
type Key struct {
	algorithm, id string
	rsa           *rsa.PrivateKey
	ecdsa         *ecdsa.PrivateKey
}

// NewKey returns a key for RS256 or ES256.
func NewKey(t testing.TB, algorithm string) *Key {
	t.Helper()
	k := &Key{algorithm: algorithm, id: rand.Text()}
	var err error
	if algorithm == "RS256" {
		k.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		k.ecdsa, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Like returns another key that goes by the name of k.
func (k *Key) Like(t testing.TB) *Key {
	t.Helper()
	other := NewKey(t, k.algorithm)
	other.id = k.id
	return other
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// public is the key as a JSON Web Key.
func (k *Key) public() map[string]any {
	key := map[string]any{"kid": k.id, "alg": k.algorithm, "use": "sig"}
	if k.rsa != nil {
		key["kty"], key["n"], key["e"] = "RSA", encode(k.rsa.N.Bytes()), encode(big.NewInt(int64(k.rsa.E)).Bytes())
		return key
	}
	point, err := k.ecdsa.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err) // it was made by NewKey
	}
	key["kty"], key["crv"], key["x"], key["y"] = "EC", "P-256", encode(point[1:33]), encode(point[33:])
	return key
}

// sign returns a JSON Web Token.
func (k *Key) sign(t testing.TB, claims map[string]any) string {
	header, err := json.Marshal(map[string]string{"alg": k.algorithm, "kid": k.id, "typ": "JWT"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	text := encode(header) + "." + encode(body)
	digest := sha256.Sum256([]byte(text))
	var signature []byte
	if k.rsa != nil {
		signature, err = rsa.SignPKCS1v15(rand.Reader, k.rsa, crypto.SHA256, digest[:])
	} else {
		r, s, failed := ecdsa.Sign(rand.Reader, k.ecdsa, digest[:])
		if err = failed; err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(signature)
}
