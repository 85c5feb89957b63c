package sqlstore

import (
	"context"
	"maps"
	"time"

	"reeve"
)

// CountFound counts the devices that a query selects, whatever its page.
func (s *Store) CountFound(ctx context.Context, account int64, q reeve.DeviceQuery) (int64, error) {
	f, streams, err := s.everyPage(ctx, account, q)
	if err != nil || len(streams) == 0 {
		return 0, err
	}
	b := &binder{db: s.db}
	text := "SELECT COUNT(*)" + f.all(b, streams[0])
	if len(streams) > 1 { // devices may be in several
		b = &binder{db: s.db}
		text = "SELECT COUNT(*) FROM (" + f.union(b, streams, nil) + ") AS counted"
	}
	n, err := f.numbers(ctx, streams[0], text, b.args)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// CountUpTo counts what it finds in time, and no more than limit.
func (s *Store) CountUpTo(ctx context.Context, account int64, q reeve.DeviceQuery, limit int64, patience time.Duration) (int64, bool, error) {
	f, streams, err := s.everyPage(ctx, account, q)
	if err != nil || len(streams) == 0 {
		return 0, true, err
	}
	f.patience = patience
	return f.countUpTo(ctx, streams, limit)
}

// everyPage are the streams of all that a query selects.
func (s *Store) everyPage(ctx context.Context, account int64, q reeve.DeviceQuery) (*finder, []stream, error) {
	q.Limit, q.Page, q.After, q.AfterRow, q.BeforeRow, q.Sort = 1, 0, 0, nil, nil, reeve.ByRecord
	f, err := s.newFinder(ctx, s.db, account, q)
	if err != nil || f.nothing {
		return f, nil, err
	}
	streams, err := f.streams(ctx)
	return f, streams, err
}

// CountByClass counts the devices that a query selects, each class by itself.
func (s *Store) CountByClass(ctx context.Context, account int64, q reeve.DeviceQuery) (map[reeve.Class]int64, error) {
	f, streams, err := s.everyPage(ctx, account, q)
	if err != nil {
		return nil, err
	}
	counts := map[int64]int64{}
	pair := func(r rows) (v [2]int64, err error) { return v, r.Scan(&v[0], &v[1]) }
	met := map[int64]bool{}
	for _, way := range streams {
		b := &binder{db: s.db}
		if len(streams) == 1 {
			found, err := allOf(ctx, f, way, pair, "SELECT d.class, COUNT(*)"+f.all(b, way)+" GROUP BY d.class", b.args)
			if err != nil {
				return nil, err
			}
			for _, v := range found {
				counts[v[0]] = v[1]
			}
			continue
		}
		found, err := allOf(ctx, f, way, pair, "SELECT "+way.no+", d.class"+f.all(b, way), b.args)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			if !met[v[0]] {
				met[v[0]] = true
				counts[v[1]]++
			}
		}
	}
	if err := s.classes.know(ctx, s.db, maps.Keys(counts)); err != nil {
		return nil, err
	}
	byClass := make(map[reeve.Class]int64, len(counts))
	for number, n := range counts {
		class, _ := s.classes.class(number)
		byClass[class] = n
	}
	return byClass, nil
}

// CountDevices returns how many devices the account has in each standing.
func (s *Store) CountDevices(ctx context.Context, account int64) (map[reeve.Standing]int64, error) {
	counts, err := all(ctx, s.db, func(r rows) (v [2]int64, err error) { return v, r.Scan(&v[0], &v[1]) },
		"SELECT d.class, COUNT(*) FROM devices AS d WHERE d.account = $1 GROUP BY d.class", account)
	byStanding := map[reeve.Standing]int64{}
	for _, c := range counts {
		if standing := standingOf(c[0]); standing <= reeve.Archived {
			byStanding[standing] += c[1]
		}
	}
	return byStanding, err
}

// CountExempt returns how many managed devices are exempt at now from everything.
func (s *Store) CountExempt(ctx context.Context, account int64, now time.Time) (int64, error) {
	n, _, err := first(ctx, s.db, number, `SELECT COUNT(*) FROM exemptions AS e CROSS JOIN devices AS d
		WHERE e.kind = 0 AND e.until > $2 AND d.no = e.device AND d.account = $1 AND d.class & 7 = 0`, account, micro(now))
	return n, err
}
