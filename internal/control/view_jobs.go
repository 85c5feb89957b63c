package control

import (
	"cmp"
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
	seen, err := v.commands(ctx, job, limit, func() ([]reeve.Command, error) {
		if within <= 0 {
			return nil, reeve.ErrFurther
		}
		part, err := v.c.store.CommandsWithin(ctx, v.caller.Account, job, states, from, within, limit)
		if len(part) > 0 {
			next := part[len(part)-1].ID.Leaf + 1
			from, within = next, within-int(next-from)
		}
		return part, err
	})
	return seen[:min(len(seen), limit)], err
}

// EarlierCommands returns the commands right before one; likewise.
func (v *View) EarlierCommands(ctx context.Context, job reeve.JobID, states []reeve.State, before int32, within, limit int) ([]reeve.Command, error) {
	seen, err := v.commands(ctx, job, limit, func() ([]reeve.Command, error) {
		switch {
		case before <= 0:
			return nil, nil
		case within <= 0:
			return nil, reeve.ErrFurther
		}
		part, err := v.c.store.EarlierCommands(ctx, v.caller.Account, job, states, before, within, limit)
		if len(part) > 0 {
			next := part[0].ID.Leaf
			before, within = next, within-int(before-next)
		}
		return part, err
	})
	return seen[max(len(seen)-limit, 0):], err
}

// commands reads parts of a job's commands, each of up to limit, until so many
// are seen or there are no more, and returns them by leaf.
func (v *View) commands(ctx context.Context, job reeve.JobID, limit int, next func() ([]reeve.Command, error)) (seen []reeve.Command, err error) {
	if v.reach.All {
		return next()
	}
	if _, err := v.Job(ctx, job); err != nil {
		return nil, err
	}
	for {
		part, err := next()
		if err != nil {
			return nil, err
		}
		isLast := len(part) < limit
		if part, err = v.onSeen(ctx, part); err != nil {
			return nil, err
		}
		seen = append(seen, part...)
		if isLast || len(seen) >= limit {
			slices.SortFunc(seen, func(a, b reeve.Command) int { return cmp.Compare(a.ID.Leaf, b.ID.Leaf) })
			return seen, nil
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
