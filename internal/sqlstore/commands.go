package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"reeve"
)

// oldestOpen bounds a search for open commands: job ids rise with time.
const oldestOpen = "(SELECT COALESCE(MIN(job), 9223372036854775807) FROM open_jobs)"

func scanID(r rows) (id reeve.CommandID, err error) {
	var job int64
	err = r.Scan(&job, &id.Leaf)
	id.Job = reeve.JobID(job)
	return id, err
}

func compareIDs(a, b reeve.CommandID) int {
	return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Leaf, b.Leaf))
}

func idColumns(ids []reeve.CommandID) (jobs, leaves column) {
	jobs, leaves = numbers("job", make([]int64, len(ids))), numbers("leaf", make([]int64, len(ids)))
	for i, id := range ids {
		jobs.numbers[i], leaves.numbers[i] = int64(id.Job), int64(id.Leaf)
	}
	return jobs, leaves
}

// jobHead is what a change of commands needs of their job.
type jobHead struct {
	id       reeve.JobID
	account  int64
	action   string
	paused   bool
	targets  int32
	finishBy int64
}

// lockJobs locks the jobs of these commands, which are sorted, so that nobody
// else changes commands of theirs. Jobs that do not exist, or are being pruned,
// are left out.
func (t *tx) lockJobs(ids []reeve.CommandID) (map[reeve.JobID]jobHead, error) {
	var jobs []int64
	for _, id := range ids {
		if len(jobs) == 0 || jobs[len(jobs)-1] != int64(id.Job) {
			jobs = append(jobs, int64(id.Job))
		}
	}
	these, arg := t.among(1, numbers("job", jobs))
	found, err := all(t.ctx, t, func(r rows) (h jobHead, err error) {
		var id, paused int64
		err = r.Scan(&id, &h.account, &h.action, &paused, &h.targets, &h.finishBy)
		h.id, h.paused = reeve.JobID(id), paused != 0
		return h, err
	}, t.locking("SELECT id, account, action, paused_at, targets, finish_by FROM jobs WHERE id "+these+" AND account > 0 ORDER BY id"), arg)
	heads := make(map[reeve.JobID]jobHead, len(found))
	for _, h := range found {
		heads[h.id] = h
	}
	return heads, err
}

// count adds to the jobs' numbers of ended commands, and forgets that a job is
// open when its last command has ended.
func (t *tx) count(ended map[reeve.JobID]*reeve.Counts) error {
	if len(ended) == 0 {
		return nil
	}
	columns := []column{numbers("job", nil)}
	for s := reeve.Succeeded; s < reeve.NumStates; s++ {
		columns = append(columns, numbers(s.String(), nil))
	}
	for job, counts := range ended {
		columns[0].numbers = append(columns[0].numbers, int64(job))
		for i := range columns[1:] {
			columns[1+i].numbers = append(columns[1+i].numbers, counts[reeve.Succeeded+reeve.State(i)])
		}
	}
	list, args := t.list("r", 1, columns...)
	err := t.later(`UPDATE jobs SET succeeded = jobs.succeeded + r.succeeded, failed = jobs.failed + r.failed,
		expired = jobs.expired + r.expired, cancelled = jobs.cancelled + r.cancelled,
		not_applicable = jobs.not_applicable + r.not_applicable, refused = jobs.refused + r.refused
		FROM `+list+` WHERE jobs.id = r.job`, args...)
	if err != nil {
		return err
	}
	these, arg := t.among(1, columns[0])
	return t.later(`DELETE FROM open_jobs WHERE job `+these+` AND job IN (SELECT id FROM jobs
		WHERE id `+these+` AND targets = succeeded + failed + expired + cancelled + not_applicable + refused)`, arg)
}

