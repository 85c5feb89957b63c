package control

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"reeve"
	"reeve/internal/action"
)

// Proposals returns one page of proposed jobs, newest first: for whoever sees
// some groups only, his own and those for devices of these groups alone.
func (v *View) Proposals(ctx context.Context, q reeve.ProposalQuery) ([]reeve.Proposal, error) {
	if v.reach.All {
		return v.c.store.Proposals(ctx, v.caller.Account, q)
	}
	var seen []reeve.Proposal
	for {
		part, err := v.c.store.Proposals(ctx, v.caller.Account, q)
		if err != nil {
			return nil, err
		}
		for _, o := range part {
			switch _, err := v.Proposal(ctx, o.ID); {
			case err == nil:
				seen = append(seen, o)
			case reeve.KindOf(err) != reeve.NotFound:
				return nil, err
			}
		}
		switch isLast := len(part) < q.Limit || len(seen) >= q.Limit; {
		case isLast && q.After != 0:
			slices.SortFunc(seen, func(a, b reeve.Proposal) int { return cmp.Compare(b.ID, a.ID) })
			return seen[max(len(seen)-q.Limit, 0):], nil
		case isLast:
			return seen[:min(len(seen), q.Limit)], nil
		case q.After != 0:
			q.After = part[0].ID
		default:
			q.Before = part[len(part)-1].ID
		}
	}
}

// Proposal returns one proposed job; likewise.
func (v *View) Proposal(ctx context.Context, id reeve.JobID) (reeve.Proposal, error) {
	return v.c.proposal(ctx, v.caller, v.reach, id)
}

// proposal returns a proposal that is the caller's own or within a reach of his.
// One that he sees and that is not is Forbidden.
func (c *Control) proposal(ctx context.Context, caller reeve.Caller, reach Reach, id reeve.JobID) (reeve.Proposal, error) {
	o, err := c.store.Proposal(ctx, caller.Account, id)
	if err != nil || reach.All || o.AskedBy(caller) {
		return o, err
	}
	is, err := c.holds(ctx, reach, o)
	if err == nil && !is {
		sees := false
		if sees, err = c.holds(ctx, readable(caller), o); err == nil {
			err = errNoProposal
			if sees {
				err = errNotYours
			}
		}
	}
	if err != nil {
		return reeve.Proposal{}, err
	}
	return o, nil
}

var errNoProposal = reeve.Errorf(reeve.NotFound, "there is no such proposal in this account")

// holds reports whether all devices that a proposal names, and the group that
// they move to, are within a reach. It judges by what the order says, so what
// selects devices of no group in particular is within the whole account only.
func (c *Control) holds(ctx context.Context, reach Reach, kept reeve.Proposal) (bool, error) {
	if reach.All {
		return true, nil
	}
	var whole proposed
	if err := json.Unmarshal(kept.Order, &whole); err != nil {
		return false, err
	}
	o := whole.Order
	if into := groupOf(o); into != "" {
		if is, err := c.holdsGroups(ctx, reach, kept.Account, into); err != nil || !is {
			return false, err
		}
	}
	switch {
	case whole.RetryOf != 0:
		return c.holdsJob(ctx, reach, kept.Account, whole.RetryOf)
	case whole.UndoOf != 0:
		return c.holdsJob(ctx, reach, kept.Account, whole.UndoOf)
	case o.Group != "":
		return c.holdsGroups(ctx, reach, kept.Account, o.Group)
	case o.Filter != nil:
		q := o.Filter
		outside := func(no int64) bool { return !reach.Has(no) }
		if q.Within != nil {
			return !slices.ContainsFunc(q.Within, outside), nil
		}
		if len(q.GroupIDs)+len(q.GroupNos) == 0 || slices.ContainsFunc(q.GroupNos, outside) {
			return false, nil
		}
		return c.holdsGroups(ctx, reach, kept.Account, q.GroupIDs...)
	case o.IDs != nil:
		return holdsEach(ctx, c, reach, kept.Account, o.IDs, c.store.DevicesEver)
	case o.MACs != nil:
		macs := make([]reeve.MAC, len(o.MACs))
		for i, s := range o.MACs {
			macs[i], _ = reeve.ParseMAC(s) // zero, which no device has, if malformed
		}
		return holdsEach(ctx, c, reach, kept.Account, macs, c.store.DevicesByMAC)
	}
	return false, nil
}

// groupOf is the public id of the group that an order moves devices to; empty for
// none in particular.
func groupOf(o Order) string {
	def, _ := action.Lookup(o.Action)
	if def.Effect == nil {
		return ""
	}
	effect := def.Effect(o.Params, time.Time{})
	if !effect.Move || effect.GroupID == action.DefaultGroup {
		return ""
	}
	return effect.GroupID
}

// holdsGroups reports whether these groups are within a reach; one that is gone
// has no devices.
func (c *Control) holdsGroups(ctx context.Context, reach Reach, account int64, ids ...string) (bool, error) {
	for _, id := range ids {
		g, err := c.store.Group(ctx, account, id)
		if err != nil && reeve.KindOf(err) != reeve.NotFound {
			return false, err
		}
		if err == nil && !reach.Has(g.No) {
			return false, nil
		}
	}
	return true, nil
}

// holdsJob reports whether the devices of a job are within a reach.
func (c *Control) holdsJob(ctx context.Context, reach Reach, account int64, job reeve.JobID) (bool, error) {
	for from := int32(0); ; {
		part, err := c.store.Commands(ctx, account, job, nil, from, chunk)
		if err != nil || len(part) == 0 {
			return err == nil, err
		}
		ids := make([]string, len(part))
		for i, one := range part {
			ids[i] = one.DeviceID
		}
		if is, err := holdsEach(ctx, c, reach, account, ids, c.store.DevicesEver); err != nil || !is {
			return false, err
		}
		from = part[len(part)-1].ID.Leaf + 1
	}
}

// holdsEach reports whether the devices with these names are within a reach.
func holdsEach[T any](ctx context.Context, c *Control, reach Reach, account int64, named []T,
	find func(context.Context, int64, []T) ([]reeve.Device, error)) (bool, error) {
	for part := range slices.Chunk(named, chunk) {
		devices, err := find(ctx, account, part)
		if err != nil {
			return false, err
		}
		all := len(devices)
		if devices, err = c.within(ctx, account, reach, devices); err != nil || len(devices) < all {
			return false, err
		}
	}
	return true, nil
}
