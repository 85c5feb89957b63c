package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/action"
	"reeve/internal/control"
	"reeve/internal/door"
)

// place takes an order. All rules are control's; the answer tells what became
// of each id and MAC address.
func (a *api) place(w http.ResponseWriter, r *door.Request) error {
	var want client.Order
	body, err := a.read(w, r, &want)
	if err != nil {
		return err
	}
	order := control.Order{Action: want.Action, Params: want.Params, IDs: want.IDs, MACs: want.MACs, Group: want.Group, All: want.All}
	if err := ordering(r, body, want.Terms, &order); err != nil {
		return err
	}
	if err := checkAction(want); err != nil {
		return err
	}
	if want.Filter != nil { // in the words of GET /devices
		p := &params{query: want.Filter.Query()}
		filter := selection(p, r.Account)
		if order.Filter = &filter; p.done() != nil {
			return p.done()
		}
	}
	placement, err := a.Rules.Place(r.Context(), r.Caller, order)
	if err != nil {
		return err
	}
	return a.answerPlacement(w, r, want, placement)
}

// retry orders the action of a job again where it did not succeed.
func (a *api) retry(w http.ResponseWriter, r *door.Request) error {
	var want client.Retry
	body, err := a.readOptional(w, r, &want)
	if err != nil {
		return err
	}
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var states []reeve.State
	for _, word := range want.States {
		state, ok := reeve.ParseState(word)
		if !ok {
			return reeve.Errorf(reeve.Invalid, "there is no state %.40q; choose from failed, expired, refused and cancelled", word)
		}
		states = append(states, state)
	}
	var order control.Order
	if err := ordering(r, body, want.Terms, &order); err != nil {
		return err
	}
	placement, err := a.Rules.Retry(r.Context(), r.Caller, id, states, order)
	if err != nil {
		return named(err, "job")
	}
	return a.answerPlacement(w, r, client.Order{Terms: want.Terms}, placement)
}

// undo takes a job back. Repeats of it are the door's to answer.
func (a *api) undo(w http.ResponseWriter, r *door.Request) error {
	var want client.Undo
	body, err := a.readOptional(w, r, &want)
	if err != nil {
		return err
	}
	id, err := jobID(r)
	if err != nil {
		return err
	}
	order := control.Order{Params: want.Params}
	if err := ordering(r, body, want.Terms, &order); err != nil {
		return err
	}
	order.Key = ""
	placement, err := a.Rules.Undo(r.Context(), r.Caller, id, order)
	if err != nil {
		return named(err, "job")
	}
	return a.answerPlacement(w, r, client.Order{Terms: want.Terms}, placement)
}

// ordering reads what an order says of how it is carried out, and the key of a
// repeat.
func ordering(r *door.Request, body []byte, terms client.Terms, o *control.Order) (err error) {
	o.DryRun, o.Comment, o.Route, o.Body = terms.DryRun, terms.Comment, r.Method+" "+r.URL.Path, sha256.Sum256(body)
	if terms.DeliverWithin < 0 || terms.DeliverWithin > maxDeliverWithin {
		return reeve.Errorf(reeve.Invalid, "deliver_within must be a number of seconds from 1 to %d", maxDeliverWithin)
	}
	o.DeliverWithin = time.Duration(terms.DeliverWithin) * time.Second
	o.Expect, o.Propose, o.Hold = terms.Expect, terms.Propose, terms.Hold
	if o.Approved, err = r.ApprovedJob(terms.ApprovedJobID); err != nil {
		return err
	}
	switch terms.Offline {
	case "", "queue":
	case "skip":
		o.SkipAway = true
	default:
		return reeve.Errorf(reeve.Invalid, "offline must be queue or skip")
	}
	o.Key, err = r.RepeatKey()
	return err
}

// checkAction refuses an action that is not offered, and parameters that it
// does not have.
func checkAction(want client.Order) error {
	definition, ok := action.Lookup(want.Action)
	if !ok || !definition.OfferedIn(action.Latest) {
		return reeve.Errorf(reeve.Invalid, "there is no action %.40q; see the reference of Device Action", want.Action)
	}
	return definition.CheckNames(want.Params)
}

// maxDeliverWithin is ten years in seconds; actions allow far less.
const maxDeliverWithin = 10 * 365 * 24 * 60 * 60

