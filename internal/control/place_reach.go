package control

import (
	"slices"

	"reeve"
)

// allow refuses an order for devices that the caller sees but may not change,
// and passes by those that he does not see. It costs only callers who act on
// some groups anything.
func (p *placing) allow(tx reeve.Placing) error {
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
