package passkey

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"reeve"
)

// record is what is kept of a key besides its counter. What it said of its make
// when it was made is not: nothing here depends on that.
type record struct {
	PublicKey  []byte                            `json:"public_key"` // COSE
	Flags      byte                              `json:"flags"`
	Transports []protocol.AuthenticatorTransport `json:"transports,omitempty"`
}

// store puts what the library knows of a key into a passkey.
func store(k reeve.Passkey, c *webauthn.Credential) (reeve.Passkey, error) {
	text, err := json.Marshal(record{c.PublicKey, byte(c.Flags.ProtocolValue()), c.Transport})
	k.ID, k.Record, k.Counter = base64.RawURLEncoding.EncodeToString(c.ID), string(text), int64(c.Authenticator.SignCount)
	k.Suspect = k.Suspect || c.Authenticator.CloneWarning
	return k, err
}

func credential(k reeve.Passkey) (webauthn.Credential, error) {
	var r record
	if err := json.Unmarshal([]byte(k.Record), &r); err != nil {
		return webauthn.Credential{}, fmt.Errorf("reading the passkey %s: %w", k.ID, err)
	}
	id, err := base64.RawURLEncoding.DecodeString(k.ID)
	if err != nil {
		return webauthn.Credential{}, fmt.Errorf("reading the id of a passkey: %w", err)
	}
	return webauthn.Credential{
		ID: id, PublicKey: r.PublicKey, Transport: r.Transports,
		Flags:         webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(r.Flags)),
		Authenticator: webauthn.Authenticator{SignCount: uint32(k.Counter)},
	}, nil
}

func hold(operator string, keys []reeve.Passkey) (holder, error) {
	h := holder{name: operator}
	for _, k := range keys {
		c, err := credential(k)
		if err != nil {
			return holder{}, err
		}
		h.keys = append(h.keys, c)
	}
	return h, nil
}
