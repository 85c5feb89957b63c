package control

import (
	"context"
	"slices"

	"reeve"
)

// JobsOf returns the jobs of commands of a device, by id; those that were removed
// meanwhile are left out.
func (v *View) JobsOf(ctx context.Context, commands []reeve.Command) (map[reeve.JobID]reeve.Job, error) {
	commands, err := v.onSeen(ctx, slices.Clone(commands))
	if err != nil {
		return nil, err
	}
	ids := make([]reeve.JobID, len(commands))
	for i, c := range commands {
		ids[i] = c.ID.Job
	}
	jobs, err := v.c.store.JobsByID(ctx, ids)
	byID := make(map[reeve.JobID]reeve.Job, len(jobs))
	for _, job := range jobs {
		if job.Account == v.caller.Account {
			byID[job.ID] = job
		}
	}
	return byID, err
}
