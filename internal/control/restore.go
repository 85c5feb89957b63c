package control

import (
	"context"
	"time"

	"reeve"
)

// Restore brings deleted devices back into the inventory and returns the ids of
// those that came: deleted, of the caller's account, and not yet erased. What
// standing they get, [reeve.DeviceStore] says.
func (c *Control) Restore(ctx context.Context, caller reeve.Caller, ids []string) ([]string, error) {
	if err := Allow(caller, reeve.Write); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > c.opts.MaxEntries {
		return nil, reeve.Errorf(reeve.Invalid, "name 1 to %d devices to restore; split the list", c.opts.MaxEntries)
	}
	now := c.now()
	restored, orders, err := c.store.Restore(ctx, caller.Account, ids, now, entry(caller, now, "devices_restored", ""))
	if err != nil {
		return nil, err
	}
	byJob := map[reeve.JobID][]reeve.Order{}
	for _, o := range orders {
		byJob[o.ID.Job] = append(byJob[o.ID.Job], o)
	}
	for job, orders := range byJob {
		c.wake.Cancelled(job, now, orders)
	}
	return restored, nil
}

// restorable is how long the account's deleted records can be restored.
func restorable(a reeve.Account) time.Duration {
	return time.Duration(Effective(a.Settings).RestoreDays) * 24 * time.Hour
}
