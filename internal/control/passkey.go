package control

import (
	"context"
	"strings"

	"reeve"
)

// Ceremonies ask browsers for passkeys and check what they answer;
// internal/passkey has them.
type Ceremonies interface {
	// AskNew asks to make a passkey for an operator who has these already, and
	// CheckNew returns what was made. What does not fit is Denied.
	AskNew(operator string, has []reeve.Passkey) (reeve.PasskeyQuestion, error)
	CheckNew(operator, state string, answer []byte) (reeve.Passkey, reeve.OneUse, error)
	// Ask asks for one of an operator's passkeys, or for anyone's if there is no
	// operator, and Check returns the one that answered.
	Ask(operator string, has []reeve.Passkey) (reeve.PasskeyQuestion, error)
	Check(operator, state string, answer []byte, find func(id string) (reeve.Passkey, error)) (reeve.PasskeyAnswer, error)
}

// maxPasskeys is how many passkeys an operator has.
const maxPasskeys = 20

// PasskeysOffered is nil where people can sign in with passkeys, and says
// otherwise why not.
func (c *Control) PasskeysOffered() error {
	if c.opts.Passkeys == nil && c.opts.NoPasskeys == nil {
		return reeve.Errorf(reeve.Unavailable, "this server does not offer passkeys")
	}
	if c.opts.Passkeys == nil {
		return c.opts.NoPasskeys
	}
	return nil
}

// himself returns the name of the operator who calls from the console: what is
// his own he needs no scope for, and nobody else reaches it.
func himself(caller reeve.Caller) (string, error) {
	name, ok := strings.CutPrefix(caller.Actor, "operator:")
	if !ok || name == "" || caller.Account == 0 || caller.Source != reeve.FromConsole {
		return "", reeve.Errorf(reeve.Forbidden, "this is for operators who signed in to the console")
	}
	return name, nil
}

// Passkeys returns the caller's own passkeys, oldest first.
func (c *Control) Passkeys(ctx context.Context, caller reeve.Caller) ([]reeve.Passkey, error) {
	name, err := himself(caller)
	if err != nil {
		return nil, err
	}
	return c.store.Passkeys(ctx, caller.Account, name)
}

// AskNewPasskey begins to make a passkey for the caller.
func (c *Control) AskNewPasskey(ctx context.Context, caller reeve.Caller) (reeve.PasskeyQuestion, error) {
	has, err := c.Passkeys(ctx, caller)
	if err == nil {
		err = c.PasskeysOffered()
	}
	if err != nil {
		return reeve.PasskeyQuestion{}, err
	}
	name, _ := himself(caller)
	return c.opts.Passkeys.AskNew(name, has)
}

// AddPasskey adds the passkey that the caller's browser made, under a name for
// people. Denied if the answer does not fit the question.
func (c *Control) AddPasskey(ctx context.Context, caller reeve.Caller, name, state string, answer []byte) (reeve.Passkey, error) {
	operator, err := himself(caller)
	if err == nil {
		err = c.PasskeysOffered()
	}
	if err == nil {
		name, err = checkName("passkey", name)
	}
	if err != nil {
		return reeve.Passkey{}, err
	}
	k, once, err := c.opts.Passkeys.CheckNew(operator, state, answer)
	if err == nil {
		err = c.store.Spend(ctx, once, c.now())
	}
	if err != nil {
		return reeve.Passkey{}, err
	}
	k.Account, k.Operator, k.Name, k.Created = caller.Account, operator, name, c.now()
	e := entry(caller, k.Created, "passkey_added", detail("", map[string]any{"operator": operator, "passkey": name}))
	return k, c.store.AddPasskey(ctx, k, maxPasskeys, e)
}

// RemovePasskey removes a passkey of the caller's own.
func (c *Control) RemovePasskey(ctx context.Context, caller reeve.Caller, id string) error {
	operator, err := himself(caller)
	if err != nil {
		return err
	}
	k, err := c.store.Passkey(ctx, id)
	if err != nil {
		return err
	}
	return c.store.RemovePasskey(ctx, caller.Account, operator, id,
		entry(caller, c.now(), "passkey_removed", detail("", map[string]any{"operator": operator, "passkey": k.Name})))
}

