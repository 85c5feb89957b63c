package sqlstore

import (
	"context"
	"slices"
	"time"

	"reeve"
)

// A returning device is an archived record that comes back.
type returning struct {
	no       int64
	id       string
	class    int64
	key      []byte
	enrolled int64
}

// Restore brings archived records back.
func (s *Store) Restore(ctx context.Context, account int64, ids []string, now time.Time, entry reeve.AuditEntry) (restored []string, cancelled []reeve.Order, err error) {
	err = s.Place(ctx, account, func(p reeve.Placing) (err error) {
		restored, cancelled, err = p.Restore(ids, now, entry)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return restored, cancelled, nil
}

// Restore brings archived records back within a placing.
func (p *placing) Restore(ids []string, now time.Time, entry reeve.AuditEntry) (restored []string, cancelled []reeve.Order, err error) {
	for chunk := range slices.Chunk(ids, p.tx.chunk()) {
		back, orders, err := p.tx.restore(p.account, chunk, now)
		if err != nil {
			return nil, nil, err
		}
		for _, d := range back {
			restored = append(restored, d.id)
		}
		cancelled = append(cancelled, orders...)
	}
	if len(restored) == 0 {
		return nil, nil, nil
	}
	return restored, cancelled, p.tx.logDevices(entry, restored)
}

func (t *tx) restore(a reeve.Account, ids []string, now time.Time) ([]returning, []reeve.Order, error) {
	these, arg := t.among(3, texts("id", ids))
	back, err := all(t.ctx, t, func(r rows) (d returning, err error) { return d, r.Scan(&d.no, &d.id, &d.class, &d.key, &d.enrolled) },
		`SELECT d.no, d.id, d.class, d.key, d.enrolled FROM devices AS d WHERE d.account = $1 AND `+archived+`
			AND (d.erase_at = 0 OR d.erase_at > $2) AND d.id `+these+" ORDER BY d.no", a.No, micro(now), arg)
	if err != nil || len(back) == 0 {
		return nil, nil, err
	}
	err = t.store.classes.know(t.ctx, t, func(yield func(int64) bool) {
		for _, d := range back {
			if !yield(d.class) {
				return
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	open, present, err := t.unretire(back, now)
	if err != nil {
		return nil, nil, err
	}
	if err := t.stand(a, back, present); err != nil {
		return nil, nil, err
	}
	return back, open, t.freeCustomIDs(a.No, back)
}

// unretire calls off the orders to retire that wait for these devices. Present
// are those whose agents cannot have heard: they had such an order, and every
// one of theirs was still waiting.
func (t *tx) unretire(back []returning, now time.Time) (waiting []reeve.Order, present map[int64]bool, err error) {
	nos := make([]int64, len(back))
	for i, d := range back {
		nos[i] = d.no
	}
	list, args := t.list("r", 1, numbers("no", nos))
	retire := "SELECT c.job, c.leaf, c.device, c.state, j.paused_at FROM " + list + ` CROSS JOIN commands AS c CROSS JOIN jobs AS j
		WHERE c.device = r.no AND c.job >= ` + oldestOpen + ` AND c.state < 3 AND j.id = c.job AND j.action = 'retire'
		ORDER BY c.job, c.leaf`
	open, err := all(t.ctx, t, scanOrder, retire, args...)
	if err != nil || len(open) == 0 {
		return nil, nil, err
	}
	ids := make([]reeve.CommandID, len(open))
	for i, o := range open {
		ids[i] = o.ID
	}
	if _, err := t.lockJobs(ids); err != nil {
		return nil, nil, err
	}
	// Until here one may have been sent.
	if open, err = all(t.ctx, t, scanOrder, retire, args...); err != nil {
		return nil, nil, err
	}
	present = map[int64]bool{}
	for _, o := range open {
		present[o.Device] = true
	}
	ids = ids[:0]
	for _, o := range open {
		if o.State != reeve.Queued {
			present[o.Device] = false
			continue
		}
		waiting, ids = append(waiting, o), append(ids, o.ID)
	}
	_, err = t.cancel(now, ids, reeve.JobCancelled)
	return waiting, present, err
}

// stand gives each record the standing that it can have. One without an agent
// that could still be heard loses what it knew of its agent, and the key may
// enrol anew; the row keeps the key for the trees of old jobs.
func (t *tx) stand(a reeve.Account, back []returning, present map[int64]bool) error {
	free, err := t.freeSeats(a.No)
	if err != nil {
		return err
	}
	nos, to := make([]int64, len(back)), make([]int64, len(back))
	var managed int64
	var keyless, waiting, since []int64
	for i, d := range back {
		class, _ := t.store.classes.class(d.class)
		switch {
		case !present[d.no]:
			class = reeve.Class{System: class.System, Standing: reeve.Unknown}
			if d.key != nil {
				keyless = append(keyless, d.no)
			}
		case managed < free:
			class.Standing = reeve.Managed
			managed++
		default:
			class.Standing = reeve.OutOfLicense
			waiting, since = append(waiting, d.no), append(since, d.enrolled)
		}
		nos[i] = d.no
		if to[i], err = t.classNumber(class); err != nil {
			return err
		}
	}
	list, args := t.list("r", 1, numbers("no", nos), numbers("class", to))
	err = t.later("UPDATE devices SET class = r.class, archived = 0, erase_at = 0 FROM "+list+" WHERE devices.no = r.no", args...)
	if err != nil {
		return err
	}
	if len(keyless) > 0 {
		if err := t.dropKeys(keyless); err != nil {
			return err
		}
	}
	if len(waiting) > 0 {
		list, args := t.list("r", 2, numbers("device", waiting), numbers("enrolled", since))
		err := t.later("INSERT INTO waiting (account, enrolled, device) SELECT CAST($1 AS BIGINT), enrolled, device FROM "+list,
			append([]any{a.No}, args...)...)
		if err != nil {
			return err
		}
	}
	return t.useSeats(a.No, managed)
}

// dropKeys makes the keys of these devices nobody's.
func (t *tx) dropKeys(devices []int64) error {
	these, arg := t.among(1, numbers("no", devices))
	return t.later("DELETE FROM device_keys WHERE key IN (SELECT key FROM devices WHERE key IS NOT NULL AND no "+these+
		") AND device "+these, arg)
}

// freeCustomIDs takes the custom ids away that others have been given meanwhile.
func (t *tx) freeCustomIDs(account int64, back []returning) error {
	nos := make([]int64, len(back))
	for i, d := range back {
		nos[i] = d.no
	}
	these, arg := t.among(2, numbers("device", nos))
	return t.later(`UPDATE device_names SET custom_id = '' WHERE custom_id <> '' AND device `+these+` AND EXISTS (
		SELECT 1 FROM device_names AS n CROSS JOIN devices AS d WHERE n.account = $1 AND n.custom_id <> ''
			AND n.custom_id = device_names.custom_id AND n.device <> device_names.device AND d.no = n.device AND `+live+")", account, arg)
}
