package sqlstore

import (
	"context"
	"strings"

	"reeve"
)

// Log returns rows of an account in order of Seq, or backwards: along what the
// fewest of them have in common, and asks the others of each.
func (s *Store) Log(ctx context.Context, account int64, q reeve.LogQuery) ([]reeve.AuditEntry, error) {
	return (&logReading{store: s, account: account, q: q}).read(ctx)
}

func (r *logReading) read(ctx context.Context) ([]reeve.AuditEntry, error) {
	s, account, q := r.store, r.account, r.q
	way, asked, err := r.choose(ctx)
	if err != nil || len(way) == 0 {
		return nil, err
	}
	isPart := false
	if q.Within > 0 && len(asked) > 0 {
		if isPart, err = r.bound(ctx, way); err != nil {
			return nil, err
		}
	}
	b := &binder{db: s.db}
	of, limit := b.put(account), r.order()+" LIMIT "+b.put(q.Limit)
	from, where := s.db.along(wholeLog), "account = "+of
	if len(way) == 1 && way[0].index != "" {
		from, where = s.db.along(way[0].index), r.along(way[0], asked, of, b)
	} else {
		where += " AND seq " + s.db.page(r.merge(way, asked, of, b)+limit)
	}
	found, err := all(ctx, s.db, scanEntry, `SELECT account, seq, at, event, source, actor, name, address, request_id, device, job, outcome, detail,
		prev, hash FROM audit`+from+" WHERE "+where+limit, b.args...)
	if err == nil && isPart && len(found) < q.Limit {
		err = reeve.ErrFurther
	}
	return found, err
}

// A logReading is a reading of the log as it is prepared.
type logReading struct {
	store   *Store
	account int64
	q       reeve.LogQuery
	alone   bool // of a device without what its commands have to do with
}

func (r *logReading) order() string {
	if r.q.Newest {
		return " ORDER BY seq DESC"
	}
	return " ORDER BY seq"
}

// merge is a query for the rows of several ways of the account that of stands
// for. Ordered by seq, with a LIMIT, both databases go along all of them at once
// and stop in time.
func (r *logReading) merge(way []arm, asked []column, of string, b *binder) string {
	arms := make([]string, len(way))
	for i, a := range way {
		table := "log_sums"
		if a.index != "" {
			table = "audit" + r.store.db.along(a.index)
		}
		arms[i] = "SELECT seq FROM " + table + " WHERE " + r.along(a, asked, of, b)
	}
	return strings.Join(arms, " UNION ALL ")
}

// along is the condition on the rows of one way.
func (r *logReading) along(a arm, asked []column, of string, b *binder) string {
	db := r.store.db
	where := []string{a.where(b)}
	said := make([]string, len(asked))
	for i, c := range asked {
		said[i] = c.condition(b)
	}
	switch {
	case a.index == "":
		// The last sum before what was pruned is there without its row.
		where = append(where, "seq >= (SELECT a.seq FROM audit AS a"+db.along(wholeLog)+" WHERE a.account = "+of+" ORDER BY a.seq LIMIT 1)")
		if len(said) > 0 {
			where = append(where, "EXISTS (SELECT 1 FROM audit AS a"+db.along(wholeLog)+" WHERE a.account = "+of+" AND a.seq = log_sums.seq AND "+
				strings.Join(said, " AND ")+")")
		}
	default:
		where = append(append(where, "account = "+of), said...)
	}
	if r.q.After > 0 {
		where = append(where, "seq > "+b.put(r.q.After))
	}
	if r.q.Before > 0 {
		where = append(where, "seq < "+b.put(r.q.Before))
	}
	// Times never go back in a log, so that a stretch of time is a stretch of rows.
	at := func(moment int64) string {
		return "COALESCE((SELECT a.seq FROM audit AS a" + db.along("audit_at") + " WHERE a.account = " + of + " AND a.at >= " + b.put(moment) +
			" ORDER BY a.at, a.seq LIMIT 1), 9223372036854775807)"
	}
	if !r.q.Since.IsZero() {
		where = append(where, "seq >= "+at(micro(r.q.Since)))
	}
	if !r.q.Until.IsZero() {
		where = append(where, "seq < "+at(micro(r.q.Until)))
	}
	return strings.Join(where, " AND ")
}

// bound narrows the reading to the rows that it may look at, and reports whether
// there are others.
func (r *logReading) bound(ctx context.Context, way []arm) (bool, error) {
	b := &binder{db: r.store.db}
	text := r.merge(way, nil, b.put(r.account), b) + r.order() + " LIMIT 1 OFFSET " + b.put(r.q.Within)
	end, found, err := first(ctx, r.store.db, number, text, b.args...)
	switch {
	case !found:
	case r.q.Newest:
		r.q.After = max(r.q.After, end)
	case r.q.Before == 0 || end < r.q.Before:
		r.q.Before = end
	}
	return found, err
}
