package control

import (
	"context"

	"reeve"
)

// Proposals returns one page of proposed jobs, newest first.
func (v *View) Proposals(ctx context.Context, q reeve.ProposalQuery) ([]reeve.Proposal, error) {
	return v.c.store.Proposals(ctx, v.caller.Account, q)
}

// Proposal returns one proposed job.
func (v *View) Proposal(ctx context.Context, id reeve.JobID) (reeve.Proposal, error) {
	return v.c.store.Proposal(ctx, v.caller.Account, id)
}
