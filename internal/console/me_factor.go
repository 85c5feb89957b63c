package console

import (
	"slices"
	"strings"
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
	shown := factorPage{}
	if shown.Picture, err = pictureOf(made.URI); err != nil {
		return nil, err
	}
	for part := range slices.Chunk([]byte(made.Secret), 4) {
		shown.Secret = strings.TrimSpace(shown.Secret + " " + string(part))
	}
	return factorForm(shown), nil
}

func factorForm(p factorPage) *page { return &page{name: "me_factor", title: "me.app.title", data: p} }

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
		return again(factorForm(factorPage{}), err)
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
