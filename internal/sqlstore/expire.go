package sqlstore

import (
	"context"
	"slices"
	"time"

	"reeve"
)

// Expire ends what is over at now. Of several servers that do so at once, each
// finds what the others have left.
func (s *Store) Expire(ctx context.Context, now time.Time) (int64, error) {
	due, _, err := first(ctx, s.db, number, `SELECT CASE WHEN EXISTS (SELECT 1 FROM open_jobs WHERE due <= $1)
		OR EXISTS (SELECT 1 FROM effect_ends WHERE at <= $1) OR EXISTS (SELECT 1 FROM repeats WHERE until <= $1)
		OR EXISTS (SELECT 1 FROM claims WHERE until <= $1) THEN 1 ELSE 0 END`, micro(now))
	if err != nil || due == 0 {
		return 0, err
	}
	var changed int64
	err = s.change(ctx, func(t *tx) error {
		effects, err := t.endEffects(now)
		if err != nil {
			return err
		}
		commands, err := t.endCommands(now)
		if err != nil {
			return err
		}
		changed = effects + commands
		if err := t.later("DELETE FROM claims WHERE until <= $1", micro(now)); err != nil {
			return err
		}
		return t.later("DELETE FROM repeats WHERE until <= $1", micro(now))
	})
	return changed, err
}

// endEffects ends exemptions that are over and erases records that are due: of
// each job's devices those that nothing has changed since.
func (t *tx) endEffects(now time.Time) (int64, error) {
	type end struct{ at, job, account int64 }
	ends, err := all(t.ctx, t, func(r rows) (e end, err error) { return e, r.Scan(&e.at, &e.job, &e.account) },
		"DELETE FROM effect_ends WHERE at <= $1 RETURNING at, job, account", micro(now))
	if err != nil || len(ends) == 0 {
		return 0, err
	}
	accounts := make([]int64, len(ends))
	for i, e := range ends {
		accounts[i] = e.account
	}
	if err := t.lockAccounts(accounts); err != nil {
		return 0, err
	}
	const ofJob = " IN (SELECT device FROM commands WHERE job = $1 AND state = 3)"
	var total int64
	for _, e := range ends {
		over, err := all(t.ctx, t, scanID, `SELECT c.job, c.leaf FROM commands AS c JOIN exemptions AS x ON x.device = c.device
			WHERE c.job = $1 AND c.state = 3 AND x.until = $2 ORDER BY c.leaf`, e.job, e.at)
		if err != nil {
			return 0, err
		}
		if err := t.later("DELETE FROM exemptions WHERE until = $2 AND device"+ofJob, e.job, e.at); err != nil {
			return 0, err
		}
		if err := t.logRuns(e.account, now, "exemptions_ended", reeve.RunsOf(over)); err != nil {
			return 0, err
		}
		total += int64(len(over))
		gone, err := all(t.ctx, t, number, "SELECT d.no FROM devices AS d WHERE d.erase_at = $2 AND "+archived+" AND d.no"+ofJob, e.job, e.at)
		if err != nil {
			return 0, err
		}
		for chunk := range slices.Chunk(gone, t.chunk()) {
			if err := t.erase(chunk); err != nil {
				return 0, err
			}
		}
		t.logCount(system(e.account, now, "devices_erased"), reeve.JobID(e.job), int64(len(gone)))
		total += int64(len(gone))
	}
	return total, nil
}

// erase leaves of a record what the trees of its jobs need: number, id and key.
func (t *tx) erase(devices []int64) error {
	if err := t.session.forget(t.ctx, devices); err != nil {
		return err
	}
	these, arg := t.among(1, numbers("no", devices))
	for _, statement := range []string{
		"UPDATE devices SET class = class | 7, folded = '' WHERE no " + these,
		`UPDATE device_names SET account = 0, hostname = '', folded = '', nickname = '', nick = '', users = '', addresses = '', type = '',
			custom_id = '', linked_user = '', linked_team = '', hardware_id = '' WHERE device ` + these,
		"DELETE FROM exemptions WHERE device " + these,
		"DELETE FROM device_facts WHERE device " + these,
		"DELETE FROM macs WHERE device " + these,
		"DELETE FROM presence WHERE device " + these,
		"DELETE FROM threats WHERE device " + these,
		"DELETE FROM infested WHERE device " + these,
		"DELETE FROM discoveries WHERE device " + these,
		"DELETE FROM identifications WHERE device " + these,
		"DELETE FROM log_devices WHERE device " + these,
	} {
		if err := t.later(statement, arg); err != nil {
			return err
		}
	}
	if err := t.dropKeys(devices); err != nil {
		return err
	}
	return t.session.index(t.ctx, devices)
}

// endCommands ends the commands whose deadline has passed. Jobs are looked for
// again once they are locked, since a report or another server may have been
// faster.
func (t *tx) endCommands(now time.Time) (int64, error) {
	const due = "SELECT job, 0 FROM open_jobs WHERE due <= $1 ORDER BY job"
	ids, err := all(t.ctx, t, scanID, due, micro(now))
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	heads, err := t.lockJobs(ids)
	if err != nil {
		return 0, err
	}
	if ids, err = all(t.ctx, t, scanID, due, micro(now)); err != nil {
		return 0, err
	}
	var jobs, reach []int64 // reach is the state up to which commands end
	for _, id := range ids {
		head, locked := heads[id.Job]
		if !locked { // became due meanwhile: the next sweep has it
			continue
		}
		jobs = append(jobs, int64(id.Job))
		if head.finishBy <= micro(now) {
			reach = append(reach, int64(reeve.Running))
		} else {
			reach = append(reach, int64(reeve.Sent))
		}
	}
	if len(jobs) == 0 {
		return 0, nil
	}
	return t.endJobs(now, jobs, reach, heads)
}

func (t *tx) endJobs(now time.Time, jobs, reach []int64, heads map[reeve.JobID]jobHead) (int64, error) {
	list, args := t.list("r", 1, numbers("job", jobs), numbers("reach", reach))
	counts, err := all(t.ctx, t, func(r rows) (v [2]int64, err error) { return v, r.Scan(&v[0], &v[1]) },
		"SELECT c.job, COUNT(*) FROM "+list+" CROSS JOIN commands AS c WHERE c.job = r.job AND c.state <= r.reach GROUP BY c.job ORDER BY c.job", args...)
	if err != nil {
		return 0, err
	}
	list, args = t.list("r", 5, numbers("job", jobs), numbers("reach", reach))
	err = t.later(`UPDATE commands SET state = $1, changed = $2,
			reason = CASE WHEN commands.state = 2 THEN CAST($3 AS INTEGER) ELSE CAST($4 AS INTEGER) END
		FROM `+list+` WHERE commands.job = r.job AND commands.state <= r.reach`,
		append([]any{int64(reeve.Expired), micro(now), int64(reeve.ExecutionRanOut), int64(reeve.DeliveryRanOut)}, args...)...)
	if err != nil {
		return 0, err
	}
	ended := map[reeve.JobID]*reeve.Counts{}
	var total int64
	for _, c := range counts {
		id := reeve.JobID(c[0])
		countIn(ended, id)[reeve.Expired] = c[1]
		e := system(heads[id].account, now, "job_expired")
		e.Outcome = reeve.Expired.String()
		t.logCount(e, id, c[1])
		total += c[1]
	}
	// What is left runs until the job's end.
	these, arg := t.among(1, numbers("job", jobs))
	err = t.later("UPDATE open_jobs SET due = (SELECT finish_by FROM jobs WHERE id = job) WHERE job "+these, arg)
	if err != nil {
		return 0, err
	}
	return total, t.count(ended)
}
