package control

import (
	"context"
	"slices"
	"time"

	"reeve"
)

// chunk is how many targets are walked at a time.
const chunk = 20_000

// resolve finds the devices that the order names, each once, in order of their
// keys, and gives every entry the leaf of its device.
func (p *placing) resolve(ctx context.Context, tx reeve.Placing) error {
	switch {
	case p.retryOf != 0:
		return p.again(tx, reeve.EndedQuery{Job: p.retryOf, States: p.states})
	case p.undone != nil:
		return p.takeBack(tx)
	case p.order.IDs != nil:
		matches, err := tx.FindIDs(p.order.IDs)
		if err != nil {
			return err
		}
		p.join(matches)
	case p.order.MACs != nil:
		matches, err := tx.FindMACs(p.macs)
		if err != nil {
			return err
		}
		kept, disputed := undisputed(tx, matches)
		if p.disputed, err = p.claimants(ctx, disputed); err != nil {
			return err
		}
		p.join(kept)
	default:
		return p.walk(tx)
	}
	return nil
}

// walk takes every device of a group or of the account, or that a filter selects.
func (p *placing) walk(tx reeve.Placing) error {
	var group int64
	if p.order.Group != "" {
		var err error
		if group, err = tx.Group(p.order.Group); err != nil {
			return err
		}
		if !readable(p.caller).Has(group) && !p.writes.Has(group) {
			return reeve.Errorf(reeve.NotFound, "there is no such group in this account")
		}
	}
	next := func(after int64) ([]reeve.Target, error) { return tx.Walk(group, after, chunk) }
	if p.order.Filter != nil {
		q := filterAt(*p.order.Filter, p.settings, p.now)
		next = func(after int64) ([]reeve.Target, error) {
			q.After, q.Limit = after, chunk
			return tx.Find(q)
		}
	}
	for after := int64(0); ; {
		part, err := next(after)
		if err != nil {
			return err
		}
		p.targets = append(p.targets, part...)
		if len(part) < chunk {
			p.out.Job.Entries = len(p.targets)
			return nil
		}
		after = part[len(part)-1].No
	}
}

// filterAt is what a filter selects at a moment: alone, in order of the records.
func filterAt(q reeve.DeviceQuery, s reeve.Settings, now time.Time) reeve.DeviceQuery {
	q.After, q.AfterRow, q.BeforeRow, q.Limit, q.Page, q.Sort, q.Desc = 0, nil, nil, 0, 0, reeve.ByRecord, false
	q.Now, q.UnseenAfter = now, time.Duration(s.UnseenAfterDays)*24*time.Hour
	return q
}

// join turns matches, which come in order of their devices, into targets.
func (p *placing) join(matches []reeve.Match) {
	p.out.Outcomes = missing(p.out.Job.Entries)
	p.targets = make([]reeve.Target, 0, len(matches))
	matched := 0
	for _, m := range matches {
		if n := len(p.targets); n == 0 || p.targets[n-1].No != m.Target.No {
			p.targets = append(p.targets, m.Target)
		}
		p.out.Outcomes[m.Entry].Leaf = int32(len(p.targets) - 1)
		matched++
	}
	p.out.Job.Unmatched = p.out.Job.Entries - matched
}

// undisputed keeps for each MAC the one device it can only mean: the single
// record that claims it, or the single managed one. Where that leaves a doubt
// nothing is done, since guessing could hit the wrong machine: the entries in
// doubt are the second answer.
func undisputed(tx reeve.Placing, matches []reeve.Match) ([]reeve.Match, map[int32]bool) {
	type claim struct{ all, managed int }
	claims := map[int32]claim{}
	isManaged := func(m reeve.Match) bool { return tx.Class(m.Target.Class).Standing == reeve.Managed }
	for _, m := range matches {
		c := claims[m.Entry]
		c.all++
		if isManaged(m) {
			c.managed++
		}
		claims[m.Entry] = c
	}
	disputed := map[int32]bool{}
	kept := slices.DeleteFunc(matches, func(m reeve.Match) bool {
		c := claims[m.Entry]
		if c.all == 1 || c.managed == 1 && isManaged(m) {
			return false
		}
		if c.managed != 1 {
			disputed[m.Entry] = true
		}
		return true
	})
	return kept, disputed
}

// maxDisputed is how many MACs in doubt a log row names.
const maxDisputed = 100

// claimants looks up, for the log, which devices claim the MACs in doubt.
func (p *placing) claimants(ctx context.Context, disputed map[int32]bool) (map[string][]string, error) {
	if len(disputed) == 0 {
		return nil, nil
	}
	var macs []reeve.MAC
	for e := range disputed {
		if !slices.Contains(macs, p.macs[e]) && len(macs) < maxDisputed {
			macs = append(macs, p.macs[e])
		}
	}
	devices, err := p.c.store.DevicesByMAC(ctx, p.caller.Account, macs)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, d := range devices {
		for _, m := range d.MACs {
			if slices.Contains(macs, m) {
				out[m.String()] = append(out[m.String()], d.ID)
			}
		}
	}
	return out, nil
}

// missing returns outcomes of n entries that name no device.
func missing(n int) []Outcome {
	out := make([]Outcome, n)
	for i := range out {
		out[i].Leaf = -1
	}
	return out
}

// decide gives each target its command, deciding once per class, and each
// entry its status.
func (p *placing) decide(tx reeve.Placing) {
	born := reeve.Succeeded
	if p.def.Agent {
		born = reeve.Queued
	}
	reasons := map[int32]reeve.Reason{}
	p.placed = make([]reeve.Placed, len(p.targets))
	p.out.Tally = map[reeve.Reason]int{}
	for i, t := range p.targets {
		reason, known := reasons[t.Class]
		if !known {
			reason = p.def.Decide(p.order.Version, tx.Class(t.Class), p.order.Params)
			reasons[t.Class] = reason
		}
		if reason == reeve.NoReason && p.hasNothingAway(t.No) {
			reason = reeve.NothingAway
		}
		state, tally := born, reason
		switch {
		case reason != reeve.NoReason:
			state = reeve.NotApplicable
		case p.def.Linked != nil && p.def.Linked(tx.Class(t.Class), p.c.wake.Online(t.No)):
			reason = reeve.AskedByLink // which applies like any other
		case p.def.Agent && p.order.SkipAway && !p.c.wake.Online(t.No):
			state, reason, tally = reeve.Cancelled, reeve.Away, reeve.Away
		}
		p.placed[i] = reeve.Placed{Device: t.No, State: state, Reason: reason}
		p.out.Tally[tally]++
	}
	for i := range p.out.Outcomes {
		out := &p.out.Outcomes[i]
		if out.Leaf < 0 {
			continue
		}
		command := p.placed[out.Leaf]
		out.Reason = command.Reason
		switch command.State {
		case reeve.NotApplicable:
			out.Status = -1
		case reeve.Cancelled:
			out.Status = 0
		default:
			out.Status = 1
		}
	}
}
