package control

import (
	"context"

	"reeve"
)

// Cancel ends the open commands of a job. What its agents have finished stays;
// what they are doing they are told to stop.
func (c *Control) Cancel(ctx context.Context, caller reeve.Caller, id reeve.JobID) (reeve.Job, error) {
	if _, err := c.allowJob(ctx, caller, reeve.Write, id); err != nil {
		return reeve.Job{}, err
	}
	now := c.now()
	e := entry(caller, now, "job_cancelled", "")
	e.Job = id
	orders, err := c.store.Cancel(ctx, caller.Account, id, now, e)
	if err != nil {
		return reeve.Job{}, err
	}
	if len(orders) > 0 {
		c.wake.Cancelled(id, now, orders)
	}
	return c.store.Job(ctx, caller.Account, id)
}
