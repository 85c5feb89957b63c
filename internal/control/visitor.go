package control

import (
	"context"
	"slices"

	"reeve"
)

// A Provider is where people sign in besides here; internal/sso has one.
type Provider interface {
	// Name is what people call it, Issuer what it calls itself.
	Name() string
	Issuer() string
	// Begin sends a browser there: to sign in, or to link an operator.
	Begin(ctx context.Context, operator string) (reeve.Journey, error)
	// Finish returns who came back, else Denied, or Unavailable.
	Finish(ctx context.Context, a reeve.Arrival) (reeve.Visitor, error)
}

// ProviderName is what people call the provider that they can sign in with;
// empty if there is none.
func (c *Control) ProviderName() string {
	if c.opts.Provider == nil {
		return ""
	}
	return c.opts.Provider.Name()
}

var noProvider = reeve.Errorf(reeve.NotFound, "this server has no provider to sign in with; its --oidc-issuer names one")

// BeginJourney sends a browser to the provider, to sign in.
func (c *Control) BeginJourney(ctx context.Context) (reeve.Journey, error) {
	if c.opts.Provider == nil {
		return reeve.Journey{}, noProvider
	}
	return c.opts.Provider.Begin(ctx, "")
}

// BeginLink sends the caller's browser to the provider, to link who the caller
// is there with the operator here.
func (c *Control) BeginLink(ctx context.Context, caller reeve.Caller) (reeve.Journey, error) {
	name, err := himself(caller)
	if err == nil && c.opts.Provider == nil {
		err = noProvider
	}
	if err != nil {
		return reeve.Journey{}, err
	}
	return c.opts.Provider.Begin(ctx, name)
}

// FinishJourney returns the operator who came back from the provider, and
// whether he went there to be linked, being signed in already. Who is linked with
// nobody becomes the operator whom the provider names, by the operator's own name
// or the one that is expected of him; Forbidden if there is none.
func (c *Control) FinishJourney(ctx context.Context, from From, a reeve.Arrival) (o reeve.Operator, linked bool, err error) {
	if c.opts.Provider == nil {
		return reeve.Operator{}, false, noProvider
	}
	v, err := c.opts.Provider.Finish(ctx, a)
	if err == nil {
		err = orElse(c.store.Spend(ctx, v.OneUse, c.now()), reeve.Errorf(reeve.Denied, "this sign-in was used already; begin anew"))
	}
	if err != nil {
		return reeve.Operator{}, false, err
	}
	link, err := c.store.Link(ctx, v.Issuer, v.Subject)
	switch {
	case err == nil && v.For != "" && v.For != link.Operator:
		return reeve.Operator{}, false, reeve.Errorf(reeve.Conflict, "who you are at %s is linked with another operator already", c.opts.Provider.Name())
	case err == nil:
		o, err = c.store.Operator(ctx, link.Operator)
		return o, v.For != "", err
	case reeve.KindOf(err) != reeve.NotFound:
		return reeve.Operator{}, false, err
	}
	if v.For != "" {
		o, err = c.store.Operator(ctx, v.For)
	} else {
		o, err = c.named(ctx, from, v)
	}
	if err != nil {
		return reeve.Operator{}, false, err
	}
	return o, v.For != "", c.link(ctx, from, o, v)
}

// named returns the operator whom the provider names, who may be new.
func (c *Control) named(ctx context.Context, from From, v reeve.Visitor) (reeve.Operator, error) {
	if v.Name == "" {
		return reeve.Operator{}, reeve.Errorf(reeve.Forbidden, "%s told no name that can be trusted, so nobody here is you; sign in in another way and link yourself on your own page", c.opts.Provider.Name())
	}
	o, err := c.store.Operator(ctx, v.Name)
	if reeve.KindOf(err) != reeve.NotFound {
		return o, err
	}
	name, err := c.store.Expected(ctx, v.Name)
	if err == nil {
		return c.store.Operator(ctx, name)
	}
	if reeve.KindOf(err) == reeve.NotFound {
		return c.welcome(ctx, from, v)
	}
	return reeve.Operator{}, err
}

func (c *Control) link(ctx context.Context, from From, o reeve.Operator, v reeve.Visitor) error {
	now := c.now()
	e := entry(visitor(from, o), now, "sso_linked", detail("", map[string]any{"operator": o.Name, "issuer": v.Issuer, "name": v.Name}))
	err := c.store.AddLink(ctx, reeve.Link{Issuer: v.Issuer, Subject: v.Subject, Account: o.Account, Operator: o.Name, Shown: v.Name, Created: now}, e)
	return orElse(err, reeve.Errorf(reeve.Forbidden, "this operator is linked with another person at %s; that link must be removed first", c.opts.Provider.Name()))
}

// visitor is an operator as caller of what he does on his way in.
func visitor(from From, o reeve.Operator) reeve.Caller {
	return reeve.Caller{Account: o.Account, Source: reeve.FromConsole, Actor: "operator:" + o.Name, Name: o.Name,
		Address: from.Address, RequestID: from.RequestID}
}

// Links returns who the caller is at providers.
func (c *Control) Links(ctx context.Context, caller reeve.Caller) ([]reeve.Link, error) {
	name, err := himself(caller)
	if err != nil {
		return nil, err
	}
	return c.store.Links(ctx, caller.Account, name)
}

// Unlink removes the link of an operator with an issuer: the caller's own, or
// that of another operator, which needs the scope admin.
func (c *Control) Unlink(ctx context.Context, caller reeve.Caller, operator, issuer string) error {
	if name, err := himself(caller); err != nil || name != operator {
		if _, err := c.operatorToChange(ctx, caller, operator); err != nil {
			return err
		}
	}
	return c.store.RemoveLink(ctx, caller.Account, operator, issuer,
		entry(caller, c.now(), "sso_unlinked", detail("", map[string]any{"operator": operator, "issuer": issuer})))
}

// maxExpected is the longest name of an operator at a provider, in bytes.
const maxExpected = 255

// welcome makes a new operator of somebody whom the provider names, where the
// server's owner wants that: in the first account, with the role that was set.
func (c *Control) welcome(ctx context.Context, from From, v reeve.Visitor) (reeve.Operator, error) {
	if c.opts.NewOperators == reeve.NoRole {
		return reeve.Operator{}, reeve.Errorf(reeve.Forbidden, "no operator here has the name by which %s knows you; ask an administrator to add you", c.opts.Provider.Name())
	}
	accounts, err := c.store.Accounts(ctx)
	if err != nil {
		return reeve.Operator{}, err
	}
	first := slices.MinFunc(accounts, func(a, b reeve.Account) int { return int(a.No - b.No) })
	name, err := checkOperatorName(v.Name)
	if err != nil {
		return reeve.Operator{}, err
	}
	o := reeve.Operator{Name: name, Account: first.No, Role: c.opts.NewOperators, Created: c.now()}
	facts := roleFacts(o)
	facts["issuer"] = v.Issuer
	return o, c.store.AddOperator(ctx, o, entry(visitor(from, o), o.Created, "operator_created", detail("", facts)))
}
