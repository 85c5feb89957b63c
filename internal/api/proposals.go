package api

import (
	"cmp"
	"net/http"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

func shapeProposal(p reeve.Proposal) client.Proposal {
	return client.Proposal{
		ID: p.ID.String(), State: p.At(time.Now()).String(), Action: p.Action, Params: p.Params, Comment: p.Comment, Targets: p.Targets, Hold: p.Hold,
		Source: p.Caller.Source.String(), Actor: p.Caller.Actor, By: p.Caller.Name, Asked: p.Asked, Expires: p.Expires,
		Decided: p.Decided, DecidedBy: cmp.Or(p.DecidedBy.Person(), p.DecidedBy.Name), Reason: p.Reason,
	}
}

// proposals lists proposed jobs, newest first.
func (a *api) proposals(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	limit, cursor := p.limit(), p.text("cursor")
	query := reeve.ProposalQuery{Limit: limit + 1, Now: time.Now(), States: words(p, "state", reeve.ParseProposalState)}
	if err := p.done(); err != nil {
		return err
	}
	var before int64
	if err := door.ReadCursor("cursor", cursor, "proposals", r.Caller.Account, &before); err != nil {
		return err
	}
	query.Before = reeve.JobID(before)
	found, err := a.Store.Proposals(r.Context(), r.Caller.Account, query)
	if err != nil {
		return err
	}
	return page(w, found, limit, shapeProposal, func(last reeve.Proposal) string {
		return door.Cursor("proposals", r.Caller.Account, int64(last.ID))
	})
}

func (a *api) proposal(w http.ResponseWriter, r *door.Request) error {
	id, err := jobID(r)
	if err != nil {
		return named(err, "proposal")
	}
	found, err := a.Store.Proposal(r.Context(), r.Caller.Account, id)
	if err != nil {
		return named(err, "proposal")
	}
	return door.Write(w, http.StatusOK, shapeProposal(found))
}

// approve agrees to a proposed job of somebody else.
func (a *api) approve(w http.ResponseWriter, r *door.Request) error {
	return a.decide(w, r, func(id reeve.JobID, reason string) (reeve.Proposal, error) {
		approved, _, err := a.Rules.Approve(r.Context(), r.Caller, id, reason)
		return approved, err
	})
}

func (a *api) reject(w http.ResponseWriter, r *door.Request) error {
	return a.decide(w, r, func(id reeve.JobID, reason string) (reeve.Proposal, error) {
		return a.Rules.Reject(r.Context(), r.Caller, id, reason)
	})
}

func (a *api) decide(w http.ResponseWriter, r *door.Request, decide func(reeve.JobID, string) (reeve.Proposal, error)) error {
	var want client.Decision
	if _, err := a.readOptional(w, r, &want); err != nil {
		return err
	}
	id, err := jobID(r)
	if err != nil {
		return named(err, "proposal")
	}
	decided, err := decide(id, want.Reason)
	if err != nil {
		return named(err, "proposal")
	}
	return door.Write(w, http.StatusOK, shapeProposal(decided))
}
