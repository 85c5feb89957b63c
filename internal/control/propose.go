package control

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"reeve"
)

// What a proposal keeps of an order.
type proposed struct {
	Order   Order
	RetryOf reeve.JobID   `json:",omitempty"`
	UndoOf  reeve.JobID   `json:",omitempty"`
	States  []reeve.State `json:",omitempty"`
	Applies *int          `json:",omitempty"` // devices that it applied to, as Preview.Applies counts them
}

// propose stores the order instead of placing it.
func (p *placing) propose(tx reeve.Placing, found int) error {
	applied := applies(p.out.Tally)
	whole := proposed{Order: p.order, RetryOf: p.retryOf, States: p.states, Applies: &applied}
	if p.undone != nil {
		whole.UndoOf = p.undone.ID
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return err
	}
	o := reeve.Proposal{
		ID: p.out.Job.ID, Account: p.caller.Account, Action: p.def.Name, Params: p.order.Params, Order: text, Digest: p.digest(), Targets: found,
		Hold: p.order.Hold, Caller: p.caller, Comment: p.order.Comment, Asked: p.now, Expires: p.now.Add(proposalLife),
	}
	e := p.entry("job_proposed", true)
	e.Job = o.ID
	e.Detail = detail(e.Detail, map[string]any{"action": o.Action, "params": o.Params, "comment": o.Comment, "targets": found})
	p.out.Job, p.out.Proposal = reeve.Job{}, &o
	return tx.Propose(o, p.now.Add(-lapsedKept), p.repeatKey(), e)
}

// digest is of the order's action, its parameters and what names its devices, in
// one spelling and order: two requests that mean the same have the same.
func (p *placing) digest() [32]byte {
	o := p.order
	macs := slices.Clone(o.MACs)
	for i, m := range p.macs {
		if m != 0 {
			macs[i] = m.String()
		}
	}
	named := proposed{
		Order:   Order{Action: p.def.Name, Params: o.Params, IDs: set(o.IDs), MACs: set(macs), Group: o.Group, All: o.All},
		RetryOf: p.retryOf, States: set(p.states),
	}
	if o.Filter != nil {
		f := filterAt(*o.Filter, reeve.Settings{}, time.Time{})
		f.GroupIDs, f.GroupNos, f.Standings, f.Kinds, f.Systems = set(f.GroupIDs), set(f.GroupNos), set(f.Standings), set(f.Kinds), set(f.Systems)
		f.Types, f.Presence, f.And, f.In = set(f.Types), set(f.Presence), set(f.And), set(f.In)
		named.Order.Filter = &f
	}
	if p.undone != nil {
		named.UndoOf = p.undone.ID
	}
	text, err := json.Marshal(named)
	if err != nil {
		panic(err) // only plain values are given
	}
	return sha256.Sum256(text)
}

// set is a list without its order and what is in it twice.
func set[T cmp.Ordered](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// Approve agrees to the order of another: it is placed under the proposal's id, as
// of who asked, or waits if it was proposed with Hold. Only a person may, with
// permission for all of its devices, and never who asked. Applies is to how many
// devices that person saw it apply, 0 for no matter. What was decided meanwhile, has
// expired, finds another number of devices or applies to another is a Conflict.
func (c *Control) Approve(ctx context.Context, caller reeve.Caller, id reeve.JobID, reason string, applies int) (reeve.Proposal, Placement, error) {
	reach, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return reeve.Proposal{}, Placement{}, err
	}
	if caller.Person() == "" {
		return reeve.Proposal{}, Placement{}, reeve.Errorf(reeve.Forbidden, "only a person approves; sign in to the console, or use a token that an operator agreed to")
	}
	kept, err := c.proposal(ctx, caller, reach, id)
	if err != nil {
		return reeve.Proposal{}, Placement{}, err
	}
	if kept.AskedBy(caller) {
		return reeve.Proposal{}, Placement{}, reeve.Errorf(reeve.Forbidden, "who proposed an order does not approve it; have somebody else do so")
	}
	if tooLong(reason) {
		return reeve.Proposal{}, Placement{}, errLongReason
	}
	p, err := c.resume(ctx, kept)
	if err != nil {
		return reeve.Proposal{}, Placement{}, err
	}
	p.order.ExpectApplies = applies
	p.decision = &decision{id: id, by: caller, reach: reach, reason: reason}
	out, err := c.place(ctx, p)
	if err != nil {
		return reeve.Proposal{}, Placement{}, err
	}
	kept, err = c.store.Proposal(ctx, caller.Account, id)
	return kept, out, err
}

var errLongReason = reeve.Errorf(reeve.Invalid, "the reason is longer than %d characters; shorten it", MaxComment)

// resume makes the placing that a proposal is of. Who asked was allowed to when
// it was proposed; what is decided now is whether the second person may.
func (c *Control) resume(ctx context.Context, kept reeve.Proposal) (placing, error) {
	var whole proposed
	if err := json.Unmarshal(kept.Order, &whole); err != nil {
		return placing{}, err
	}
	o := whole.Order
	o.Version = "" // the one door that proposes follows the latest
	if whole.UndoOf != 0 {
		old, err := c.store.Job(ctx, kept.Account, whole.UndoOf)
		if err != nil {
			return placing{}, err
		}
		return c.undoing(kept.Caller, Reach{All: true}, old, o)
	}
	def, macs, err := c.check(&o)
	return placing{c: c, caller: kept.Caller, writes: Reach{All: true}, order: o, def: def, macs: macs, retryOf: whole.RetryOf, states: whole.States, retire: true}, err
}

// Reject ends a proposal that nobody has used. Any person with permission to
// order for all of its devices may, and who asked takes it back so.
func (c *Control) Reject(ctx context.Context, caller reeve.Caller, id reeve.JobID, reason string) (reeve.Proposal, error) {
	reach, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return reeve.Proposal{}, err
	}
	if tooLong(reason) {
		return reeve.Proposal{}, errLongReason
	}
	o, err := c.proposal(ctx, caller, reach, id)
	if err != nil {
		return reeve.Proposal{}, err
	}
	now := c.now()
	err = c.store.Place(ctx, caller.Account, func(tx reeve.Placing) (err error) {
		if o, err = tx.Proposal(id); err != nil {
			return err
		}
		if caller.Person() == "" && !o.AskedBy(caller) {
			return reeve.Errorf(reeve.Forbidden, "only a person rejects what another proposed; sign in to the console, or use a token that an operator agreed to")
		}
		if state := o.At(now); state != reeve.Proposed && state != reeve.Approved {
			return reeve.Errorf(reeve.Conflict, "the proposal of job %s is %s already", id, state)
		}
		o.State, o.DecidedBy, o.Decided, o.Reason = reeve.Rejected, caller, now, reason
		return tx.Settle(o, decided(o, "job_rejected"))
	})
	return o, err
}

// repeated fills in what an earlier request with the same key came to.
func (c *Control) repeated(ctx context.Context, p placing, out *Placement) (err error) {
	if !p.order.Propose {
		out.Job, err = c.store.Job(ctx, p.caller.Account, out.Job.ID)
		return err
	}
	o, err := c.store.Proposal(ctx, p.caller.Account, out.Job.ID)
	out.Job, out.Proposal = reeve.Job{}, &o
	return err
}
