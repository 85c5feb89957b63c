package sqlstore

import (
	"context"
	"slices"
	"strconv"
	"time"

	"reeve"
)

// askedByLink is the reason of commands that no agent gets.
var askedByLink = strconv.Itoa(int(reeve.AskedByLink))

// Pending returns the orders that these devices should still receive.
func (s *Store) Pending(ctx context.Context, now time.Time, devices []int64) ([]reeve.Order, error) {
	list, args := s.db.list("r", 2, numbers("device", slices.Compact(slices.Sorted(slices.Values(devices)))))
	return all(ctx, s.db, scanOrder, "SELECT c.job, c.leaf, c.device, c.state, j.paused_at FROM "+list+` CROSS JOIN commands AS c
		CROSS JOIN jobs AS j CROSS JOIN devices AS d
		WHERE c.device = r.device AND c.job >= `+oldestOpen+` AND c.state < 3 AND c.reason <> `+askedByLink+` AND j.id = c.job
			AND $1 < CASE WHEN c.state = 2 THEN j.finish_by ELSE j.deliver_by END
			AND d.no = c.device AND (`+live+` OR (`+archived+` AND j.action = 'retire'))
		ORDER BY c.job, c.leaf`, append([]any{micro(now)}, args...)...)
}

// OpenJobs returns the jobs that have open commands, oldest first.
func (s *Store) OpenJobs(ctx context.Context) ([]reeve.JobID, error) {
	return all(ctx, s.db, func(r rows) (reeve.JobID, error) {
		id, err := number(r)
		return reeve.JobID(id), err
	}, "SELECT job FROM open_jobs ORDER BY job")
}

// Sealed returns a job and the subject of each of its leaves. A leaf was bound
// to the device's key if the command was ordered, which shows in that it was
// not born with an end.
func (s *Store) Sealed(ctx context.Context, id reeve.JobID) (reeve.Job, []reeve.Subject, error) {
	job, err := must[reeve.Job](noJob)(first(ctx, s.db, scanJob, "SELECT "+jobColumns+" FROM jobs WHERE id = $1 AND account > 0", int64(id)))
	if err != nil {
		return reeve.Job{}, nil, err
	}
	subjects := make([]reeve.Subject, 0, job.Targets)
	ordered := len(job.Signature) > 0
	found, err := s.db.query(ctx, `SELECT c.device, c.state, c.reason, d.key FROM commands AS c
		JOIN devices AS d ON d.no = c.device WHERE c.job = $1 ORDER BY c.leaf`, int64(id))
	if err != nil {
		return reeve.Job{}, nil, err
	}
	defer found.Close()
	var state, reason int64
	var key []byte
	for found.Next() {
		var subject reeve.Subject
		if err := found.Scan(&subject.Device, &state, &reason, &key); err != nil {
			return reeve.Job{}, nil, err
		}
		if ordered && reeve.State(state) != reeve.NotApplicable && reeve.Reason(reason) != reeve.Away {
			subject.Key = toKey(key)
		}
		subjects = append(subjects, subject)
	}
	return job, subjects, found.Err()
}

// Sent moves those of the given commands that are Queued to Sent.
func (s *Store) Sent(ctx context.Context, now time.Time, ids []reeve.CommandID) error {
	if len(ids) == 0 {
		return nil
	}
	ids = slices.SortedFunc(slices.Values(ids), compareIDs)
	return s.change(ctx, func(t *tx) error {
		if _, err := t.lockJobs(ids); err != nil {
			return err
		}
		jobs, leaves := idColumns(ids)
		list, args := t.list("r", 3, jobs, leaves)
		return t.later(`UPDATE commands SET state = $1, changed = $2 FROM `+list+`
			WHERE commands.job = r.job AND commands.leaf = r.leaf AND commands.state = 0`,
			append([]any{int64(reeve.Sent), micro(now)}, args...)...)
	})
}
