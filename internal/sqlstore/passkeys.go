package sqlstore

import (
	"context"
	"time"

	"reeve"
)

var (
	noPasskey   = reeve.Errorf(reeve.NotFound, "there is no such passkey")
	usedPasskey = reeve.Errorf(reeve.Conflict, "this passkey was used elsewhere at the same time; try again")
)

const passkeyColumns = "id, account, operator, name, record, counter, suspect, created, used"

func scanPasskey(r rows) (k reeve.Passkey, err error) {
	var suspect, created, used int64
	err = r.Scan(&k.ID, &k.Account, &k.Operator, &k.Name, &k.Record, &k.Counter, &suspect, &created, &used)
	k.Suspect, k.Created, k.Used = suspect != 0, fromMicro(created), fromMicro(used)
	return k, err
}

// AddPasskey adds a passkey and replaces none.
func (s *Store) AddPasskey(ctx context.Context, k reeve.Passkey, most int, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.lockOperator(k.Account, k.Operator); err != nil {
			return err
		}
		t.log(entry)
		has, _, err := first(ctx, t, number, "SELECT COUNT(*) FROM passkeys WHERE operator = $1", k.Operator)
		if err != nil {
			return err
		}
		if has >= int64(most) {
			return reeve.Errorf(reeve.TooLarge, "an operator has %d passkeys at most; remove one first", most)
		}
		_, err = t.exec("INSERT INTO passkeys ("+passkeyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			k.ID, k.Account, k.Operator, k.Name, k.Record, k.Counter, flag(k.Suspect), micro(k.Created), micro(k.Used))
		return conflict(err, "this passkey was added already")
	})
}

// Passkey finds a passkey by its id.
func (s *Store) Passkey(ctx context.Context, id string) (reeve.Passkey, error) {
	return must[reeve.Passkey](noPasskey)(first(ctx, s.db, scanPasskey, "SELECT "+passkeyColumns+" FROM passkeys WHERE id = $1", id))
}

// Passkeys returns the operator's passkeys, oldest first.
func (s *Store) Passkeys(ctx context.Context, account int64, operator string) ([]reeve.Passkey, error) {
	return all(ctx, s.db, scanPasskey,
		"SELECT "+passkeyColumns+" FROM passkeys WHERE operator = $1 AND account = $2 ORDER BY created, id", operator, account)
}

// UsePasskey stores what the use of a passkey changed.
func (s *Store) UsePasskey(ctx context.Context, k reeve.Passkey, was int64, entries ...reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entries...)
		n, err := t.exec("UPDATE passkeys SET record = $3, counter = $4, suspect = $5, used = $6 WHERE id = $1 AND counter = $2",
			k.ID, was, k.Record, k.Counter, flag(k.Suspect), micro(k.Used))
		if err == nil && n == 0 {
			err = usedPasskey
		}
		return err
	})
}

// RemovePasskey removes a passkey of an operator.
func (s *Store) RemovePasskey(ctx context.Context, account int64, operator, id string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec("DELETE FROM passkeys WHERE id = $1 AND operator = $2 AND account = $3", id, operator, account)
		if err == nil && n == 0 {
			err = noPasskey
		}
		return err
	})
}

// Spend remembers a mark, and forgets those that are over.
func (s *Store) Spend(ctx context.Context, u reeve.OneUse, now time.Time) error {
	return s.change(ctx, func(t *tx) error {
		if err := t.later("DELETE FROM one_uses WHERE until <= $1", micro(now)); err != nil {
			return err
		}
		_, err := t.exec("INSERT INTO one_uses (mark, until) VALUES ($1, $2)", u.Mark, micro(u.Until))
		return conflict(err, "this was used already; begin anew")
	})
}
