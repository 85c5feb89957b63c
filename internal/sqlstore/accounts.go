package sqlstore

import (
	"context"

	"reeve"
)

var noAccount = reeve.Errorf(reeve.NotFound, "there is no such account")

const (
	accountColumns  = "no, name, seats, requests_per_minute, identity_fields, default_group, created, license_key, settings"
	accountNameUsed = "an account with this name exists already; choose another name"
)

func scanAccount(r rows) (a reeve.Account, err error) {
	var fields, settings string
	var created int64
	err = r.Scan(&a.No, &a.Name, &a.Seats, &a.RequestsPerMinute, &fields, &a.DefaultGroup, &created, &a.LicenseKey, &settings)
	if err != nil {
		return a, err
	}
	a.Created = fromMicro(created)
	if err := decode(settings, &a.Settings); err != nil {
		return a, err
	}
	return a, decode(fields, &a.IdentityFields)
}

// AddAccount creates an account with its default group and its founders.
func (s *Store) AddAccount(ctx context.Context, a reeve.Account, f reeve.Founders, entry reeve.AuditEntry) (reeve.Account, error) {
	a.Created = fromMicro(micro(a.Created))
	err := s.change(ctx, func(t *tx) error {
		fields, err := encode(a.IdentityFields, len(a.IdentityFields) == 0)
		if err != nil {
			return err
		}
		settings, err := encode(a.Settings, a.Settings == reeve.Settings{})
		if err != nil {
			return err
		}
		a.No, _, err = first(ctx, t, number, `INSERT INTO accounts
			(name, seats, seats_used, requests_per_minute, identity_fields, default_group, created, license_key, settings)
			VALUES ($1, $2, 0, $3, $4, 0, $5, $6, $7) RETURNING no`,
			a.Name, a.Seats, a.RequestsPerMinute, fields, micro(a.Created), a.LicenseKey, settings)
		if err != nil {
			return conflict(err, accountNameUsed)
		}
		group := reeve.Group{ID: reeve.NewID(), Name: "Default", Created: a.Created, Modified: a.Created}
		if a.DefaultGroup, err = t.addGroup(a.No, group); err != nil {
			return err
		}
		if err := t.later("UPDATE accounts SET default_group = $2 WHERE no = $1", a.No, a.DefaultGroup); err != nil {
			return err
		}
		if err := t.beginLog(a.No); err != nil {
			return err
		}
		entry.Account = a.No
		t.log(entry)
		return t.addFounders(a.No, f)
	})
	if err != nil {
		return reeve.Account{}, err
	}
	return a, nil
}

func (t *tx) addFounders(account int64, f reeve.Founders) error {
	f.Operator.Account, f.App.Account, f.Code.Account = account, account, account
	if err := t.addOperator(f.Operator); err != nil {
		return err
	}
	if f.Ticket.Secret != "" {
		if err := t.addTicket(f.Ticket); err != nil {
			return err
		}
	}
	if err := t.addApp(f.App); err != nil {
		return err
	}
	return t.addCode(f.Code)
}

// Accounts returns all accounts in order of creation.
func (s *Store) Accounts(ctx context.Context) ([]reeve.Account, error) {
	return all(ctx, s.db, scanAccount, "SELECT "+accountColumns+" FROM accounts ORDER BY no")
}

// Account returns one account.
func (s *Store) Account(ctx context.Context, no int64) (reeve.Account, error) {
	return must[reeve.Account](noAccount)(first(ctx, s.db, scanAccount,
		"SELECT "+accountColumns+" FROM accounts WHERE no = $1", no))
}

// lockAccount returns an account and keeps other placings, enrolments and
// changes of it away until the end of the transaction.
func (t *tx) lockAccount(no int64) (reeve.Account, error) {
	return must[reeve.Account](noAccount)(first(t.ctx, t, scanAccount,
		t.locking("SELECT "+accountColumns+" FROM accounts WHERE no = $1"), no))
}

// ChangeAccount stores what may change of an account, and gives freed seats to
// devices that wait for one.
func (s *Store) ChangeAccount(ctx context.Context, no int64, fn func(*reeve.Account) (reeve.AuditEntry, error)) error {
	err := s.change(ctx, func(t *tx) error {
		old, err := t.lockAccount(no)
		if err != nil {
			return err
		}
		a := old
		entry, err := fn(&a)
		if err != nil {
			return err
		}
		fields, err := encode(a.IdentityFields, len(a.IdentityFields) == 0)
		if err != nil {
			return err
		}
		settings, err := encode(a.Settings, a.Settings == reeve.Settings{})
		if err != nil {
			return err
		}
		t.log(entry)
		_, err = t.exec(`UPDATE accounts SET name = $2, seats = $3, requests_per_minute = $4, identity_fields = $5, settings = $6
			WHERE no = $1`, no, a.Name, a.Seats, a.RequestsPerMinute, fields, settings)
		if err != nil {
			return err
		}
		if old.Seats == 0 && a.Seats > 0 {
			if err := t.countSeats(no); err != nil {
				return err
			}
		}
		return t.giveSeats(no, entry.At)
	})
	return conflict(err, accountNameUsed)
}
