package api

import (
	"net/http"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

func shapeAccount(a reeve.Account) client.Account {
	out := client.Account{
		Name: a.Name, LicenseKey: a.LicenseKey, Seats: a.Seats, RequestsPerMinute: a.RequestsPerMinute,
		Settings: client.Settings(control.Effective(a.Settings)), Created: a.Created,
	}
	for _, f := range a.IdentityFields {
		out.IdentityFields = append(out.IdentityFields, client.IdentityField(f))
	}
	return out
}

// accounts and createAccount are for admins of the first account.
func (a *api) accounts(w http.ResponseWriter, r *door.Request) error {
	accounts, err := a.Rules.Accounts(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	return whole(w, accounts, shapeAccount)
}

func (a *api) createAccount(w http.ResponseWriter, r *door.Request) error {
	var want client.NewAccount
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	made, err := a.Rules.CreateAccount(r.Context(), r.Caller, want.Name, want.Seats)
	if err != nil {
		return err
	}
	out := shapeAccount(made.Account)
	out.First = &client.FirstCredentials{
		Operator: made.Operator, Password: made.Password,
		ClientID: made.ClientID, ClientSecret: made.ClientSecret, RegistrationCode: made.Code,
	}
	return door.Write(w, http.StatusCreated, out)
}

// account returns the caller's own account, with how many devices it has.
func (a *api) account(w http.ResponseWriter, r *door.Request) error {
	return a.answerAccount(w, r, r.Account)
}

func (a *api) answerAccount(w http.ResponseWriter, r *door.Request, account reeve.Account) error {
	counts, err := a.Store.CountDevices(r.Context(), account.No)
	if err != nil {
		return err
	}
	out := shapeAccount(account)
	out.Devices = map[string]int64{}
	for standing, n := range counts {
		if standing != reeve.Archived {
			out.Devices[standing.String()] = n
		}
	}
	return door.Write(w, http.StatusOK, out)
}

func (a *api) changeAccount(w http.ResponseWriter, r *door.Request) error {
	var want client.AccountChange
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	account, err := a.Rules.ChangeAccount(r.Context(), r.Caller, func(account *reeve.Account) {
		put(&account.Name, want.Name)
		put(&account.Seats, want.Seats)
		put(&account.RequestsPerMinute, want.RequestsPerMinute)
		if want.IdentityFields != nil {
			account.IdentityFields = nil
			for _, f := range *want.IdentityFields {
				account.IdentityFields = append(account.IdentityFields, reeve.IdentityField(f))
			}
		}
		if s := want.Settings; s != nil {
			put(&account.Settings.Unassessed, s.Unassessed)
			put(&account.Settings.UnseenAfterDays, s.UnseenAfterDays)
			put(&account.Settings.RestoreDays, s.RestoreDays)
			put(&account.Settings.KeepReportsDays, s.KeepReportsDays)
			put(&account.Settings.KeepLogDays, s.KeepLogDays)
			put(&account.Settings.RandomMACs, s.RandomMACs)
			put(&account.Settings.ApproveAbove, s.ApproveAbove)
			put(&account.Settings.ConfirmAbove, s.ConfirmAbove)
			put(&account.Settings.RequireComment, s.RequireComment)
		}
	})
	if err != nil {
		return err
	}
	return a.answerAccount(w, r, account)
}

// give changes what any account is given, for admins of the first account.
func (a *api) give(w http.ResponseWriter, r *door.Request) error {
	var want client.Gift
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	account, err := a.Rules.Give(r.Context(), r.Caller, r.PathValue("name"), want.Seats, want.RequestsPerMinute)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, shapeAccount(account))
}
