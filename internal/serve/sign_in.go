package serve

import (
	"os"
	"strings"
	"time"

	"reeve"
	"reeve/internal/console"
	"reeve/internal/control"
	"reeve/internal/keys"
	"reeve/internal/passkey"
	"reeve/internal/sso"
)

// OIDC is what an operator sets to have people sign in at an OpenID provider.
type OIDC struct {
	Issuer     string // empty: there is none
	ClientID   string
	SecretFile string // of the client; empty for a public one
	Name       string // on the button; empty: the issuer's host
	Claim      string // that names the operator; empty: its default
	Role       string // of those whom nobody knows; empty: they are not let in
}

// waysIn sets how people sign in besides with a password, on a server that
// browsers reach at the URL.
func (c Config) waysIn(o *control.Options, own *keys.Keys, public string) error {
	vault, err := own.Vault("sign-in")
	if err != nil {
		return err
	}
	if party, err := passkey.Open(public, vault, time.Now); err != nil {
		o.NoPasskeys = err
	} else {
		o.Passkeys = party
	}
	if c.OIDC.Issuer == "" {
		if c.OIDC != (OIDC{Claim: c.OIDC.Claim}) {
			return reeve.Errorf(reeve.Invalid, "--oidc-issuer is missing; without it the other --oidc flags say nothing")
		}
		return nil
	}
	secret, err := c.OIDC.secret()
	if err != nil {
		return err
	}
	if c.OIDC.Role != "" {
		var ok bool
		if o.NewOperators, ok = reeve.ParseRole(c.OIDC.Role); !ok {
			return reeve.Errorf(reeve.Invalid, "--oidc-role must be viewer, operator, administrator or auditor")
		}
	}
	o.Provider, err = sso.New(sso.Config{Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: secret, Name: c.OIDC.Name,
		Claim: c.OIDC.Claim, Return: strings.TrimSuffix(public, "/") + console.ReturnPath, Vault: vault, Now: time.Now})
	return err
}

func (o OIDC) secret() (string, error) {
	if o.SecretFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(o.SecretFile)
	secret := strings.TrimSpace(string(text))
	if err != nil || secret == "" {
		return "", reeve.Errorf(reeve.Invalid, "the file of --oidc-client-secret-file cannot be read, or is empty; check the path and its rights").Because(err)
	}
	return secret, nil
}
