package console

import (
	"crypto/rand"
	"sync"

	"reeve"
	"reeve/internal/door"
)

// open sessions of this process, until control keeps them.
var sessions sync.Map

func (c *console) session(r *door.Request, secret string) (reeve.Caller, reeve.Account, error) {
	o, ok := sessions.Load(secret)
	if !ok {
		return reeve.Caller{}, reeve.Account{}, reeve.Errorf(reeve.Denied, "sign in to see this page")
	}
	operator := o.(reeve.Operator)
	caller := r.Caller
	caller.Account, caller.Source, caller.Actor, caller.Name, caller.Scopes, caller.Groups = operator.Account, reeve.FromConsole, "operator:"+operator.Name, operator.Name, operator.Role.Scopes(), operator.GroupScopes()
	return caller, reeve.Account{No: operator.Account, Name: operator.Name}, nil
}

func (c *console) signIn(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	name := v.PostForm.Get("name")
	o, err := c.Rules.CheckPassword(v.Context(), name, v.PostForm.Get("password"))
	if reeve.KindOf(err) == reeve.Denied {
		return again(c.signInForm(signInPage{Name: name, Next: v.PostForm.Get("next")}), err)
	}
	if err != nil {
		return nil, err
	}
	if err := c.enter(v, o, "password"); err != nil {
		return nil, err
	}
	return v.goTo(next(v.PostForm.Get("next")))
}

// enter opens a session for who has shown who he is.
func (c *console) enter(v *visit, o reeve.Operator, how string) error {
	secret := rand.Text()
	sessions.Store(secret, o)
	v.keep(c.sessionCookie(), secret, 0)
	return nil
}

func (c *console) signOut(v *visit) (*page, error) {
	if kept, err := v.Cookie(c.sessionCookie()); err == nil {
		sessions.Delete(kept.Value)
	}
	v.keep(c.sessionCookie(), "", -1)
	return v.goTo("sign-in")
}
