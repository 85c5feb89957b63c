package control

import (
	"context"
	"time"

	"reeve"
)

// How often logs are looked through for rows to prune, and how long rows wait
// beyond their time: pruning leaves a row itself, and shall not do so all day.
const (
	pruneEvery = time.Hour
	pruneSlack = 24 * time.Hour
	// outletGrace is how much longer rows wait for a webhook or an export that is
	// behind. A receiver that is dead does not keep them for ever.
	outletGrace = 7 * 24 * time.Hour
)

// prune removes, for each account that wants it, the rows of the log that are
// older than it keeps them, and the jobs that nothing needs any more then.
func (c *Control) prune(ctx context.Context) error {
	accounts, err := c.store.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		settings := Effective(a.Settings)
		if settings.KeepLogDays == 0 {
			continue
		}
		if err := c.pruneAccount(ctx, a.No, settings); err != nil {
			return err
		}
	}
	return nil
}

func (c *Control) pruneAccount(ctx context.Context, account int64, settings reeve.Settings) error {
	now := c.now()
	before := now.AddDate(0, 0, -int(settings.KeepLogDays))
	_, intact, err := c.store.Head(ctx, account)
	if err != nil || !intact { // a log that was tampered with is evidence; checkpoint reports it
		return err
	}
	if before, err = c.beforeOutlets(ctx, account, before); err != nil {
		return err
	}
	oldest, err := c.store.Log(ctx, account, reeve.LogQuery{Limit: 1})
	if err != nil || len(oldest) == 0 || oldest[0].At.After(before.Add(-pruneSlack)) {
		return err
	}
	for more := int64(1); more > 0 && ctx.Err() == nil; {
		if more, err = c.store.PruneLog(ctx, account, before, entry(system(account), now, reeve.LogPruned, "")); err != nil {
			return err
		}
	}
	// Results are found by their commands.
	if kept := now.AddDate(0, 0, -int(settings.KeepReportsDays)); kept.Before(before) {
		before = kept
	}
	for more := int64(1); more > 0 && ctx.Err() == nil; {
		if more, err = c.store.PruneJobs(ctx, account, before); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// beforeOutlets moves the moment before which rows may go back to the first row
// that an enabled outlet has yet to send, unless that has waited for too long.
func (c *Control) beforeOutlets(ctx context.Context, account int64, before time.Time) (time.Time, error) {
	outlets, err := c.store.Outlets(ctx, account)
	if err != nil {
		return before, err
	}
	latest := before.Add(-outletGrace)
	for _, o := range outlets {
		if !o.Enabled {
			continue
		}
		next, err := c.store.Log(ctx, account, reeve.LogQuery{After: o.Place.Seq - 1, Limit: 1})
		if err != nil {
			return before, err
		}
		if len(next) > 0 && next[0].At.Before(before) {
			before = next[0].At
		}
	}
	if before.Before(latest) {
		before = latest
	}
	return before, nil
}
