package sqlstore

import (
	"context"

	"reeve"
)

var (
	noOperator = reeve.Errorf(reeve.NotFound, "there is no such operator")
	lastAdmin  = reeve.Errorf(reeve.Conflict, "this is the last administrator of the account; give that role to another operator first")
)

const (
	// A row for each role, and one for an operator without any.
	operatorColumns = `o.name, o.account, o.password_hash, o.created, o.signed_in,
		COALESCE(r.role, 0), COALESCE(r.group_no, 0), COALESCE(g.id, ''), COALESCE(x.name, '')`
	operatorTables = `operators AS o LEFT JOIN operator_roles AS r ON r.operator = o.name
		LEFT JOIN device_groups AS g ON g.no = r.group_no LEFT JOIN expected_names AS x ON x.operator = o.name`
	operatorNameUsed = "an operator with this name exists already; choose another name"
	oneOperator      = "SELECT " + operatorColumns + " FROM " + operatorTables + " WHERE o.name = $1 ORDER BY r.group_no"
	allOperators     = "SELECT " + operatorColumns + " FROM " + operatorTables + " WHERE o.account = $1 ORDER BY o.name, r.group_no"
)

// operatorRow is where a row of operatorColumns is scanned to.
type operatorRow struct {
	operator    reeve.Operator
	created, in int64
	role        int64
	group       reeve.GroupRole
}

func (v *operatorRow) into() []any {
	o := &v.operator
	return []any{&o.Name, &o.Account, &o.PasswordHash, &v.created, &v.in, &v.role, &v.group.Group, &v.group.GroupID, &o.Expected}
}

// read returns an operator with the only role that the row tells.
func (v *operatorRow) read() reeve.Operator {
	o := v.operator
	o.Created, o.SignedIn = fromMicro(v.created), fromMicro(v.in)
	if v.group.Group == 0 {
		o.Role = reeve.Role(v.role)
	} else {
		v.group.Role = reeve.Role(v.role)
		o.Groups = []reeve.GroupRole{v.group}
	}
	return o
}

func scanOperator(r rows) (reeve.Operator, error) {
	var v operatorRow
	err := r.Scan(v.into()...)
	return v.read(), err
}

// joinRoles makes one operator of the rows that follow each other for each.
func joinRoles(found []reeve.Operator, err error) ([]reeve.Operator, error) {
	var operators []reeve.Operator
	for _, o := range found {
		if n := len(operators); n > 0 && operators[n-1].Name == o.Name {
			operators[n-1].Groups = append(operators[n-1].Groups, o.Groups...)
			continue
		}
		operators = append(operators, o)
	}
	return operators, err
}

func findOperator(ctx context.Context, q querier, name string) (reeve.Operator, error) {
	found, err := joinRoles(all(ctx, q, scanOperator, oneOperator, name))
	if err != nil {
		return reeve.Operator{}, err
	}
	if len(found) == 0 {
		return reeve.Operator{}, noOperator
	}
	return found[0], nil
}

// AddOperator adds an operator and replaces none.
func (s *Store) AddOperator(ctx context.Context, o reeve.Operator, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		return t.addOperator(o)
	})
}

func (t *tx) addOperator(o reeve.Operator) error {
	_, err := t.exec("INSERT INTO operators (name, account, password_hash, created) VALUES ($1, $2, $3, $4)",
		o.Name, o.Account, o.PasswordHash, micro(o.Created))
	if err != nil {
		return conflict(err, operatorNameUsed)
	}
	if err := t.setExpected(o); err != nil {
		return err
	}
	return t.setRoles(o)
}

// setExpected stores by what providers name an operator.
func (t *tx) setExpected(o reeve.Operator) error {
	if err := t.later("DELETE FROM expected_names WHERE operator = $1", o.Name); err != nil || o.Expected == "" {
		return err
	}
	_, err := t.exec("INSERT INTO expected_names (operator, name) VALUES ($1, $2)", o.Name, clean(o.Expected))
	return conflict(err, "another operator has this name at the provider; choose another")
}

// setRoles stores the roles of an operator in the place of those that he had.
func (t *tx) setRoles(o reeve.Operator) error {
	if err := t.later("DELETE FROM operator_roles WHERE operator = $1", o.Name); err != nil {
		return err
	}
	if o.Role != reeve.NoRole {
		if err := t.later("INSERT INTO operator_roles (operator, group_no, role) VALUES ($1, 0, $2)", o.Name, int64(o.Role)); err != nil {
			return err
		}
	}
	for _, g := range o.Groups {
		n, err := t.exec(`INSERT INTO operator_roles (operator, group_no, role)
			SELECT CAST($1 AS TEXT), no, CAST($2 AS BIGINT) FROM device_groups WHERE no = $3 AND account = $4`, o.Name, int64(g.Role), g.Group, o.Account)
		if err == nil && n == 0 {
			err = noGroup
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Operator finds an operator by name.
func (s *Store) Operator(ctx context.Context, name string) (reeve.Operator, error) {
	return findOperator(ctx, s.db, name)
}

// Operators returns the account's operators by name.
func (s *Store) Operators(ctx context.Context, account int64) ([]reeve.Operator, error) {
	return joinRoles(all(ctx, s.db, scanOperator, allOperators, account))
}

// SetOperator stores roles, password and expected name of an operator.
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
			if err := t.endSessions(o.Name); err != nil {
				return err
			}
		}
		if err := t.later("UPDATE operators SET password_hash = $2 WHERE name = $1", o.Name, o.PasswordHash); err != nil {
			return err
		}
		if was.Expected != o.Expected {
			if err := t.setExpected(o); err != nil {
				return err
			}
		}
		if err := t.setRoles(o); err != nil {
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
		if err := t.endSessions(name); err != nil {
			return err
		}
		if err := t.endFactor(name); err != nil {
			return err
		}
		for _, statement := range []string{"DELETE FROM operator_roles WHERE operator = $1", "DELETE FROM operators WHERE name = $1"} {
			if err := t.later(statement, name); err != nil {
				return err
			}
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
	if err := t.holdOperator(name); err != nil {
		return reeve.Operator{}, err
	}
	o, err := findOperator(t.ctx, t, name)
	if err == nil && o.Account != account {
		err = noOperator
	}
	return o, err
}

// holdOperator keeps an operator as he is until the end of the transaction.
func (t *tx) holdOperator(name string) error {
	_, err := must[string](noOperator)(first(t.ctx, t, word, t.locking("SELECT name FROM operators WHERE name = $1"), name))
	return err
}

// needAdmin says what is wrong when a change took the account's last administrator.
func (t *tx) needAdmin(was reeve.Operator) error {
	if was.Role != reeve.RoleAdministrator {
		return nil
	}
	left, ok, err := first(t.ctx, t, number, `SELECT COUNT(*) FROM operators AS o JOIN operator_roles AS r ON r.operator = o.name
		WHERE o.account = $1 AND r.group_no = 0 AND r.role = $2`, was.Account, int64(reeve.RoleAdministrator))
	if err == nil && ok && left == 0 {
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
