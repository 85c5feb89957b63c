package control

import (
	"context"
	"time"

	"reeve"
)

// ticketLife is how long the second half of a sign-in may take.
const ticketLife = 5 * time.Minute

// An Entry is how far somebody has come who signs in: in, or as far as the
// question for a code.
type Entry struct {
	Secret  string // for the browser, of the session; empty while a code is missing
	Session reeve.Session
	Pending string // what EnterCode wants besides the code; empty when signed in
}

// EnterPassword begins to sign an operator in to the console. A wrong name or
// password is Denied; after many of them the error is Limited, whatever was right.
func (c *Control) EnterPassword(ctx context.Context, name, password string, from From) (Entry, error) {
	o, err := c.checkSignIn(ctx, name, password, from)
	if err != nil {
		return Entry{}, err
	}
	has, err := c.hasFactor(ctx, o.Name)
	if err != nil {
		return Entry{}, err
	}
	if !has {
		return c.enter(ctx, o.Name, "password", from)
	}
	secret := newSecret(secretLength)
	t := reeve.Ticket{Secret: hashSecret(secret), Operator: o.Name, Step: reeve.SecondFactor, Expires: c.now().Add(ticketLife)}
	return Entry{Pending: secret}, c.store.AddTicket(ctx, t)
}

func (c *Control) enter(ctx context.Context, operator, how string, from From) (Entry, error) {
	secret, session, err := c.OpenSession(ctx, operator, how, from)
	return Entry{Secret: secret, Session: session}, err
}

// EnterCode finishes what EnterPassword began, with a code of the operator's
// authenticator app or a recovery code. A wrong one is Denied, and so is one that
// comes too late: then the operator begins again.
func (c *Control) EnterCode(ctx context.Context, pending, code string, from From) (Entry, error) {
	over := reeve.Errorf(reeve.Denied, "that took too long, or was used already; begin again with name and password")
	t, err := c.ticket(ctx, pending, reeve.SecondFactor)
	if err != nil {
		return Entry{}, orElse(err, over)
	}
	how, err := c.checkCode(ctx, t.Operator, code, from)
	if err != nil {
		return Entry{}, err
	}
	if err := c.store.SpendTicket(ctx, t.Secret); err != nil {
		return Entry{}, orElse(err, over)
	}
	return c.enter(ctx, t.Operator, "password and "+how, from)
}

// ticket returns the valid ticket with this secret, which is for this step.
func (c *Control) ticket(ctx context.Context, secret string, step reeve.TicketStep) (reeve.Ticket, error) {
	gone := reeve.Errorf(reeve.NotFound, "there is no such ticket")
	if len(secret) != secretLength {
		return reeve.Ticket{}, gone
	}
	t, err := c.store.Ticket(ctx, hashSecret(secret), c.now())
	if err == nil && t.Step != step {
		err = gone
	}
	return t, err
}

// checkSignIn is CheckPassword with what keeps people from guessing.
func (c *Control) checkSignIn(ctx context.Context, name, password string, from From) (reeve.Operator, error) {
	if err := c.notLocked(ctx, name, from.Address); err != nil {
		return reeve.Operator{}, err
	}
	o, err := c.CheckPassword(ctx, name, password)
	if reeve.KindOf(err) == reeve.Denied && err != nil {
		known, _ := c.store.Operator(ctx, name)
		if failed := c.signInFailed(ctx, known, name, "password", from); failed != nil {
			return reeve.Operator{}, failed
		}
	}
	return o, err
}

// ChangePassword gives the caller another password, who shows the present one.
// All sessions of the caller's end, and whatever he let apps do; he goes on with
// the new session that is returned.
func (c *Control) ChangePassword(ctx context.Context, caller reeve.Caller, present, wanted string, from From) (Entry, error) {
	name, err := himself(caller)
	if err != nil {
		return Entry{}, err
	}
	if wanted == "" {
		return Entry{}, reeve.Errorf(reeve.Invalid, "the new password is empty; choose one with %d characters or more", minPassword)
	}
	o, err := c.checkSignIn(ctx, name, present, from)
	if err != nil {
		return Entry{}, err
	}
	if o.PasswordHash, _, err = choosePassword(name, wanted); err != nil {
		return Entry{}, err
	}
	e := entry(caller, c.now(), "operator_changed", detail("", map[string]any{"operator": name, "new_password": true}))
	if err := c.store.SetOperator(ctx, o, e); err != nil {
		return Entry{}, err
	}
	return c.enter(ctx, name, "new password", from)
}
