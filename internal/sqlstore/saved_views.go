package sqlstore

import (
	"context"

	"reeve"
)

var noView = reeve.Errorf(reeve.NotFound, "there is no such view")

const viewColumns = "id, account, operator, name, query, saved_by, saved"

func scanView(r rows) (v reeve.SavedView, err error) {
	var saved int64
	err = r.Scan(&v.ID, &v.Account, &v.Operator, &v.Name, &v.Query, &v.SavedBy, &saved)
	v.Saved = fromMicro(saved)
	return v, err
}

// SaveView adds a view, or replaces the one of its name.
func (s *Store) SaveView(ctx context.Context, v reeve.SavedView, most int, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if err := t.lockOwner(v.Account, v.Operator); err != nil {
			return err
		}
		t.log(entry)
		_, err := t.exec("INSERT INTO saved_views ("+viewColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (account, operator, name) DO UPDATE SET query = excluded.query, saved_by = excluded.saved_by, saved = excluded.saved`,
			v.ID, v.Account, v.Operator, clean(v.Name), clean(v.Query), v.SavedBy, micro(v.Saved))
		if err != nil {
			return err
		}
		has, _, err := first(ctx, t, number, "SELECT COUNT(*) FROM saved_views WHERE account = $1 AND operator = $2", v.Account, v.Operator)
		if err == nil && has > int64(most) {
			err = reeve.Errorf(reeve.TooLarge, "there can be %d views at most; remove one first", most)
		}
		return err
	})
}

// lockOwner keeps other changes of an operator's views away, or of the shared ones.
func (t *tx) lockOwner(account int64, operator string) error {
	if operator == "" {
		_, err := t.lockAccount(account)
		return err
	}
	_, err := t.lockOperator(account, operator)
	return err
}

// SavedViews returns the operator's views and the shared ones.
func (s *Store) SavedViews(ctx context.Context, account int64, operator string) ([]reeve.SavedView, error) {
	return all(ctx, s.db, scanView,
		"SELECT "+viewColumns+" FROM saved_views WHERE account = $1 AND operator IN ($2, '') ORDER BY name, operator", account, operator)
}

// RemoveView removes a view of the operator, or a shared one.
func (s *Store) RemoveView(ctx context.Context, account int64, operator, id string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec("DELETE FROM saved_views WHERE account = $1 AND operator = $2 AND id = $3", account, operator, id)
		if err == nil && n == 0 {
			err = noView
		}
		return err
	})
}
