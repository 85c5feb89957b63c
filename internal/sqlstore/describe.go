package sqlstore

import (
	"context"

	"reeve"
)

// Describe stores what is said of a device. The lock on its account keeps
// others from taking the same custom id meanwhile.
func (s *Store) Describe(ctx context.Context, account int64, id string, d reeve.Description, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		if _, err := t.lockAccount(account); err != nil {
			return err
		}
		no, err := must[int64](noDevice)(first(ctx, t, number,
			"SELECT d.no FROM devices AS d WHERE d.account = $1 AND d.id = $2 AND "+live, account, id))
		if err != nil {
			return err
		}
		if d.CustomID != nil && *d.CustomID != "" {
			_, taken, err := first(ctx, t, number, `SELECT d.no FROM device_names AS n CROSS JOIN devices AS d
				WHERE n.account = $1 AND n.custom_id = $2 AND n.custom_id <> '' AND n.device <> $3 AND d.no = n.device AND `+live,
				account, clean(*d.CustomID), no)
			if err == nil && taken {
				err = reeve.Errorf(reeve.Conflict, "another device of the account has this custom id; take it away there first")
			}
			if err != nil {
				return err
			}
		}
		if err := t.rename(ctx, no, d); err != nil {
			return err
		}
		t.log(entry)
		return nil
	})
}
