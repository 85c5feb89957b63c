package control

import (
	"context"

	"reeve"
	"reeve/internal/action"
)

// Undo takes a job back: it orders the opposite of its action, as a job of its
// own, on the devices whose commands succeeded and whose records no later job
// changed in the same respect; deleted devices it restores. What was before the
// job nobody knows: an exemption that it replaced does not come back. Of o only
// the parameters of the opposite count, and what says how.
func (c *Control) Undo(ctx context.Context, caller reeve.Caller, id reeve.JobID, o Order) (Placement, error) {
	writes, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return Placement{}, err
	}
	old, err := c.allowJob(ctx, caller, reeve.Write, id)
	if err != nil {
		return Placement{}, err
	}
	p, err := c.undoing(caller, writes, old, o)
	if err != nil {
		return Placement{}, err
	}
	return c.place(ctx, p)
}

// undoing makes the placing of an undo.
func (c *Control) undoing(caller reeve.Caller, writes Reach, old reeve.Job, o Order) (p placing, err error) {
	undoes, _ := action.Lookup(old.Action)
	if undoes.Opposite == "" {
		return placing{}, reeve.Errorf(reeve.Conflict, "%s cannot be undone: no action is its opposite", reeve.Word(old.Action))
	}
	o.Action, o.All = undoes.Opposite, true // the devices are looked up in the placing
	p = placing{c: c, caller: caller, writes: writes, undone: &old, retire: true}
	if undoes.Opposite == action.Restore {
		o.Action, o.Params = undoes.Name, nil // what it takes to be checked as any order
		if _, _, err := c.check(&o); err != nil {
			return placing{}, err
		}
		p.def = action.Definition{Name: action.Restore}
	} else if p.def, _, err = c.check(&o); err != nil {
		return placing{}, err
	}
	p.order = o
	return p, nil
}

// takeBack takes the devices on which the undone job's effect still holds.
func (p *placing) takeBack(tx reeve.Placing) error {
	err := p.again(tx, reeve.EndedQuery{Job: p.undone.ID, States: []reeve.State{reeve.Succeeded}, Unless: action.Rivals(p.undone.Action)})
	p.out.Job.Entries = int(p.undone.Counts[reeve.Succeeded])
	p.out.Job.Unmatched = p.out.Job.Entries - len(p.targets)
	return err
}

// restores reports whether deleted devices are to be restored, which is no job.
func (p *placing) restores() bool { return p.def.Name == action.Restore }

// restore brings back what the undone job deleted and what is deleted since.
func (p *placing) restore(ctx context.Context, tx reeve.Placing) error {
	var ids []string
	for q := (reeve.EndedQuery{Job: p.undone.ID, Limit: chunk}); ; {
		part, err := tx.Deleted(q)
		if err != nil {
			return err
		}
		for _, gone := range part {
			ids = append(ids, gone.ID)
		}
		if len(part) < chunk {
			break
		}
		q.From = part[len(part)-1].Leaf + 1
	}
	ids, err := p.mayRestore(ctx, ids)
	if err != nil {
		return err
	}
	p.out.Tally = map[reeve.Reason]int{reeve.NoReason: len(ids)}
	if done, err := p.admit(tx, len(ids)); done || err != nil {
		return err
	}
	p.out.Job = reeve.Job{}
	e := p.entry("devices_restored", true)
	e.Job = p.undone.ID
	p.out.Restored, p.cancelled, err = tx.Restore(ids, p.now, e)
	return err
}

// mayRestore returns those of the deleted devices that the caller knows of.
// Whoever approves must know of all of them.
func (p *placing) mayRestore(ctx context.Context, ids []string) ([]string, error) {
	d := p.decision
	if d == nil {
		return p.c.knownTo(ctx, p.caller, p.writes, ids)
	}
	known, err := p.c.knownTo(ctx, d.by, d.reach, ids)
	if err == nil && len(known) < len(ids) {
		err = errNotYours
	}
	return known, err
}
