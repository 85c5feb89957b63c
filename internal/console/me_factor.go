package console

import (
	"slices"
	"strings"

	"reeve/internal/control"
)

// A factorPage gives an authenticator app its secret, and asks for a code of it.
type factorPage struct {
	Picture picture // none where the app has the secret already
	Secret  string  // to type, in groups of four
}

func (c *console) beginFactor(v *visit) (*page, error) {
	err := c.proven(v)
	if err != nil {
		return c.ownAgain(v, err)
	}
	made, err := c.Rules.BeginFactor(v.Context(), v.Caller)
	if err != nil {
		return c.ownAgain(v, err)
	}
	return factorForm(made)
}

func factorForm(made control.FactorSecret) (*page, error) {
	var shown factorPage
	var err error
	if made.Secret != "" {
		shown.Picture, err = pictureOf(made.URI)
	}
	for part := range slices.Chunk([]byte(made.Secret), 4) {
		shown.Secret = strings.TrimSpace(shown.Secret + " " + string(part))
	}
	return &page{name: "me_factor", title: "me.app.title", data: shown}, err
}

// A recoveryPage shows recovery codes, for the only time.
type recoveryPage struct{ Codes []string }

func recoveryCodes(codes []string) *page {
	return &page{name: "me_codes", title: "me.codes.title", data: recoveryPage{codes}}
}

func (c *console) confirmFactor(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	codes, err := c.Rules.ConfirmFactor(v.Context(), v.Caller, v.PostForm.Get("code"))
	if err != nil {
		return formAgain(err, func() (*page, error) {
			var made control.FactorSecret // shown once more, if whoever began is still the one who sits there
			if c.proven(v) == nil {
				made, _ = c.Rules.UnconfirmedFactor(v.Context(), v.Caller)
			}
			return factorForm(made)
		})
	}
	return recoveryCodes(codes), nil
}

func (c *console) renewCodes(v *visit) (*page, error) {
	err := c.proven(v)
	if err != nil {
		return c.ownAgain(v, err)
	}
	codes, err := c.Rules.RenewRecoveryCodes(v.Context(), v.Caller)
	if err != nil {
		return c.ownAgain(v, err)
	}
	return recoveryCodes(codes), nil
}

func (c *console) removeFactor(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	if err := c.Rules.RemoveFactor(v.Context(), v.Caller, v.PostForm.Get("password"), v.from()); err != nil {
		return c.ownAgain(v, err)
	}
	return v.done("me", "me.app.removed")
}
