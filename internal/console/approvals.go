package console

import (
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) approvalRoutes() []door.Route {
	return []door.Route{
		c.see("approvals", reeve.Read, c.approvals),
		c.see("approvals/{id}", reeve.Read, c.approval),
		c.see("approvals/{id}/check", reeve.Write, c.checkApproval),
		c.change("approvals/{id}/approve", reeve.Write, "job_approved", c.approve),
		c.change("approvals/{id}/reject", reeve.Write, "job_rejected", c.reject),
	}
}

// waitingStates are those of proposals that are not at their end.
var waitingStates = []reeve.ProposalState{reeve.Proposed, reeve.Approved}

// approvalsShown is how many proposals a page of the list has.
const approvalsShown = 40

// An approvalsPage has the proposals that wait, or those that were decided.
type approvalsPage struct {
	Past   bool
	Rows   []proposal
	Beside beside
}

// A proposal is an order that waits for a second person, or did.
type proposal struct {
	reeve.Proposal
	Stands   string // the word for its state now
	Said     []param
	Selected selected
}

// Restores reports whether deleted devices are to come back, which is no job.
func (p proposal) Restores() bool { return p.Action == action.Restore }

func (v *visit) proposal(p reeve.Proposal) (proposal, error) {
	chosen, err := v.selectedBy(p)
	stands := p.At(time.Now()).String()
	if p.State == reeve.Rejected && p.AskedBy(p.DecidedBy) {
		stands = "withdrawn"
	}
	return proposal{p, stands, v.params(p.Action, p.Params, time.Time{}), chosen}, err
}

func (c *console) approvals(v *visit) (*page, error) {
	p := approvalsPage{Past: v.URL.Query().Get("state") == "decided"}
	q := reeve.ProposalQuery{Limit: approvalsShown + 1, Now: time.Now(), States: waitingStates}
	here := "approvals"
	if p.Past {
		q.States, here = []reeve.ProposalState{reeve.Used, reeve.Rejected, reeve.Lapsed}, "approvals?state=decided"
	}
	at, err := v.turning(here, here)
	if err != nil {
		return nil, err
	}
	q.Before, q.After = reeve.JobID(at.on), reeve.JobID(at.back)
	found, err := v.view.Proposals(v.Context(), q)
	if err != nil {
		return nil, err
	}
	found, p.Beside = pageOf(at, found, approvalsShown, func(p reeve.Proposal) reeve.JobID { return p.ID })
	for _, one := range found {
		row, err := v.proposal(one)
		if err != nil {
			return nil, err
		}
		p.Rows = append(p.Rows, row)
	}
	return &page{name: "approvals", title: "approvals.title", data: p}, nil
}

// waitingSought is among how many proposals that wait, the newest ones, one for
// certain devices is looked for.
const waitingSought = 200

// moveOf returns the newest order that waits and would move all devices of a group
// to another; nil if there is none. If it is known how many devices there are, one
// that was proposed for another number is none: nobody can approve it.
func (v *visit) moveOf(group string, devices int64, known bool) (*proposal, error) {
	waiting, err := v.view.Proposals(v.Context(), reeve.ProposalQuery{Limit: waitingSought, Now: time.Now(), States: waitingStates})
	if err != nil {
		return nil, err
	}
	for _, p := range waiting {
		if p.Action != "assign_to_group" || known && int64(p.Targets) != devices || strings.Contains(string(p.Params), group) { // to itself
			continue
		}
		s, err := v.view.Selection(p)
		if err != nil {
			return nil, err
		}
		if s.Group == group || s.More == 0 && slices.Equal(s.Terms, []control.Term{{Field: "group", Word: group}}) {
			shown, err := v.proposal(p)
			return &shown, err
		}
	}
	return nil, nil
}

// An approvalPage is one proposal with what the person can do about it.
type approvalPage struct {
	proposal
	Own    bool // the person asked
	Decide bool // the person may approve or reject
	Open   bool
	Given  string // the reason that was given, where the decision has a fault
}

func (c *console) approval(v *visit) (*page, error) {
	p, err := v.findProposal()
	if err != nil {
		return nil, err
	}
	return v.showProposal(p)
}

func (v *visit) showProposal(p reeve.Proposal) (*page, error) {
	state := p.At(time.Now())
	shown, err := v.proposal(p)
	if err != nil {
		return nil, err
	}
	_, err = control.AllowSome(v.Caller, reeve.Write)
	a := approvalPage{proposal: shown, Own: p.AskedBy(v.Caller),
		Decide: err == nil, Open: state == reeve.Proposed || state == reeve.Approved, Given: v.Form.Get("reason")}
	return &page{name: "approval", title: "approvals.one", args: []any{v.words.action(p.Action)}, data: a}, nil
}

// findProposal reads the proposal that the address names.
func (v *visit) findProposal() (reeve.Proposal, error) {
	id, ok := reeve.ParseJobID(v.PathValue("id"))
	if !ok {
		return reeve.Proposal{}, errNoProposal
	}
	p, err := v.view.Proposal(v.Context(), id)
	if err != nil && reeve.KindOf(err) == reeve.NotFound {
		err = errNoProposal.Because(err)
	}
	return p, err
}

var errNoProposal = reeve.Errorf(reeve.NotFound, "there is no such proposal; look for it in the list of approvals")

// checkApproval answers with what the proposed order would do now.
func (c *console) checkApproval(v *visit) (*page, error) {
	p, err := v.findProposal()
	if err != nil {
		return nil, err
	}
	found, err := c.Rules.PreviewProposal(v.Context(), v.Caller, p.ID)
	if err != nil && reeve.KindOf(err) == reeve.Internal {
		return nil, err
	}
	if err != nil {
		return v.part("act_confirm", "refused", v.words.fault(err))
	}
	def, _ := action.Lookup(p.Action)
	return v.part("approval", "outlook", checkOf(found, def))
}

func (c *console) approve(v *visit) (*page, error) {
	return c.decide(v, func(id reeve.JobID, reason string) (string, string, error) {
		p, placed, err := c.Rules.Approve(v.Context(), v.Caller, id, reason, v.seen("applies"))
		if placed.Job.ID != 0 {
			return "jobs/" + placed.Job.ID.String(), "approvals.placed", err
		}
		return "approvals/" + p.ID.String(), "approvals.approved", err
	})
}

func (c *console) reject(v *visit) (*page, error) {
	return c.decide(v, func(id reeve.JobID, reason string) (string, string, error) {
		_, err := c.Rules.Reject(v.Context(), v.Caller, id, reason)
		return "approvals/" + id.String(), "approvals.rejected", err
	})
}

// decide says yes or no to a proposal. A fault shows it again.
func (c *console) decide(v *visit, decide func(id reeve.JobID, reason string) (path, said string, err error)) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	p, err := v.findProposal()
	if err != nil {
		return nil, err
	}
	path, said, err := decide(p.ID, strings.TrimSpace(v.PostForm.Get("reason")))
	if err != nil {
		return formAgain(err, func() (*page, error) { return v.showProposal(p) })
	}
	return v.done(path, said)
}
