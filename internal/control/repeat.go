package control

import (
	"encoding/binary"

	"reeve"
)

// repeatKey is the order's idempotency key, scoped to who asks and by which
// route.
func (p *placing) repeatKey() reeve.RepeatKey {
	if p.order.Key == "" || p.order.DryRun {
		return reeve.RepeatKey{}
	}
	return reeve.RepeatKey{
		Actor: p.caller.Actor, Route: p.order.Route, Key: p.order.Key,
		Body: p.order.Body, Until: p.now.Add(keptFor),
	}
}

// repeat answers a repeated request from what the first one kept.
func (p *placing) repeat(kept reeve.Kept) error {
	if kept.Body != p.order.Body {
		return errOtherBody
	}
	p.out.Job.ID = kept.Job
	p.out.Repeated = true
	p.out.Outcomes = unpackAnswer(kept.Answer)
	return nil
}

// packAnswer encodes outcomes in a few bytes each: one number that holds leaf
// and status, and the reason where the status is not 1.
func packAnswer(outcomes []Outcome) []byte {
	b := make([]byte, 0, 3*len(outcomes))
	for _, o := range outcomes {
		b = binary.AppendUvarint(b, uint64(o.Leaf+1)<<2|uint64(o.Status+1))
		if o.Status != 1 {
			b = append(b, byte(o.Reason))
		}
	}
	return b
}

func unpackAnswer(b []byte) []Outcome {
	var out []Outcome
	for len(b) > 0 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return out
		}
		b = b[n:]
		o := Outcome{Leaf: int32(v>>2) - 1, Status: int8(v&3) - 1}
		if o.Status != 1 && len(b) > 0 {
			o.Reason, b = reeve.Reason(b[0]), b[1:]
		}
		out = append(out, o)
	}
	return out
}
