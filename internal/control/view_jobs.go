package control

import (
	"context"
	"encoding/json"
	"math"
	"slices"

	"reeve"
)

// Jobs returns one page of jobs, newest first: for whoever sees some groups only,
// of those that he placed himself.
func (v *View) Jobs(ctx context.Context, q reeve.JobQuery) ([]reeve.Job, error) {
	if !v.reach.All {
		if len(q.Actors) > 0 && !slices.Contains(q.Actors, v.caller.Actor) {
			return nil, nil
		}
		q.Actors = []string{v.caller.Actor}
	}
	return v.c.store.Jobs(ctx, v.caller.Account, q)
}

// Job returns one job; likewise.
func (v *View) Job(ctx context.Context, id reeve.JobID) (reeve.Job, error) {
	return v.c.allowJob(ctx, v.caller, reeve.Read, id)
}

// Commands returns commands of a job; see JobStore. Those on devices that the
// person does not see any more are left out.
func (v *View) Commands(ctx context.Context, job reeve.JobID, states []reeve.State, from int32, limit int) ([]reeve.Command, error) {
	return v.CommandsWithin(ctx, job, states, from, math.MaxInt32, limit)
}

// CommandsWithin is Commands that looks at so many at most; see JobStore.
func (v *View) CommandsWithin(ctx context.Context, job reeve.JobID, states []reeve.State, from int32, within, limit int) ([]reeve.Command, error) {
	if v.reach.All {
		return v.c.store.CommandsWithin(ctx, v.caller.Account, job, states, from, within, limit)
	}
	if _, err := v.Job(ctx, job); err != nil {
		return nil, err
	}
	var seen []reeve.Command
	for {
		part, err := v.c.store.CommandsWithin(ctx, v.caller.Account, job, states, from, within, limit)
		if err != nil {
			return nil, err
		}
		isLast := len(part) < limit
		if !isLast {
			next := part[limit-1].ID.Leaf + 1
			from, within = next, within-int(next-from)
		}
		if part, err = v.onSeen(ctx, part); err != nil {
			return nil, err
		}
		seen = append(seen, part...)
		switch {
		case isLast || len(seen) >= limit:
			return seen[:min(len(seen), limit)], nil
		case within <= 0:
			return nil, reeve.ErrFurther
		}
	}
}

// Command returns one command with the structured result that its agent sent. It
// is for all who see the device, whoever placed the job.
func (v *View) Command(ctx context.Context, id reeve.CommandID) (reeve.Command, json.RawMessage, error) {
	command, result, err := v.c.store.Command(ctx, v.caller.Account, id)
	if err != nil {
		return reeve.Command{}, nil, err
	}
	seen, err := v.onSeen(ctx, []reeve.Command{command})
	if err == nil && len(seen) == 0 {
		err = errNoCommand
	}
	if err != nil {
		return reeve.Command{}, nil, err
	}
	return command, result, nil
}