func (a *api) answerPlacement(w http.ResponseWriter, r *door.Request, want client.Order, p control.Placement) error {
	out := client.Placement{Repeated: p.Repeated, ExcludedMore: p.ExcludedMore, Restored: len(p.Restored), NeedsApproval: p.NeedsApproval}
	for reason, n := range p.Tally {
		if out.Tally == nil {
			out.Tally = map[string]int{}
		}
		out.Tally[cmp.Or(reason.String(), client.Applies)] = n
	}
	sent := want.IDs
	if sent == nil {
		sent = want.MACs
	}
	for i, o := range p.Outcomes {
		one := client.Outcome{Device: sent[i], Status: int(o.Status), Reason: o.Reason.String(), Why: o.Reason.Sentence()}
		if o.Status == 0 && o.Reason == reeve.NoReason {
			one.Reason, one.Why = "not_found", "there is no such device, or nothing could be done with it"
		}
		if o.Leaf >= 0 && p.Job.ID != 0 {
			one.Command = reeve.CommandID{Job: p.Job.ID, Leaf: o.Leaf}.String()
		}
		out.Outcomes = append(out.Outcomes, one)
	}
	for _, e := range p.Excluded {
		out.Excluded = append(out.Excluded, client.Excluded{Device: e.ID, Hostname: e.Hostname, Reason: e.Reason.String(), Why: e.Reason.Sentence()})
	}
	if p.Repeated {
		door.Replayed(w)
	}
	switch {
	case p.Proposal != nil:
		one, err := a.tell(r, *p.Proposal)
		if err != nil {
			return err
		}
		shaped := shapeProposal(one[0])
		out.Proposal = &shaped
		return door.Write(w, http.StatusAccepted, out)
	case p.Job.ID == 0: // a dry run, or devices were restored
		return door.Write(w, http.StatusOK, out)
	}
	job := p.Job
	if p.Repeated { // it may have come further
		var err error
		if job, err = a.Store.Job(r.Context(), r.Caller.Account, job.ID); err != nil {
			return err
		}
	}
	shaped := shapeJob(job)
	out.Job = &shaped
	return door.Write(w, http.StatusCreated, out)
}

func shapeJob(j reeve.Job) client.Job {
	out := client.Job{
		ID: j.ID.String(), Action: j.Action, Params: j.Params, Comment: j.Comment,
		Source: j.Caller.Source.String(), Actor: j.Caller.Actor, By: j.Caller.Name,
		Issued: j.Issued, DeliverBy: j.DeliverBy, FinishBy: j.FinishBy, Cancelled: j.Cancelled, Paused: j.Paused,
		Entries: j.Entries, Unmatched: j.Unmatched, Targets: j.Targets, Open: j.Open(), Counts: map[string]int64{},
		RetryOf: idOf(j.RetryOf), UndoOf: idOf(j.UndoOf),
	}
	for state, n := range j.Counts {
		if n != 0 {
			out.Counts[reeve.State(state).String()] = n
		}
	}
	return out
}

// jobs lists jobs, newest first.
func (a *api) jobs(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	limit, before := p.limit(), int64(0)
	p.cursor("jobs", &before)
	query := reeve.JobQuery{Limit: limit + 1, Actions: p.take("action"), Sources: words(p, "source", reeve.ParseSource)}
	switch open := p.text("open"); open {
	case "", "false":
	case "true":
		query.Open = true
	default:
		p.fail("open must be true or false")
	}
	if err := p.done(); err != nil {
		return err
	}
	query.Before = reeve.JobID(before)
	jobs, err := a.Store.Jobs(r.Context(), r.Caller.Account, query)
	if err != nil {
		return err
	}
	return page(w, jobs, limit, shapeJob, func(last reeve.Job) string {
		return door.Cursor("jobs", r.Caller.Account, int64(last.ID))
	})
}

// jobID reads the job id in the path. What is not one names no job.
func jobID(r *door.Request) (reeve.JobID, error) {
	id, ok := reeve.ParseJobID(r.PathValue("id"))
	if !ok {
		return 0, named(reeve.Errorf(reeve.NotFound, "malformed job id"), "job")
	}
	return id, nil
}

// job returns one job. With wait and open it answers when the job has another
// number of open commands than the caller knows, so that progress can be shown
// without asking all the time.
func (a *api) job(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	wait, known := p.wait(), p.number("open", 0, 1<<40, -1)
	if err := p.done(); err != nil {
		return err
	}
	id, err := jobID(r)
	if err != nil {
		return err
	}
	var job reeve.Job
	err = a.until(r, wait, func() (bool, error) {
		var err error
		job, err = a.Store.Job(r.Context(), r.Caller.Account, id)
		return known < 0 || job.Open() != known || job.Open() == 0, err
	})
	if err != nil {
		return named(err, "job")
	}
	return door.Write(w, http.StatusOK, shapeJob(job))
}

// changeJob serves what changes one job and answers with it.
func (a *api) changeJob(change func(Rules, context.Context, reeve.Caller, reeve.JobID) (reeve.Job, error)) handler {
	return func(w http.ResponseWriter, r *door.Request) error {
		id, err := jobID(r)
		if err != nil {
			return err
		}
		job, err := change(a.Rules, r.Context(), r.Caller, id)
		if err != nil {
			return named(err, "job")
		}
		return door.Write(w, http.StatusOK, shapeJob(job))
	}
}

func pause(rules Rules, ctx context.Context, caller reeve.Caller, id reeve.JobID) (reeve.Job, error) {
	return rules.Pause(ctx, caller, id, true)
}

func resume(rules Rules, ctx context.Context, caller reeve.Caller, id reeve.JobID) (reeve.Job, error) {
	return rules.Pause(ctx, caller, id, false)
}
