package control

import (
	"strings"
	"time"

	"reeve"
)

// proposalLife is how long a proposal waits for a second person, and once it is
// approved for the request that brings its id.
const proposalLife = 7 * 24 * time.Hour

// lapsedKept is for how long a proposal can be looked up that nobody decided.
const lapsedKept = 30 * 24 * time.Hour

// A decision is what a person says of a proposal.
type decision struct {
	id     reeve.JobID
	by     reeve.Caller
	reach  Reach // what of the account that person may act on
	reason string
}

// approved is the proposal that the placing rests on, 0 for none.
func (p *placing) approved() reeve.JobID {
	if p.decision != nil {
		return p.decision.id
	}
	return p.order.Approved
}

// present brings the proposal in, if there is one, and refuses an order that is
// not the one that was proposed, or that lacks the comment which it needs.
func (p *placing) present(tx reeve.Placing) error {
	if id := p.approved(); id != 0 {
		found, err := tx.Proposal(id)
		if reeve.KindOf(err) == reeve.NotFound {
			return reeve.Errorf(reeve.Unapproved, "nobody proposed a job %s; propose the order, and have somebody else approve it", id).Because(err)
		}
		if err != nil {
			return err
		}
		p.proposal = &found
		if err := p.agrees(); err != nil {
			return err
		}
		if p.order.Comment == "" {
			p.order.Comment, p.out.Job.Comment = found.Comment, found.Comment
		}
	}
	if p.settings.RequireComment && ours(p.caller.Source) && !p.order.DryRun && strings.TrimSpace(p.order.Comment) == "" {
		return reeve.Errorf(reeve.Invalid, "this account wants a comment with every order; say why it is placed")
	}
	return nil
}

// ours reports whether a door is Reeve's own. The published API has no place for
// a comment, and answers in its own way what is not there.
func ours(source reeve.Source) bool {
	return source == reeve.FromConsole || source == reeve.FromCLI || source == reeve.FromAPI
}

// agrees reports whether the proposal can be decided or used as it stands, and is
// of this very order.
func (p *placing) agrees() error {
	found, state := p.proposal, p.proposal.At(p.now)
	switch {
	case state == reeve.Used:
		return reeve.Errorf(reeve.Conflict, "job %s was approved and is placed already; an approval is good once", found.ID)
	case state == reeve.Rejected:
		return reeve.Errorf(reeve.Conflict, "the proposal of job %s was rejected; propose the order again if it is still wanted", found.ID)
	case state == reeve.Lapsed:
		return reeve.Errorf(reeve.Conflict, "the proposal of job %s has expired; propose the order again", found.ID)
	case p.decision != nil && state == reeve.Approved:
		return reeve.Errorf(reeve.Conflict, "job %s is approved already, and waits for the request that brings its id", found.ID)
	case p.decision == nil && state == reeve.Proposed:
		return reeve.Errorf(reeve.Unapproved, "nobody has approved job %s yet; have somebody other than who proposed it do so", found.ID)
	case p.digest() != found.Digest:
		return reeve.Errorf(reeve.Conflict, "job %s was approved for another order; action, parameters and devices must be those that were proposed", found.ID)
	}
	return nil
}

// admit decides whether an order may be placed on so many devices. It reports
// whether the placing ends here: with a proposal, or with one that was approved
// for later.
func (p *placing) admit(tx reeve.Placing, found int) (done bool, err error) {
	p.out.Found = found
	if p.order.Expect != 0 && p.order.Expect != found {
		return true, reeve.Errorf(reeve.Conflict, "%d devices were confirmed, and the order finds %d; look again, and confirm that number", p.order.Expect, found)
	}
	if seen, now := p.order.ExpectApplies, applies(p.out.Tally); seen != 0 && seen != now {
		return true, reeve.Errorf(reeve.Conflict, "the order applied to %d devices when it was looked at, and applies to %d now; nothing was done. Look again, and confirm that number", seen, now)
	}
	if p.proposal != nil && p.proposal.Targets != found {
		return true, reeve.Errorf(reeve.Conflict, "the order found %d devices when it was proposed, and finds %d now; propose it again", p.proposal.Targets, found)
	}
	limit := p.settings.ApproveAbove
	above := limit > 0 && int64(found) > limit
	switch {
	case p.order.DryRun:
		p.out.NeedsApproval = above
		return true, errDryRun
	case p.order.Propose:
		return true, p.propose(tx, found)
	case p.decision != nil && p.proposal.Hold:
		p.out.Job = reeve.Job{}
		return true, p.settle(tx, reeve.Approved)
	case p.proposal != nil:
		return false, p.settle(tx, reeve.Used)
	case above:
		return true, reeve.Errorf(reeve.Unapproved, "the order finds %d devices, and this account lets at most %d be ordered by one person; nothing was done. "+
			"Propose it (on the console, with reeve act --propose, or with \"propose\" on /api/v1): once somebody else approves it, it is placed. If a program is to send it itself, propose it with hold, and have it sent with the header Approved-Job once it is approved", found, limit)
	}
	return false, nil
}

// settle notes what became of the proposal, and who decided it if that was now.
func (p *placing) settle(tx reeve.Placing, state reeve.ProposalState) error {
	o := p.proposal
	var entries []reeve.AuditEntry
	if d := p.decision; d != nil {
		o.DecidedBy, o.Decided, o.Reason, o.Expires = d.by, p.now, d.reason, p.now.Add(proposalLife)
		entries = append(entries, decided(*o, "job_approved"))
	}
	o.State = state
	return tx.Settle(*o, entries...)
}

// decided is the row of the log about a decision.
func decided(o reeve.Proposal, event string) reeve.AuditEntry {
	e := entry(o.DecidedBy, o.Decided, event, detail("", map[string]any{
		"action": o.Action, "targets": o.Targets, "proposed_by": o.Caller.Actor, "reason": o.Reason,
	}))
	e.Job = o.ID
	return e
}
