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
