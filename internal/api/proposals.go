package api

import (
	"cmp"
	"net/http"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

// A proposalTold is a proposal with what names its devices; nil if that is not
// told.
type proposalTold struct {
	reeve.Proposal
	selected *client.Selection
	applies  *int
}

func shapeProposal(p proposalTold) client.Proposal {
	return client.Proposal{
		ID: p.ID.String(), State: p.At(time.Now()).String(), Action: p.Action, Params: p.Params, Comment: p.Comment, Targets: p.Targets, Hold: p.Hold,
		Source: p.Caller.Source.String(), Actor: p.Caller.Actor, By: p.Caller.Name, Asked: p.Asked, Expires: p.Expires,
		Applies: p.applies, Selected: p.selected,
		Decided: p.Decided, DecidedBy: cmp.Or(p.DecidedBy.Person(), p.DecidedBy.Name), Reason: p.Reason,
	}
}

// tell finds out what names the devices of proposals, for whoever may read.
func (a *api) tell(r *door.Request, proposals ...reeve.Proposal) ([]proposalTold, error) {
	out := make([]proposalTold, len(proposals))
	for i, p := range proposals {
		out[i].Proposal = p
	}
	view, err := a.Rules.View(r.Caller)
	if err != nil { // who may order only
		return out, nil
	}
	names := map[string]string{}
	name := func(id string) (string, error) {
		if _, known := names[id]; !known && id != "" {
			group, err := view.Group(r.Context(), id)
			if err != nil && reeve.KindOf(err) != reeve.NotFound {
				return "", err
			}
			names[id] = group.Name
		}
		return names[id], nil
	}
	for i, p := range proposals {
		s, err := view.Selection(p)
		if err != nil {
			return nil, err
		}
		if s.Unread {
			continue
		}
		if out[i].selected, err = shapeSelection(s, name); err != nil {
			return nil, err
		}
		out[i].applies = s.Applies
	}
	return out, nil
}

func shapeSelection(s control.Selection, name func(group string) (string, error)) (*client.Selection, error) {
	out := client.Selection{All: s.All, Group: s.Group, Filtered: s.Filtered, More: s.More, Within: s.Within, Named: s.Named, First: s.First,
		RetryOf: idOf(s.RetryOf), UndoOf: idOf(s.UndoOf)}
	var err error
	if out.GroupName, err = name(s.Group); err != nil {
		return nil, err
	}
	for _, t := range s.Terms {
		term := client.Term{Field: t.Field, Word: t.Word}
		if t.Field == "group" {
			if term.Name, err = name(t.Word); err != nil {
				return nil, err
			}
		}
		out.Terms = append(out.Terms, term)
	}
	return &out, nil
}

// idOf writes the id of a job, "" for none.
func idOf(id reeve.JobID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// answerProposal answers with one proposal.
func (a *api) answerProposal(w http.ResponseWriter, r *door.Request, p reeve.Proposal) error {
	one, err := a.tell(r, p)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, shapeProposal(one[0]))
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
	view, err := a.Rules.View(r.Caller)
	if err != nil {
		return err
	}
	found, err := view.Proposals(r.Context(), query)
	if err != nil {
		return err
	}
	all, err := a.tell(r, found...)
	if err != nil {
		return err
	}
	return page(w, all, limit, shapeProposal, func(last proposalTold) string {
		return door.Cursor("proposals", r.Caller.Account, int64(last.ID))
	})
}

func (a *api) proposal(w http.ResponseWriter, r *door.Request) error {
	id, err := jobID(r)
	if err != nil {
		return named(err, "proposal")
	}
	view, err := a.Rules.View(r.Caller)
	if err != nil {
		return err
	}
	found, err := view.Proposal(r.Context(), id)
	if err != nil {
		return named(err, "proposal")
	}
	return a.answerProposal(w, r, found)
}

// approve agrees to a proposed job of somebody else.
func (a *api) approve(w http.ResponseWriter, r *door.Request) error {
	return a.decide(w, r, func(id reeve.JobID, reason string) (reeve.Proposal, error) {
		approved, _, err := a.Rules.Approve(r.Context(), r.Caller, id, reason, 0)
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
	return a.answerProposal(w, r, decided)
}
