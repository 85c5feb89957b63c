package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"reeve"
)

// A Vault encrypts the secrets that must be sent on, so that the store that
// keeps them cannot read them. Its key comes from the root key and is good for
// one purpose; a server with the same root opens what another one sealed.
type Vault struct{ aead cipher.AEAD }

// Vault returns the vault for a purpose, such as "outlets".
func (k *Keys) Vault(purpose string) (*Vault, error) {
	secret, err := k.root.Bytes()
	if err != nil {
		return nil, fmt.Errorf("reading the root key: %w", err)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "reeve vault for "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("preparing a key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("preparing a key: %w", err)
	}
	return &Vault{aead}, nil
}

// Seal encrypts a secret and binds it to what it belongs to, so that it cannot
// be put in another one's place.
func (v *Vault) Seal(owner, secret string) []byte {
	return v.aead.Seal(nil, nil, []byte(secret), []byte(owner))
}

// Open decrypts what Seal made for the same owner.
func (v *Vault) Open(owner string, sealed []byte) (string, error) {
	secret, err := v.aead.Open(nil, nil, sealed, []byte(owner))
	if err != nil {
		return "", reeve.Errorf(reeve.Conflict, "the secret was encrypted with another root key, or is damaged; set it again").Because(err)
	}
	return string(secret), nil
}
