package console

import (
	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

// from is where a request came from, for the log and the list of sessions.
func from(r *door.Request) control.From {
	return control.From{Address: r.Caller.Address, RequestID: r.Caller.RequestID, Browser: r.UserAgent()}
}

func (c *console) session(r *door.Request, secret string) (reeve.Caller, reeve.Account, error) {
	in, err := c.Rules.Session(r.Context(), secret, from(r))
	return in.Caller, in.Account, err
}

func (c *console) signIn(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	name := v.PostForm.Get("name")
	in, err := c.Rules.EnterPassword(v.Context(), name, v.PostForm.Get("password"), from(v.Request))
	if err == nil && in.Pending != "" {
		in, err = c.Rules.EnterCode(v.Context(), in.Pending, v.PostForm.Get("code"), from(v.Request))
	}
	if kind := reeve.KindOf(err); err != nil && (kind == reeve.Denied || kind == reeve.Limited) {
		return again(c.signInForm(signInPage{Name: name, Next: v.PostForm.Get("next")}), err)
	}
	if err != nil {
		return nil, err
	}
	v.keep(c.sessionCookie(), in.Secret, 0)
	return v.goTo(next(v.PostForm.Get("next")))
}

// enter opens a session for who has shown who he is.
func (c *console) enter(v *visit, o reeve.Operator, how string) error {
	secret, _, err := c.Rules.OpenSession(v.Context(), o.Name, how, from(v.Request))
	if err != nil {
		return err
	}
	v.keep(c.sessionCookie(), secret, 0)
	return nil
}

func (c *console) signOut(v *visit) (*page, error) {
	if kept, err := v.Cookie(c.sessionCookie()); err == nil {
		in, err := c.Rules.Session(v.Context(), kept.Value, from(v.Request))
		if err == nil {
			err = c.Rules.EndSession(v.Context(), in.Caller, in.Session.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	v.keep(c.sessionCookie(), "", -1)
	return v.goTo("sign-in")
}
