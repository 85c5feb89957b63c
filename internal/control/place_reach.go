package control

import (
	"slices"

	"reeve"
)

// allow refuses an order for devices that the caller sees but may not change,
// and passes by those that he does not see. It costs only callers who act on
// some groups anything.
func (p *placing) allow(tx reeve.Placing) error {
	if d := p.decision; d != nil && !d.reach.All {
		return p.allowDecision(tx, d.reach)
	}
	if p.writes.All {
		return nil
	}
	outside, err := outsideOf(tx, p.targets, p.writes.Groups)
	if err != nil || len(outside) == 0 {
		return err
	}
	sees := readable(p.caller)
	if sees.All || p.out.Outcomes == nil {
		return errNotYours
	}
	unseen, err := outsideOf(tx, p.targets, slices.Concat(sees.Groups, p.writes.Groups))
	if err != nil {
		return err
	}
	if len(unseen) < len(outside) {
		return errNotYours
	}
	p.passBy(unseen)
	return nil
}

// allowDecision refuses the approval of an order for devices that the person may
// not order it for.
func (p *placing) allowDecision(tx reeve.Placing, reach Reach) error {
	outside, err := outsideOf(tx, p.targets, reach.Groups)
	if err == nil && (len(outside) > 0 || p.effect.Group != nil && !reach.Has(*p.effect.Group)) {
		err = errNotYours
	}
	return err
}

// narrow has a filter select nothing that the caller does not see.
func (p *placing) narrow() {
	sees := readable(p.caller)
	if p.order.Filter == nil || p.decision != nil || sees.All {
		return
	}
	q := *p.order.Filter
	q.Within = append([]int64{}, sees.Groups...) // nil would be all
	p.order.Filter = &q
}

func outsideOf(tx reeve.Placing, targets []reeve.Target, groups []int64) (out []int64, err error) {
	for part := range slices.Chunk(targets, chunk) {
		some, err := tx.Outside(part, groups)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// passBy answers the entries that name these devices, in rising order, as if
// there were no such devices.
func (p *placing) passBy(devices []int64) {
	leaves := make([]int32, len(p.targets))
	var kept []reeve.Target
	for i, t := range p.targets {
		leaves[i] = -1
		if _, gone := slices.BinarySearch(devices, t.No); !gone {
			leaves[i] = int32(len(kept))
			kept = append(kept, t)
		}
	}
	p.targets = kept
	for i := range p.out.Outcomes {
		out := &p.out.Outcomes[i]
		if out.Leaf < 0 {
			continue
		}
		if out.Leaf = leaves[out.Leaf]; out.Leaf < 0 {
			p.out.Job.Unmatched++
		}
	}
}
