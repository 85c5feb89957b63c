package control

import (
	"context"

	"reeve"
)

// retryable are the ends after which a command can be ordered again.
var retryable = []reeve.State{reeve.Failed, reeve.Expired, reeve.Refused, reeve.Cancelled}

// Retry orders the action of a job again, with its parameters, on the devices
// whose commands ended in one of the states: by default all of failed, expired,
// refused and cancelled. It is a job of its own that names the old one. Of o
// only what says how counts: dry run, comment, times, and the key.
func (c *Control) Retry(ctx context.Context, caller reeve.Caller, id reeve.JobID, states []reeve.State, o Order) (Placement, error) {
	writes, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return Placement{}, err
	}
	if len(states) == 0 {
		states = retryable
	}
	for _, state := range states {
		if state < reeve.Failed || state == reeve.NotApplicable {
			return Placement{}, reeve.Errorf(reeve.Invalid, "commands that ended %s are not ordered again; choose from failed, expired, refused and cancelled", state)
		}
	}
	old, err := c.allowJob(ctx, caller, reeve.Write, id)
	if err != nil {
		return Placement{}, err
	}
	o.Action, o.Params, o.All = old.Action, old.Params, true // the devices are looked up in the placing
	def, _, err := c.check(&o)
	if err != nil {
		return Placement{}, reeve.Errorf(reeve.KindOf(err), "this job cannot be ordered again: %s", reeve.Inner{Err: err}).Because(err)
	}
	return c.place(ctx, placing{c: c, caller: caller, writes: writes, order: o, def: def, retryOf: id, states: states, retire: true})
}

// again takes the devices of a job whose commands ended as the query says.
func (p *placing) again(tx reeve.Placing, q reeve.EndedQuery) error {
	for q.Limit = chunk; ; {
		part, err := tx.Ended(q)
		if err != nil {
			return err
		}
		for _, m := range part {
			p.targets = append(p.targets, m.Target)
		}
		if len(part) < chunk {
			p.out.Job.Entries = len(p.targets)
			return nil
		}
		q.From = part[len(part)-1].Entry + 1
	}
}
