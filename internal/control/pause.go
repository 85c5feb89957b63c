package control

import (
	"context"
	"time"

	"reeve"
	"reeve/internal/action"
)

// Pause has the agents of a job hold back, or go on. It moves no deadline: what
// has not ended by then expires as any other. Only actions that take long can.
func (c *Control) Pause(ctx context.Context, caller reeve.Caller, id reeve.JobID, paused bool) (reeve.Job, error) {
	job, err := c.allowJob(ctx, caller, reeve.Write, id)
	if err != nil {
		return reeve.Job{}, err
	}
	if def, ok := action.Lookup(job.Action); !ok || !def.Pauses {
		return reeve.Job{}, reeve.Errorf(reeve.Conflict, "%s is over too soon to be paused; cancel the job instead", reeve.Word(job.Action))
	}
	now := c.now()
	event, since := "job_resumed", time.Time{}
	if paused {
		event, since = "job_paused", now
	}
	e := entry(caller, now, event, "")
	e.Job = id
	orders, err := c.store.Pause(ctx, caller.Account, id, since, e)
	if err != nil {
		return reeve.Job{}, err
	}
	if len(orders) > 0 {
		c.wake.Paused(paused, now, orders)
	}
	return c.store.Job(ctx, caller.Account, id)
}
