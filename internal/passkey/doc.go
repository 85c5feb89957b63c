// Package passkey asks browsers for passkeys and checks what they answer: the
// two ceremonies of Web Authentication, making a key and signing in with one.
// It keeps nothing. What it must remember between question and answer travels
// sealed with the browser, so that any server of a fleet may take the answer.
//
// It imports the root words and the WebAuthn library, and knows no HTTP.
package passkey

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"reeve"
)

// A Vault seals what must not be read or changed outside; keys.Vault is one.
type Vault interface {
	Seal(owner, secret string) []byte
	Open(owner string, sealed []byte) (string, error)
}

// A Party is a server in the eyes of passkeys, which know it by its name.
type Party struct {
	web   *webauthn.WebAuthn
	vault Vault
	now   func() time.Time
}

// Life is how long a question waits for its answer.
const Life = 5 * time.Minute

// Open returns the party for a server that browsers reach at the URL. Passkeys
// belong to a name reached over HTTPS, or to localhost: for any other URL the
// error is Unavailable and says so.
func Open(public string, vault Vault, now func() time.Time) (*Party, error) {
	u, err := url.Parse(public)
	if err != nil || u.Hostname() == "" {
		return nil, reeve.Errorf(reeve.Invalid, "the server's public URL cannot be read").Because(err)
	}
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil {
		return nil, reeve.Errorf(reeve.Unavailable, "passkeys need a server that is reached by a name, and this one is reached at the address %s; set its --public to a URL with a name", host)
	}
	if u.Scheme != "https" && host != "localhost" {
		return nil, reeve.Errorf(reeve.Unavailable, "passkeys need a server that is reached over HTTPS; set its --public to an https:// URL")
	}
	web, err := webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: "Reeve", RPOrigins: []string{u.Scheme + "://" + u.Host}})
	if err != nil {
		return nil, reeve.Errorf(reeve.Unavailable, "passkeys cannot belong to a server with the name %s", host).Because(err)
	}
	return &Party{web: web, vault: vault, now: now}, nil
}

// errStale is the answer to a state that is not one of ours, or was one.
var errStale = reeve.Errorf(reeve.Denied, "this took too long, or was begun elsewhere; try again")

// pending is what travels with the browser.
type pending struct {
	Session webauthn.SessionData `json:"session"`
	Until   time.Time            `json:"until"`
}

// ask makes the question. The purpose is part of the seal, so that an answer to
// one question is not taken for that to another.
func (p *Party) ask(purpose string, options any, session *webauthn.SessionData) (reeve.PasskeyQuestion, error) {
	state, err := json.Marshal(pending{*session, p.now().Add(Life)})
	if err != nil {
		return reeve.PasskeyQuestion{}, err
	}
	shown, err := json.Marshal(options)
	return reeve.PasskeyQuestion{State: base64.RawURLEncoding.EncodeToString(p.vault.Seal(purpose, string(state))), Options: shown}, err
}

func (p *Party) recall(purpose, state string) (webauthn.SessionData, reeve.OneUse, error) {
	var was pending
	sealed, err := base64.RawURLEncoding.DecodeString(state)
	if err == nil {
		var text string
		if text, err = p.vault.Open(purpose, sealed); err == nil {
			err = json.Unmarshal([]byte(text), &was)
		}
	}
	if err != nil || !p.now().Before(was.Until) {
		return webauthn.SessionData{}, reeve.OneUse{}, errStale.Because(err)
	}
	return was.Session, reeve.OneUse{Mark: "passkey " + was.Session.Challenge, Until: was.Until}, nil
}

// A holder is an operator as the library wants to see one.
type holder struct {
	name string
	keys []webauthn.Credential
}

// WebAuthnID does not tell the name to who finds the key.
func (h holder) WebAuthnID() []byte {
	sum := sha256.Sum256([]byte("reeve operator " + h.name))
	return sum[:]
}

func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// refused is an error of the library for the caller: what exactly did not fit
// is for our own log.
func refused(msg string, err error) error {
	if known, ok := errors.AsType[*protocol.Error](err); ok && known.DevInfo != "" {
		err = fmt.Errorf("%w: %s", err, known.DevInfo)
	}
	return reeve.Errorf(reeve.Denied, "%s", reeve.Word(msg)).Because(err)
}
