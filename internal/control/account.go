package control

import (
	"context"

	"reeve"
)

// A Bootstrap is a new account with everything one needs to begin, in plain
// text for the only time.
type Bootstrap struct {
	Account      reeve.Account
	Operator     string
	Password     string
	ClientID     string
	ClientSecret string
	Code         string
	FirstRun     string // see FirstRun
}

// FirstAccount is the name of the account that set-up creates. Its apps with
// scope admin may create further accounts.
const FirstAccount = "default"

// SetUp prepares the first account of an empty store: save is given the
// credentials before they are stored, so that no crash can leave an account
// whose credentials nobody knows. It reports whether there was anything to do.
func (c *Control) SetUp(ctx context.Context, save func(Bootstrap) error) (bool, error) {
	accounts, err := c.store.Accounts(ctx)
	if err != nil || len(accounts) > 0 {
		return false, err
	}
	_, err = c.found(ctx, system(0), FirstAccount, 0, save)
	return err == nil, err
}

// CreateAccount makes a further account, with seats as in reeve.Account. Only
// an admin of the first account may.
func (c *Control) CreateAccount(ctx context.Context, caller reeve.Caller, name string, seats int64) (Bootstrap, error) {
	if err := c.allowServer(ctx, caller); err != nil {
		return Bootstrap{}, err
	}
	name, err := checkName("account", name)
	if err != nil {
		return Bootstrap{}, err
	}
	if seats < 0 {
		return Bootstrap{}, reeve.Errorf(reeve.Invalid, "seats must be 0 for no limit, or a positive number")
	}
	return c.found(ctx, caller, name, seats, func(Bootstrap) error { return nil })
}

// Accounts returns all accounts to an admin of the first one.
func (c *Control) Accounts(ctx context.Context, caller reeve.Caller) ([]reeve.Account, error) {
	if err := c.allowServer(ctx, caller); err != nil {
		return nil, err
	}
	return c.store.Accounts(ctx)
}

// allowServer decides who may act beyond one account.
func (c *Control) allowServer(ctx context.Context, caller reeve.Caller) error {
	if err := Allow(caller, reeve.Admin); err != nil {
		return err
	}
	accounts, err := c.store.Accounts(ctx)
	if err != nil {
		return err
	}
	if len(accounts) == 0 || accounts[0].No != caller.Account {
		return reeve.Errorf(reeve.Forbidden, "only an admin of the account %s may manage accounts", FirstAccount)
	}
	return nil
}

func (c *Control) found(ctx context.Context, caller reeve.Caller, name string, seats int64, save func(Bootstrap) error) (Bootstrap, error) {
	now := c.now()
	b := Bootstrap{Operator: "admin", Password: newSecret(generatedLength), Code: newSecret(codeLength)}
	if name != FirstAccount {
		b.Operator = "admin@" + name
	}
	app, secret := newApp(reeve.App{Name: "first app", Scopes: everyScope, CreatedBy: "system"}, now)
	b.ClientID, b.ClientSecret = app.ClientID, secret
	first, ticket := invite(b.Operator, now)
	b.FirstRun = first
	founders := reeve.Founders{
		Ticket:   ticket,
		App:      app,
		Operator: reeve.Operator{Name: b.Operator, PasswordHash: hashPassword(b.Password), Role: reeve.RoleAdministrator, Created: now},
		Code:     reeve.Code{Hash: hashSecret(b.Code), Hint: b.Code[:2], Note: "first code", Community: true, Created: now},
	}
	if err := save(b); err != nil {
		return Bootstrap{}, err
	}
	// The new account's log begins with a row that names nobody of another.
	by := system(0)
	account := reeve.Account{Name: name, LicenseKey: reeve.NewID(), Seats: seats, IdentityFields: reeve.DefaultIdentityFields(), Created: now}
	facts := detail("", map[string]any{"name": name, "seats": seats})
	var err error
	if b.Account, err = c.store.AddAccount(ctx, account, founders, entry(by, now, "account_created", facts)); err != nil {
		return b, err
	}
	if caller.Account != 0 {
		err = c.store.Append(ctx, entry(caller, now, "account_created", facts))
	}
	return b, err
}
