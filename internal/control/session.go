package control

import (
	"context"
	"time"
	"unicode/utf8"

	"reeve"
)

// How long sessions last: unused, in all, and since the operator last showed
// that it is he, for what asks for that anew.
const (
	sessionIdle = 12 * time.Hour
	sessionLife = 7 * 24 * time.Hour
	proofLife   = 10 * time.Minute
)

// sessionTouch is how exactly the last use of a session is known.
const sessionTouch = time.Minute

// maxBrowser is how much is kept of what a browser says of itself, in bytes.
const maxBrowser = 256

// SignedIn is who a session belongs to, with what he may do now.
type SignedIn struct {
	Session reeve.Session
	Caller  reeve.Caller
	Account reeve.Account
}

// OpenSession signs an operator in whom somebody recognised: how is what by, such
// as "passkey". It returns the secret for the browser, which is new with every
// sign-in. Forbidden without a role.
func (c *Control) OpenSession(ctx context.Context, operator, how string, from From) (string, reeve.Session, error) {
	o, err := c.store.Operator(ctx, operator)
	if err != nil {
		return "", reeve.Session{}, err
	}
	if o.Role == reeve.NoRole && len(o.Groups) == 0 {
		return "", reeve.Session{}, reeve.Errorf(reeve.Forbidden, "you have no role in this account any more; ask an administrator")
	}
	from.Browser = shortened(from.Browser, maxBrowser)
	secret, now := newSecret(secretLength), c.now()
	s := reeve.Session{ID: reeve.NewID(), Secret: hashSecret(secret), Operator: o.Name, How: how, Created: now, Used: now, Proved: now,
		Expires: now.Add(sessionLife), Address: from.Address, Browser: from.Browser}
	if err := c.store.ForgetFailures(ctx, failureKeys(o.Name, from.Address)[0]); err != nil {
		return "", reeve.Session{}, err
	}
	return secret, s, c.store.AddSession(ctx, s, c.signInEntry(o, from, "signed_in", map[string]any{"how": how, "session": s.ID}))
}

func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// Session returns who is signed in with a secret. Denied if nobody is, or not
// any more.
func (c *Control) Session(ctx context.Context, secret string, from From) (SignedIn, error) {
	over := reeve.Errorf(reeve.Denied, "sign in to see this page")
	if len(secret) != secretLength {
		return SignedIn{}, over
	}
	now := c.now()
	s, o, err := c.store.Session(ctx, hashSecret(secret), now)
	if err != nil {
		return SignedIn{}, orElse(err, over)
	}
	if now.Sub(s.Used) >= sessionIdle {
		return SignedIn{}, over
	}
	if now.Sub(s.Used) >= sessionTouch {
		s.Used = now
		if err := c.store.TouchSession(ctx, s); err != nil {
			return SignedIn{}, err
		}
	}
	account, err := c.store.Account(ctx, o.Account)
	return SignedIn{s, consoleCaller(o, from), account}, err
}

// Sessions returns the sessions of the caller, newest first.
func (c *Control) Sessions(ctx context.Context, caller reeve.Caller) ([]reeve.Session, error) {
	name, err := himself(caller)
	if err != nil {
		return nil, err
	}
	return c.liveSessions(ctx, caller.Account, name)
}

// OperatorSessions returns those of an operator of the caller's account.
func (c *Control) OperatorSessions(ctx context.Context, caller reeve.Caller, name string) ([]reeve.Session, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return nil, err
	}
	return c.liveSessions(ctx, caller.Account, name)
}

func (c *Control) liveSessions(ctx context.Context, account int64, name string) ([]reeve.Session, error) {
	now := c.now()
	all, err := c.store.Sessions(ctx, account, name, now)
	var live []reeve.Session
	for _, s := range all {
		if now.Sub(s.Used) < sessionIdle {
			live = append(live, s)
		}
	}
	return live, err
}

// EndSession ends a session of the caller's, be it this one or another.
func (c *Control) EndSession(ctx context.Context, caller reeve.Caller, id string) error {
	name, err := himself(caller)
	if err != nil {
		return err
	}
	return c.store.EndSession(ctx, caller.Account, name, id,
		entry(caller, c.now(), "signed_out", detail("", map[string]any{"operator": name, "session": id})))
}

// EndOtherSessions ends all sessions of the caller's but the one with this id.
func (c *Control) EndOtherSessions(ctx context.Context, caller reeve.Caller, kept string) error {
	name, err := himself(caller)
	if err != nil {
		return err
	}
	return c.store.EndSessions(ctx, caller.Account, name, kept,
		entry(caller, c.now(), "sessions_ended", detail("", map[string]any{"operator": name})))
}

// EndOperatorSessions ends one session of an operator of the caller's account, or
// all of them if there is no id.
func (c *Control) EndOperatorSessions(ctx context.Context, caller reeve.Caller, name, id string) error {
	o, err := c.operatorToChange(ctx, caller, name)
	if err != nil {
		return err
	}
	facts := map[string]any{"operator": name}
	if id != "" {
		facts["session"] = id
		return c.store.EndSession(ctx, o.Account, name, id, entry(caller, c.now(), "sessions_ended", detail("", facts)))
	}
	return c.store.EndSessions(ctx, o.Account, name, "", entry(caller, c.now(), "sessions_ended", detail("", facts)))
}

// ErrProve is the Forbidden error of what asks the operator to show anew that it
// is he.
var ErrProve = reeve.Errorf(reeve.Forbidden, "show that it is you, then try again: it is some time since you signed in")

// NeedProof is ErrProve if the operator last showed too long ago that it is he.
func (c *Control) NeedProof(s reeve.Session) error {
	if c.now().Sub(s.Proved) >= proofLife {
		return ErrProve
	}
	return nil
}

// Prove checks the password of the operator whose session it is, as for signing in.
func (c *Control) Prove(ctx context.Context, s reeve.Session, password string, from From) error {
	if _, err := c.checkSignIn(ctx, s.Operator, password, from); err != nil {
		return err
	}
	return c.Proved(ctx, s)
}

// Proved notes that the operator has shown that it is he, in whatever way.
func (c *Control) Proved(ctx context.Context, s reeve.Session) error {
	s.Proved = c.now()
	s.Used = s.Proved
	return c.store.TouchSession(ctx, s)
}
