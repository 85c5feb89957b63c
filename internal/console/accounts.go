package console

import (
	"slices"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) accountRoutes() []door.Route {
	return []door.Route{
		c.see("accounts", reeve.Admin, c.accounts),
		c.see("accounts/new", reeve.Admin, c.newAccount),
		c.change("accounts", reeve.Admin, "account_created", c.once(always("accounts"), c.createAccount)),
		c.see("accounts/{id}", reeve.Admin, c.account),
		c.change("accounts/{id}", reeve.Admin, "account_changed", c.changeGiven),
	}
}

// An accountsPage lists all accounts, for administrators of the first one.
type accountsPage struct{ Accounts []reeve.Account }

func (c *console) accounts(v *visit) (*page, error) {
	accounts, err := c.Rules.Accounts(v.Context(), v.Caller)
	if err != nil {
		return nil, err
	}
	return &page{name: "accounts", title: "accounts.title", data: accountsPage{accounts}}, nil
}

func newAccountForm(f filled) *page {
	return &page{name: "account_new", title: "accounts.new", data: f}
}

func (c *console) newAccount(v *visit) (*page, error) {
	if _, err := c.Rules.Accounts(v.Context(), v.Caller); err != nil { // who may not create one gets no form
		return nil, err
	}
	return newAccountForm(filled{}), nil
}

func (c *console) createAccount(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	seats, err := f.number("seats", v.words.say("settings.seats.title"))
	var made control.Bootstrap
	if err == nil {
		made, err = c.Rules.CreateAccount(v.Context(), v.Caller, f["name"], seats)
	}
	if err != nil {
		return again(newAccountForm(f), err)
	}
	return &page{name: "account_made", title: "accounts.made", data: made}, nil
}

// An accountPage is what one account is given.
type accountPage struct {
	Account reeve.Account
	Filled  filled
}

func accountForm(a reeve.Account, f filled) *page {
	return &page{name: "account", title: "accounts.one", args: []any{a.Name}, data: accountPage{a, f}}
}

// someAccount finds the account that an address names by its license key.
func (c *console) someAccount(v *visit) (reeve.Account, error) {
	accounts, err := c.Rules.Accounts(v.Context(), v.Caller)
	if err != nil {
		return reeve.Account{}, err
	}
	i := slices.IndexFunc(accounts, func(a reeve.Account) bool { return a.LicenseKey == v.PathValue("id") })
	if i < 0 {
		return reeve.Account{}, reeve.Errorf(reeve.NotFound, "there is no such account; go back to the list")
	}
	return accounts[i], nil
}

func (c *console) account(v *visit) (*page, error) {
	a, err := c.someAccount(v)
	if err != nil {
		return nil, err
	}
	f := filled{}
	f.put("seats", a.Seats)
	f.put("rate", a.RequestsPerMinute)
	return accountForm(a, f), nil
}

func (c *console) changeGiven(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	a, err := c.someAccount(v)
	if err != nil {
		return nil, err
	}
	f := v.filled()
	seats, err := f.number("seats", v.words.say("settings.seats.title"))
	var rate int64
	if err == nil {
		rate, err = f.number("rate", v.words.say("settings.rate.title"))
	}
	if err == nil {
		_, err = c.Rules.Give(v.Context(), v.Caller, a.Name, &seats, &rate)
	}
	if err != nil {
		return again(accountForm(a, f), err)
	}
	return v.done("accounts", "accounts.changed", a.Name)
}
