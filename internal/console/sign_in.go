package console

import (
	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

// session finds who is signed in with a secret.
func (c *console) session(r *door.Request, secret string) (reeve.Caller, reeve.Account, error) {
	in, err := c.Rules.Session(r.Context(), secret, fromOf(r))
	return in.Caller, in.Account, err
}

// ownSession returns the session of the request.
func (v *visit) ownSession() (reeve.Session, error) {
	kept, err := v.Cookie(v.c.sessionCookie())
	if err != nil {
		return reeve.Session{}, reeve.Errorf(reeve.Denied, "sign in to see this page").Because(err)
	}
	in, err := v.c.Rules.Session(v.Context(), kept.Value, v.from())
	return in.Session, err
}

// from is where a request came from, for what is done before somebody is known.
func (v *visit) from() control.From { return fromOf(v.Request) }

func fromOf(r *door.Request) control.From {
	return control.From{Address: r.Caller.Address, RequestID: r.Caller.RequestID, Browser: r.UserAgent()}
}

func (c *console) signIn(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	name, after := v.PostForm.Get("name"), v.PostForm.Get("next")
	e, err := c.Rules.EnterPassword(v.Context(), name, v.PostForm.Get("password"), v.from())
	if err != nil {
		return again(c.signInForm(signInPage{Name: name, Next: after}), err)
	}
	return v.entered(e, after)
}

// A codePage asks for the second half of a sign-in.
type codePage struct {
	Pending, Next string
	Passkey       bool // whether one will do instead
}

func (v *visit) codeForm(pending, after string) *page {
	_, none := v.c.Rules.AskSecondPasskey(v.Context(), pending)
	return &page{name: "sign_in_code", title: "signin.code.title", data: codePage{pending, after, none == nil}, bare: true}
}

func (c *console) enterCode(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	pending, after := v.PostForm.Get("pending"), v.PostForm.Get("next")
	e, err := c.Rules.EnterCode(v.Context(), pending, v.PostForm.Get("code"), v.from())
	if err != nil {
		return again(v.codeForm(pending, after), err)
	}
	return v.entered(e, after)
}

// entered goes on with who is in, or asks for a code.
func (v *visit) entered(e control.Entry, after string) (*page, error) {
	if e.Pending != "" {
		return v.codeForm(e.Pending, after), nil
	}
	v.keep(v.c.sessionCookie(), e.Secret, 0)
	return v.goTo(next(after))
}

// enter opens a session for who has shown who he is without a password.
func (c *console) enter(v *visit, o reeve.Operator, how string) error {
	secret, _, err := c.Rules.OpenSession(v.Context(), o.Name, how, v.from())
	if err == nil {
		v.keep(c.sessionCookie(), secret, 0)
	}
	return err
}

func (c *console) signOut(v *visit) (*page, error) {
	s, err := v.ownSession()
	if err == nil {
		err = c.Rules.EndSession(v.Context(), v.Caller, s.ID)
	}
	if err != nil {
		return nil, err
	}
	v.keep(c.sessionCookie(), "", -1)
	v.w.Header().Set("Clear-Site-Data", `"cache"`) // what was kept for going back is not for who comes next
	return v.goTo("sign-in")
}

// A firstPage is where an operator chooses his first password.
type firstPage struct{ Name, Secret string }

func firstForm(name, secret string) *page {
	return &page{name: "first", title: "signin.first.title", args: []any{name}, data: firstPage{name, secret}, bare: true}
}

func (c *console) first(v *visit) (*page, error) {
	secret := v.PathValue("secret")
	o, err := c.Rules.FirstRun(v.Context(), secret)
	if err != nil {
		return nil, err
	}
	return firstForm(o.Name, secret), nil
}

func (c *console) choosePassword(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	secret := v.PathValue("secret")
	o, err := c.Rules.FirstRun(v.Context(), secret)
	if err != nil {
		return nil, err
	}
	e, err := c.Rules.ChooseFirstPassword(v.Context(), secret, v.PostForm.Get("password"), v.from())
	if err != nil {
		return again(firstForm(o.Name, secret), err)
	}
	return v.entered(e, "overview")
}
