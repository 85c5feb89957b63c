package control

import (
	"context"

	"reeve"
	"reeve/internal/action"
)

// A Preview says what an order would do.
type Preview struct {
	Found     int                  // devices that it names and that there are
	Unmatched int                  // ids or MACs that name none
	Applies   int                  // devices that it applies to, whether they are connected or not: what Order.ExpectApplies confirms
	Tally     map[reeve.Reason]int // devices by the reason why it does not apply; NoReason are those that it applies to
	// Excluded are some of the first devices that it would pass by, at most
	// MaxExcluded, and ExcludedMore how many there are besides.
	Excluded     []Exclusion
	ExcludedMore int
	Sample       []Named // some of those that it applies to, where the order was tried out
	// Confirm is whether so many devices are to be confirmed by their number, and
	// NeedsApproval whether by a second person.
	Confirm       bool
	NeedsApproval bool
}

// Preview tells what an order would do, and does nothing. It needs the permission
// that the order needs. Where the order names no device by itself, what is asked
// is how many there are of each class, which takes as long for many as for few.
func (c *Control) Preview(ctx context.Context, caller reeve.Caller, o Order) (Preview, error) {
	writes, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return Preview{}, err
	}
	if named := o.IDs != nil || o.MACs != nil; named || o.SkipAway || !writes.All || asksEach(o) {
		return c.tryOut(ctx, caller, o, func(o Order) (Placement, error) { return c.Place(ctx, caller, o) })
	}
	account, err := c.store.Account(ctx, caller.Account)
	if err != nil {
		return Preview{}, err
	}
	out, err := c.estimate(ctx, account, o)
	return out.under(account), err
}

// asksEach reports whether an order asks of each device by itself whether it
// applies, and not of its class alone.
func asksEach(o Order) bool {
	def, _ := action.Lookup(o.Action)
	if def.Away == nil {
		return false
	}
	params, err := def.Check(o.Params)
	if err != nil { // which the other way to preview says too
		return false
	}
	_, asks := def.Away(params)
	return asks
}

// PreviewRetry is Preview for Retry, and PreviewUndo for Undo.
func (c *Control) PreviewRetry(ctx context.Context, caller reeve.Caller, id reeve.JobID, states []reeve.State, o Order) (Preview, error) {
	return c.tryOut(ctx, caller, o, func(o Order) (Placement, error) { return c.Retry(ctx, caller, id, states, o) })
}

func (c *Control) PreviewUndo(ctx context.Context, caller reeve.Caller, id reeve.JobID, o Order) (Preview, error) {
	return c.tryOut(ctx, caller, o, func(o Order) (Placement, error) { return c.Undo(ctx, caller, id, o) })
}

// PreviewProposal is Preview for a proposed order that waits for a second person,
// as the caller would approve it now: the error is the one that would say no.
func (c *Control) PreviewProposal(ctx context.Context, caller reeve.Caller, id reeve.JobID) (Preview, error) {
	reach, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return Preview{}, err
	}
	kept, err := c.proposal(ctx, caller, reach, id)
	if err != nil {
		return Preview{}, err
	}
	p, err := c.resume(ctx, kept)
	if err != nil {
		return Preview{}, err
	}
	p.decision = &decision{id: id, by: caller, reach: reach}
	return c.tryOut(ctx, caller, p.order, func(o Order) (Placement, error) {
		p.order = o
		return c.place(ctx, p)
	})
}

// applies counts the devices of a tally that an order applies to. Those that it
// skips are among them, since devices come and go by the second, and what was
// confirmed is not another order for that.
func applies(tally map[reeve.Reason]int) int { return tally[reeve.NoReason] + tally[reeve.Away] }

// under says to how many devices it applies, and what the account's settings ask
// for on so many.
func (p Preview) under(a reeve.Account) Preview {
	settings := Effective(a.Settings)
	p.Applies = applies(p.Tally)
	p.Confirm = int64(p.Found) >= settings.ConfirmAbove
	p.NeedsApproval = settings.ApproveAbove > 0 && int64(p.Found) > settings.ApproveAbove
	return p
}

// tryOut previews an order by placing it but for the commit.
func (c *Control) tryOut(ctx context.Context, caller reeve.Caller, o Order, place func(Order) (Placement, error)) (Preview, error) {
	o.DryRun, o.named, o.Expect, o.ExpectApplies, o.Propose, o.Hold, o.Approved, o.Key = true, true, 0, 0, false, false, 0, ""
	p, err := place(o)
	if err != nil {
		return Preview{}, err
	}
	account, err := c.store.Account(ctx, caller.Account)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Found: p.Found, Tally: p.Tally, Excluded: p.Excluded, ExcludedMore: p.ExcludedMore, Sample: p.sample}
	for _, one := range p.Outcomes {
		if one.Leaf < 0 {
			out.Unmatched++
		}
	}
	return out.under(account), nil
}

// estimate previews an order for whatever a query selects.
func (c *Control) estimate(ctx context.Context, account reeve.Account, o Order) (Preview, error) {
	def, _, err := c.check(&o)
	if err != nil {
		return Preview{}, err
	}
	if def.Complete != nil {
		if _, err := def.Complete(o.Params, account); err != nil {
			return Preview{}, err
		}
	}
	if into := groupOf(o); into != "" {
		if _, err := c.store.Group(ctx, account.No, into); err != nil {
			return Preview{}, orElse(err, errNoTarget)
		}
	}
	var q reeve.DeviceQuery
	switch {
	case o.Filter != nil:
		q = *o.Filter
	case o.Group != "":
		if _, err := c.store.Group(ctx, account.No, o.Group); err != nil {
			return Preview{}, err
		}
		q.GroupIDs = []string{o.Group}
	}
	q = filterAt(q, Effective(account.Settings), c.now())
	counts, err := c.store.CountByClass(ctx, account.No, q)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Tally: map[reeve.Reason]int{}}
	var standings []reeve.Standing
	for class, n := range counts {
		reason := def.Decide(o.Version, class, o.Params)
		out.Found += int(n)
		out.Tally[reason] += int(n)
		if reason != reeve.NoReason {
			out.ExcludedMore += int(n)
			standings = append(standings, class.Standing)
		}
	}
	if out.ExcludedMore == 0 {
		return out, nil
	}
	// The standing is the most common reason, so that the first of these are.
	q.Standings, q.Limit = set(standings), MaxExcluded
	devices, err := c.store.Devices(ctx, account.No, q)
	for _, d := range devices {
		if reason := def.Decide(o.Version, d.Class, o.Params); reason != reeve.NoReason {
			out.Excluded = append(out.Excluded, Exclusion{d.ID, d.Hostname, reason})
			out.ExcludedMore--
		}
	}
	return out, err
}
