package console

import (
	"reeve"
	"reeve/internal/door"
)

func (c *console) ownRoutes() []door.Route {
	return []door.Route{
		c.see("me", door.Session, c.own),
		c.change("me/prove", door.Session, "", c.prove),
		c.change("me/password", door.Session, "operator_changed", c.changePassword),
		c.change("me/app", door.Session, "", c.beginFactor),
		c.change("me/app/confirm", door.Session, "second_factor_added", c.confirmFactor),
		c.change("me/app/codes", door.Session, "recovery_codes_renewed", c.once(always("me"), c.renewCodes)),
		c.change("me/app/remove", door.Session, "second_factor_removed", c.removeFactor),
		c.change("me/sessions/end", door.Session, "signed_out", c.endSessions),
	}
}

// An ownPage is what is an operator's own: by what he signs in, and where he is
// signed in.
type ownPage struct {
	Name       string
	Prove      bool // whether the password is wanted before anything can be added
	App        bool // whether codes of an authenticator app are asked for
	Codes      int64
	Passkeys   []reeve.Passkey
	NoPasskeys string // why none can be added; empty if they can
	Links      []reeve.Link
	Provider   string // that can be linked; empty without one, and when it is
	Sessions   []reeve.Session
	Current    string // id of this one
}

func (c *console) own(v *visit) (*page, error) {
	s, err := v.ownSession()
	if err != nil {
		return nil, err
	}
	shown := ownPage{Name: s.Operator, Prove: c.Rules.NeedProof(s) != nil, Current: s.ID}
	if err := c.Rules.PasskeysOffered(); err != nil {
		shown.NoPasskeys = v.words.fault(err)
	}
	if shown.App, shown.Codes, err = c.Rules.HasFactor(v.Context(), v.Caller); err != nil {
		return nil, err
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
	shown.Sessions, err = c.Rules.Sessions(v.Context(), v.Caller)
	return &page{name: "me", title: "me.title", data: shown}, err
}

// ownAgain shows the page once more, with what was wrong.
func (c *console) ownAgain(v *visit, wrong error) (*page, error) {
	p, err := c.own(v)
	if err != nil {
		return nil, err
	}
	return again(p, wrong)
}

// proven is an error where the operator must first show that it is he: before
// there is another way to sign in as him, or as somebody whom he looks after.
func (c *console) proven(v *visit) error {
	s, err := v.ownSession()
	if err == nil {
		err = c.Rules.NeedProof(s)
	}
	return err
}

func (c *console) prove(v *visit) (*page, error) {
	if err := c.checkProof(v); err != nil {
		return c.ownAgain(v, err)
	}
	return v.goTo("me")
}

// checkProof checks the password of the form, by which the operator shows that
// it is he.
func (c *console) checkProof(v *visit) error {
	s, err := v.ownSession()
	if err == nil {
		err = v.form()
	}
	if err == nil {
		err = c.Rules.Prove(v.Context(), s, v.PostForm.Get("password"), v.from())
	}
	return err
}

func (c *console) changePassword(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	e, err := c.Rules.ChangePassword(v.Context(), v.Caller, v.PostForm.Get("present"), v.PostForm.Get("password"), v.from())
	if err != nil {
		return c.ownAgain(v, err)
	}
	v.keep(c.sessionCookie(), e.Secret, 0)
	return v.done("me", "me.password.changed")
}

func (c *console) endSessions(v *visit) (*page, error) {
	s, err := v.ownSession()
	if err == nil {
		err = v.form()
	}
	if err != nil {
		return nil, err
	}
	id := v.PostForm.Get("id")
	if id == "" {
		err = c.Rules.EndOtherSessions(v.Context(), v.Caller, s.ID)
	} else {
		err = c.Rules.EndSession(v.Context(), v.Caller, id)
	}
	if err != nil {
		return nil, err
	}
	return v.done("me", "me.sessions.ended")
}
