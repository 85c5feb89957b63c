package sqlstore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"reeve"
)

// apply applies the effect to every device whose command is born Succeeded.
func (p *placing) apply(j reeve.Job, e reeve.Effect, placed []reeve.Placed) error {
	if e == (reeve.Effect{}) {
		return nil
	}
	devices := make([]int64, 0, len(placed))
	for i := range placed {
		if placed[i].State == reeve.Succeeded {
			devices = append(devices, placed[i].Device)
		}
	}
	if len(devices) == 0 {
		return nil
	}
	t := p.tx
	for chunk := range slices.Chunk(devices, t.chunk()) {
		if e.Standing != nil {
			if err := p.leave(j.Issued, *e.Standing, chunk); err != nil {
				return err
			}
		}
		if e.Exempt != nil {
			if err := t.exempt(chunk, *e.Exempt, e.ExemptUntil); err != nil {
				return err
			}
		}
		if err := t.assign(chunk, e, j.Issued); err != nil {
			return err
		}
	}
	if e.Standing != nil && p.account.Seats > 0 {
		if err := t.giveSeats(p.account.No, j.Issued); err != nil {
			return err
		}
	}
	return t.addEffectEnd(j, e)
}

// exempt begins an exemption of devices, or ends it.
func (t *tx) exempt(devices []int64, kind reeve.Exemption, until time.Time) error {
	if until.IsZero() {
		these, arg := t.among(1, numbers("device", devices))
		return t.later("DELETE FROM exemptions WHERE device "+these, arg)
	}
	return t.session.setExemptions(t.ctx, devices, kind, micro(until))
}

// assign writes what an effect changes in the rows of the devices themselves.
func (t *tx) assign(devices []int64, e reeve.Effect, now time.Time) error {
	var set []string
	var args []any
	assign := func(column string, value int64) {
		args = append(args, value)
		set = append(set, fmt.Sprintf("%s = $%d", column, len(args)))
	}
	if e.Standing != nil {
		args = append(args, int64(*e.Standing))
		set = append(set, fmt.Sprintf("class = class - (class & 7) + CAST($%d AS BIGINT)", len(args)))
		if *e.Standing == reeve.Archived {
			assign("archived", micro(now))
			assign("erase_at", micro(e.EraseAt))
		}
	}
	if e.Group != nil {
		assign("group_no", *e.Group)
	}
	if len(set) == 0 {
		return nil
	}
	these, arg := t.among(len(args)+1, numbers("no", devices))
	return t.later("UPDATE devices SET "+strings.Join(set, ", ")+" WHERE no "+these, append(args, arg)...)
}

// addEffectEnd notes when what the job does to records ends by itself.
func (t *tx) addEffectEnd(j reeve.Job, e reeve.Effect) error {
	end := e.EraseAt
	if e.Exempt != nil && e.ExemptUntil.Before(reeve.Forever) {
		end = e.ExemptUntil
	}
	if end.IsZero() {
		return nil
	}
	return t.later("INSERT INTO effect_ends (at, job, account) VALUES ($1, $2, $3)", micro(end), int64(j.ID), j.Account)
}

// leave does what goes with a change of standing: devices that go give back
// their seats, and devices that are deleted have their open commands cancelled.
func (p *placing) leave(now time.Time, to reeve.Standing, devices []int64) error {
	t := p.tx
	these, arg := t.among(1, numbers("no", devices))
	if p.account.Seats > 0 {
		managed, _, err := first(t.ctx, t, number,
			"SELECT COUNT(*) FROM devices AS d WHERE d.class & 7 = 0 AND d.no "+these, arg)
		if err != nil {
			return err
		}
		gain := -managed
		if to == reeve.Managed {
			gain += int64(len(devices))
		}
		if err := t.useSeats(p.account.No, gain); err != nil {
			return err
		}
		if err := t.later("DELETE FROM waiting WHERE device "+these, arg); err != nil {
			return err
		}
	}
	if to != reeve.Archived {
		return nil
	}
	list, args := t.list("r", 1, numbers("no", devices))
	open, err := all(t.ctx, t, scanID, "SELECT c.job, c.leaf FROM "+list+` CROSS JOIN commands AS c CROSS JOIN jobs AS j
		WHERE c.device = r.no AND c.job >= `+oldestOpen+` AND c.state < 3 AND j.id = c.job AND j.action <> 'retire'`, args...)
	if err != nil {
		return err
	}
	_, err = t.cancel(now, open, reeve.DeviceDeleted)
	return err
}