// cancel ends these commands as far as they are open and returns how many it ended.
func (t *tx) cancel(now time.Time, ids []reeve.CommandID, why reeve.Reason) (int64, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	slices.SortFunc(ids, compareIDs)
	if _, err := t.lockJobs(ids); err != nil {
		return 0, err
	}
	jobs, leaves := idColumns(ids)
	list, args := t.list("r", 4, jobs, leaves)
	cancelled, err := all(t.ctx, t, number, `UPDATE commands SET state = $1, reason = $2, changed = $3 FROM `+list+`
		WHERE commands.job = r.job AND commands.leaf = r.leaf AND commands.state < 3 RETURNING commands.job`,
		append([]any{int64(reeve.Cancelled), int64(why), micro(now)}, args...)...)
	if err != nil {
		return 0, err
	}
	ended := map[reeve.JobID]*reeve.Counts{}
	for _, job := range cancelled {
		countIn(ended, reeve.JobID(job))[reeve.Cancelled]++
	}
	return int64(len(cancelled)), t.count(ended)
}

func countIn(ended map[reeve.JobID]*reeve.Counts, job reeve.JobID) *reeve.Counts {
	if ended[job] == nil {
		ended[job] = new(reeve.Counts)
	}
	return ended[job]
}

// Cancel ends the open commands of a job and returns them as they stood.
func (s *Store) Cancel(ctx context.Context, account int64, id reeve.JobID, now time.Time, entry reeve.AuditEntry) ([]reeve.Order, error) {
	var open []reeve.Order
	err := s.change(ctx, func(t *tx) error {
		heads, err := t.lockJobs([]reeve.CommandID{{Job: id}})
		if err != nil {
			return err
		}
		if head, ok := heads[id]; !ok || head.account != account {
			return noJob
		}
		t.log(entry)
		open, err = all(t.ctx, t, scanOrder,
			"SELECT job, leaf, device, state, 0 FROM commands WHERE job = $1 AND state < 3 ORDER BY leaf", int64(id))
		if err != nil || len(open) == 0 {
			return err
		}
		err = t.later("UPDATE commands SET state = $2, reason = $3, changed = $4 WHERE job = $1 AND state < 3",
			int64(id), int64(reeve.Cancelled), int64(reeve.JobCancelled), micro(now))
		if err != nil {
			return err
		}
		if err := t.later("UPDATE jobs SET cancelled_at = $2 WHERE id = $1", int64(id), micro(now)); err != nil {
			return err
		}
		return t.count(map[reeve.JobID]*reeve.Counts{id: {reeve.Cancelled: int64(len(open))}})
	})
	if err != nil {
		return nil, err
	}
	return open, nil
}

var noneOpen = reeve.Errorf(reeve.Conflict, "all commands of this job have ended; there is nothing to hold back or to go on with")

// Pause notes since when a job is paused, zero for that it goes on.
func (s *Store) Pause(ctx context.Context, account int64, id reeve.JobID, since time.Time, entry reeve.AuditEntry) ([]reeve.Order, error) {
	var open []reeve.Order
	err := s.change(ctx, func(t *tx) error {
		heads, err := t.lockJobs([]reeve.CommandID{{Job: id}})
		if err != nil {
			return err
		}
		head, ok := heads[id]
		if !ok || head.account != account {
			return noJob
		}
		if head.paused == (micro(since) != 0) {
			return nil
		}
		open, err = all(t.ctx, t, scanOrder,
			"SELECT job, leaf, device, state, CAST($2 AS BIGINT) FROM commands WHERE job = $1 AND state < 3 ORDER BY leaf", int64(id), micro(since))
		if err == nil && len(open) == 0 {
			err = noneOpen
		}
		if err != nil {
			return err
		}
		t.log(entry)
		return t.later("UPDATE jobs SET paused_at = $2 WHERE id = $1", int64(id), micro(since))
	})
	if err != nil {
		return nil, err
	}
	return open, nil
}

func scanOrder(r rows) (o reeve.Order, err error) {
	var job, state, paused int64
	err = r.Scan(&job, &o.ID.Leaf, &o.Device, &state, &paused)
	o.ID.Job, o.State, o.Paused = reeve.JobID(job), reeve.State(state), fromMicro(paused)
	return o, err
}
