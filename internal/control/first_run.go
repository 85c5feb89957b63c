package control

import (
	"context"
	"time"

	"reeve"
)

// inviteLife is how long a link is good by which an operator chooses a password.
const inviteLife = 24 * time.Hour

// invite returns a new ticket by which an operator chooses his password, and its
// secret.
func invite(operator string, now time.Time) (string, reeve.Ticket) {
	secret := newSecret(secretLength)
	return secret, reeve.Ticket{Secret: hashSecret(secret), Operator: operator, Step: reeve.ChoosePassword, Expires: now.Add(inviteLife)}
}

// Invite makes a link's secret by which an operator of the caller's account
// chooses a password himself: once, within a day, and only until he signs in in
// another way.
func (c *Control) Invite(ctx context.Context, caller reeve.Caller, name string) (string, time.Time, error) {
	o, err := c.operatorToChange(ctx, caller, name)
	if err != nil {
		return "", time.Time{}, err
	}
	now := c.now()
	secret, t := invite(o.Name, now)
	return secret, t.Expires, c.store.AddTicket(ctx, t, entry(caller, now, "operator_invited", detail("", map[string]any{"operator": name})))
}

var errNoInvite = reeve.Errorf(reeve.NotFound, "this link was used, or is too old; ask an administrator for another, or run reeve operators reset on the server")

// FirstRun returns the operator for whom a link's secret of set-up or Invite is,
// and does not spend it. NotFound if it is not good any more.
func (c *Control) FirstRun(ctx context.Context, secret string) (reeve.Operator, error) {
	t, err := c.ticket(ctx, secret, reeve.ChoosePassword)
	if err != nil {
		return reeve.Operator{}, orElse(err, errNoInvite)
	}
	o, err := c.store.Operator(ctx, t.Operator)
	return o, orElse(err, errNoInvite)
}

// ChooseFirstPassword spends a link's secret: the operator gets the password, and
// is signed in, or asked for a code if he has an authenticator app.
func (c *Control) ChooseFirstPassword(ctx context.Context, secret, password string, from From) (Entry, error) {
	o, err := c.FirstRun(ctx, secret)
	if err != nil {
		return Entry{}, err
	}
	if password == "" {
		return Entry{}, reeve.Errorf(reeve.Invalid, "choose a password with %d characters or more", minPassword)
	}
	if o.PasswordHash, _, err = choosePassword(o.Name, password); err != nil {
		return Entry{}, err
	}
	if err := c.store.SpendTicket(ctx, hashSecret(secret)); err != nil {
		return Entry{}, orElse(err, errNoInvite)
	}
	if err := c.store.SetOperator(ctx, o, c.signInEntry(o, from, "operator_changed", map[string]any{"new_password": true, "by": "link"})); err != nil {
		return Entry{}, err
	}
	return c.EnterPassword(ctx, o.Name, password, from)
}