// ResetPasskeys takes all passkeys of an operator of the caller's account away.
func (c *Control) ResetPasskeys(ctx context.Context, caller reeve.Caller, name string) error {
	o, err := c.operatorToChange(ctx, caller, name)
	if err != nil {
		return err
	}
	passkeys, err := c.store.Passkeys(ctx, o.Account, o.Name)
	if err != nil {
		return err
	}
	for _, k := range passkeys {
		e := entry(caller, c.now(), "passkey_removed", detail("", map[string]any{"operator": name, "passkey": k.Name}))
		if err := c.store.RemovePasskey(ctx, o.Account, o.Name, k.ID, e); err != nil {
			return err
		}
	}
	return nil
}

// AskPasskey asks for a passkey: of the operator who has shown the password, or
// of anyone who wants to sign in if there is none. Without a passkey of the
// operator's it is NotFound.
func (c *Control) AskPasskey(ctx context.Context, operator string) (reeve.PasskeyQuestion, error) {
	if err := c.PasskeysOffered(); err != nil {
		return reeve.PasskeyQuestion{}, err
	}
	var has []reeve.Passkey
	if operator != "" {
		o, err := c.store.Operator(ctx, operator)
		if err == nil {
			has, err = c.store.Passkeys(ctx, o.Account, operator)
		}
		if err != nil {
			return reeve.PasskeyQuestion{}, err
		}
	}
	return c.opts.Passkeys.Ask(operator, has)
}

// CheckPasskey returns the operator whose passkey answered the question of
// AskPasskey for the same operator, else Denied. A passkey of which there may be
// a copy is refused from then on.
func (c *Control) CheckPasskey(ctx context.Context, from From, operator, state string, answer []byte) (reeve.Operator, error) {
	if err := c.PasskeysOffered(); err != nil {
		return reeve.Operator{}, err
	}
	now := c.now()
	got, err := c.opts.Passkeys.Check(operator, state, answer, func(id string) (reeve.Passkey, error) { return c.store.Passkey(ctx, id) })
	if err == nil {
		err = c.store.Spend(ctx, got.OneUse, now)
	}
	if err != nil {
		return reeve.Operator{}, err
	}
	k := got.Passkey
	var entries []reeve.AuditEntry
	if k.Suspect {
		who := visitor(from, reeve.Operator{Name: k.Operator, Account: k.Account})
		e := entry(who, now, "passkey_refused", detail("", map[string]any{"operator": k.Operator, "passkey": k.Name}))
		e.Outcome = "suspect"
		entries = append(entries, e)
	}
	k.Used = now
	if err := c.store.UsePasskey(ctx, k, got.Counter, entries...); err != nil {
		return reeve.Operator{}, orElse(err, reeve.Errorf(reeve.Denied, "this passkey was used elsewhere at the same time; try again"))
	}
	if k.Suspect {
		return reeve.Operator{}, reeve.Errorf(reeve.Denied, "there may be a copy of this passkey, so that it is not taken any more; sign in in another way, remove it and make a new one")
	}
	return c.store.Operator(ctx, k.Operator)
}

// AskSecondPasskey asks for a passkey as the second half of the sign-in that
// EnterPassword began; NotFound if the operator has none, or that is over.
func (c *Control) AskSecondPasskey(ctx context.Context, pending string) (reeve.PasskeyQuestion, error) {
	t, err := c.ticket(ctx, pending, reeve.SecondFactor)
	if err != nil {
		return reeve.PasskeyQuestion{}, err
	}
	return c.AskPasskey(ctx, t.Operator)
}

// EnterPasskey finishes what EnterPassword began, with the answer to the question
// of AskSecondPasskey instead of a code.
func (c *Control) EnterPasskey(ctx context.Context, pending, state string, answer []byte, from From) (Entry, error) {
	over := reeve.Errorf(reeve.Denied, "that took too long, or was used already; begin again with name and password")
	t, err := c.ticket(ctx, pending, reeve.SecondFactor)
	if err != nil {
		return Entry{}, orElse(err, over)
	}
	if _, err := c.CheckPasskey(ctx, from, t.Operator, state, answer); err != nil {
		return Entry{}, err
	}
	if err := c.store.SpendTicket(ctx, t.Secret); err != nil {
		return Entry{}, orElse(err, over)
	}
	return c.enter(ctx, t.Operator, "password and passkey", from)
}
