package console

import (
	"reeve"
	"reeve/internal/door"
)

func (c *console) ownRoutes() []door.Route {
	return []door.Route{
		c.see("me", reeve.Read, c.own),
	}
}

// An ownPage is what is an operator's own: by what he signs in, and where he is
// signed in.
type ownPage struct {
	Passkeys   []reeve.Passkey
	NoPasskeys string // why none can be added; empty if they can
	Links      []reeve.Link
	Provider   string // that can be linked; empty without one, and when it is
}

func (c *console) own(v *visit) (*page, error) {
	var shown ownPage
	var err error
	if err = c.Rules.PasskeysOffered(); err != nil {
		shown.NoPasskeys = sentence(reeve.Message(err))
	}
	if shown.Passkeys, err = c.Rules.Passkeys(v.Context(), v.Caller); err != nil {
		return nil, err
	}
	if shown.Links, err = c.Rules.Links(v.Context(), v.Caller); err != nil {
		return nil, err
	}
	if len(shown.Links) == 0 {
		shown.Provider = c.Rules.ProviderName()
	}
	return &page{name: "me", title: "me.title", data: shown}, nil
}
