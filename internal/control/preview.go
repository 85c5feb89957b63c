package control

import (
	"context"

	"reeve"
)

// A Preview says what an order would do.
type Preview struct {
	Found     int                  // devices that it names and that there are
	Unmatched int                  // ids or MACs that name none
	Tally     map[reeve.Reason]int // devices by the reason why it does not apply; NoReason are those that it applies to
	// Excluded are the first devices that it would pass by, at most MaxExcluded,
	// and ExcludedMore how many follow.
	Excluded     []Exclusion
	ExcludedMore int
	// Confirm is whether so many devices are to be confirmed by their number, and
	// NeedsApproval whether by a second person.
	Confirm       bool
	NeedsApproval bool
}

// Preview tells what an order would do, and does nothing. It needs the permission
// that the order needs.
func (c *Control) Preview(ctx context.Context, caller reeve.Caller, o Order) (Preview, error) {
	o.DryRun, o.Expect, o.Propose, o.Hold, o.Approved, o.Key = true, 0, false, false, 0, ""
	p, err := c.Place(ctx, caller, o)
	if err != nil {
		return Preview{}, err
	}
	account, err := c.store.Account(ctx, caller.Account)
	if err != nil {
		return Preview{}, err
	}
	out := Preview{Found: p.Found, Tally: p.Tally, Excluded: p.Excluded, ExcludedMore: p.ExcludedMore, NeedsApproval: p.NeedsApproval,
		Confirm: int64(p.Found) >= Effective(account.Settings).ConfirmAbove}
	for _, one := range p.Outcomes {
		if one.Leaf < 0 {
			out.Unmatched++
		}
	}
	return out, nil
}
