package sqlstore

import (
	"context"

	"reeve"
)

var (
	noOperator = reeve.Errorf(reeve.NotFound, "there is no such operator")
	lastAdmin  = reeve.Errorf(reeve.Conflict, "this is the last operator with the scope admin; give it to another one first")
)

const (
	operatorColumns  = "name, account, password_hash, scopes, created"
	operatorNameUsed = "an operator with this name exists already; choose another name"
	oneOperator      = "SELECT " + operatorColumns + " FROM operators WHERE name = $1"
)

func scanOperator(r rows) (o reeve.Operator, err error) {
	var scopes string
	var created int64
	err = r.Scan(&o.Name, &o.Account, &o.PasswordHash, &scopes, &created)
	o.Scopes, o.Created = splitScopes(scopes), fromMicro(created)
	return o, err
}

// AddOperator adds an operator and replaces none.
func (s *Store) AddOperator(ctx context.Context, o reeve.Operator, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		return t.addOperator(o)
	})
}

func (t *tx) addOperator(o reeve.Operator) error {
	_, err := t.exec("INSERT INTO operators (name, account, password_hash, scopes, created) VALUES ($1, $2, $3, $4, $5)",
		o.Name, o.Account, o.PasswordHash, joinScopes(o.Scopes), micro(o.Created))
	return conflict(err, operatorNameUsed)
}

// Operator finds an operator by name.
func (s *Store) Operator(ctx context.Context, name string) (reeve.Operator, error) {
	return must[reeve.Operator](noOperator)(first(ctx, s.db, scanOperator, oneOperator, name))
}

const allOperators = "SELECT " + operatorColumns + " FROM operators WHERE account = $1 ORDER BY name"

// Operators returns the account's operators by name.
func (s *Store) Operators(ctx context.Context, account int64) ([]reeve.Operator, error) {
	return all(ctx, s.db, scanOperator, allOperators, account)
}

// SetOperator stores scopes and password of an operator.
func (s *Store) SetOperator(ctx context.Context, o reeve.Operator, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		was, err := t.lockOperator(o.Account, o.Name)
		if err != nil {
			return err
		}
		t.log(entry)
		if was.PasswordHash != o.PasswordHash {
			if err := t.endAgreements(o.Name); err != nil {
				return err
			}
		}
		_, err = t.exec("UPDATE operators SET password_hash = $2, scopes = $3 WHERE name = $1", o.Name, o.PasswordHash, joinScopes(o.Scopes))
		if err != nil {
			return err
		}
		return t.needAdmin(was)
	})
}

// RemoveOperator removes an operator.
func (s *Store) RemoveOperator(ctx context.Context, account int64, name string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		was, err := t.lockOperator(account, name)
		if err != nil {
			return err
		}
		t.log(entry)
		if err := t.endAgreements(name); err != nil {
			return err
		}
		if err := t.endKeys(name); err != nil {
			return err
		}
		if err := t.later("DELETE FROM operators WHERE name = $1", name); err != nil {
			return err
		}
		return t.needAdmin(was)
	})
}

// lockOperator returns an operator of the account and keeps changes of the
// account and new grants of the operator away until the end of the transaction.
func (t *tx) lockOperator(account int64, name string) (reeve.Operator, error) {
	if _, err := t.lockAccount(account); err != nil {
		return reeve.Operator{}, err
	}
	o, ok, err := first(t.ctx, t, scanOperator, t.locking(oneOperator), name)
	if err == nil && (!ok || o.Account != account) {
		err = noOperator
	}
	return o, err
}

// needAdmin says what is wrong when a change took the account's last admin.
func (t *tx) needAdmin(was reeve.Operator) error {
	if !was.Scopes.Has(reeve.Admin) {
		return nil
	}
	left, err := all(t.ctx, t, scanOperator, allOperators, was.Account)
	for _, o := range left {
		if o.Scopes.Has(reeve.Admin) {
			return err
		}
	}
	if err == nil {
		err = lastAdmin
	}
	return err
}

// endAgreements ends whatever an operator agreed to.
func (t *tx) endAgreements(operator string) error {
	for _, statement := range []string{
		"DELETE FROM tokens WHERE grant_no IN (SELECT no FROM grants WHERE operator = $1)",
		"DELETE FROM grants WHERE operator = $1",
		"DELETE FROM agreements WHERE operator = $1",
	} {
		if err := t.later(statement, operator); err != nil {
			return err
		}
	}
	return nil
}
