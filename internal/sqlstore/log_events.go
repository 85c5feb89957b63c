package sqlstore

import (
	"context"
	"time"

	"reeve"
)

// How many events a row stands for is kept beside the log as running sums, one
// for each kind of rows: the n-th event of any choice of kinds is then found
// by halving, however long the log is. The sums are no part of the chain. They
// only say where to look; what is found there is read from the rows.

// countEvents adds a row to the sum of its kind.
func (t *tx) countEvents(e reeve.AuditEntry) error {
	n := e.Events()
	if n == 0 {
		return nil
	}
	var action string
	if e.Event == reeve.JobPlaced {
		action = e.About().Action
	}
	err := t.later(`INSERT INTO log_kinds (account, event, source, action, events) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, event, source, action) DO UPDATE SET events = log_kinds.events + excluded.events`,
		e.Account, e.Event, int64(e.Source), action, n)
	if err != nil {
		return err
	}
	return t.later(`INSERT INTO log_sums (kind, seq, sum) SELECT no, $5, events FROM log_kinds
		WHERE account = $1 AND event = $2 AND source = $3 AND action = $4`, e.Account, e.Event, int64(e.Source), action, e.Seq)
}

// LogKinds returns the kinds of rows that an account's log has had.
func (s *Store) LogKinds(ctx context.Context, account int64) ([]reeve.LogKind, error) {
	return all(ctx, s.db, func(r rows) (k reeve.LogKind, err error) {
		var source int64
		err = r.Scan(&k.No, &k.Event, &source, &k.Action)
		k.Source = reeve.Source(source)
		return k, err
	}, "SELECT no, event, source, action FROM log_kinds WHERE account = $1 ORDER BY no", account)
}

// CountEvents returns how many events the rows of these kinds stand for.
func (s *Store) CountEvents(ctx context.Context, account int64, kinds []int64, since, until time.Time) (int64, error) {
	low, high, err := s.stretch(ctx, account, since, until)
	if err != nil || low >= high || len(kinds) == 0 {
		return 0, err
	}
	before, err := s.sum(ctx, kinds, low-1)
	if err != nil {
		return 0, err
	}
	end, err := s.sum(ctx, kinds, high-1)
	return end - before, err
}

// FindEvent halves the stretch of rows that the event must be in.
func (s *Store) FindEvent(ctx context.Context, account int64, kinds []int64, since, until time.Time, n int64) (seq, within int64, found bool, err error) {
	low, high, err := s.stretch(ctx, account, since, until)
	if err != nil || low >= high || len(kinds) == 0 {
		return 0, 0, false, err
	}
	before, err := s.sum(ctx, kinds, low-1)
	if err != nil {
		return 0, 0, false, err
	}
	target := before + n
	end, err := s.sum(ctx, kinds, high-1)
	if err != nil || target >= end {
		return 0, 0, false, err
	}
	for low < high { // the row is in [low, high)
		middle := low + (high-low)/2
		upTo, err := s.sum(ctx, kinds, middle)
		if err != nil {
			return 0, 0, false, err
		}
		if upTo > target {
			high = middle
		} else {
			low, before = middle+1, upTo
		}
	}
	return low, target - before, true, nil
}

// sum counts the events of these kinds up to and with a row.
func (s *Store) sum(ctx context.Context, kinds []int64, seq int64) (int64, error) {
	these, args := s.db.list("k", 2, numbers("no", kinds))
	total, _, err := first(ctx, s.db, number, `SELECT CAST(COALESCE(SUM((SELECT s.sum FROM log_sums AS s
		WHERE s.kind = k.no AND s.seq <= $1 ORDER BY s.seq DESC LIMIT 1)), 0) AS BIGINT) FROM `+these, append([]any{seq}, args...)...)
	return total, err
}

// stretch returns the rows of a stretch of time, the second one exclusive.
func (s *Store) stretch(ctx context.Context, account int64, since, until time.Time) (low, high int64, err error) {
	head, _, err := s.Head(ctx, account)
	if err != nil {
		return 0, 0, err
	}
	begin, _, err := first(ctx, s.db, number, "SELECT seq FROM audit WHERE account = $1 ORDER BY seq LIMIT 1", account)
	if err != nil {
		return 0, 0, err
	}
	low, high = max(begin, 1), head.Seq+1
	for _, bound := range []struct {
		at  time.Time
		seq *int64
	}{{since, &low}, {until, &high}} {
		if bound.at.IsZero() {
			continue
		}
		seq, found, err := first(ctx, s.db, number, "SELECT seq FROM audit WHERE account = $1 AND at >= $2 ORDER BY at, seq LIMIT 1", account, micro(bound.at))
		if err != nil {
			return 0, 0, err
		}
		if !found {
			seq = head.Seq + 1
		}
		*bound.seq = seq
	}
	return low, high, nil
}
