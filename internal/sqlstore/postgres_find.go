package sqlstore

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// merged takes the first devices of each stream.
func (db *postgresDB) merged(p part, begin, order, _, limit string) string {
	return "SELECT n.no FROM " + p.keys + " CROSS JOIN LATERAL (SELECT " + p.no + " AS no FROM " + p.from + " WHERE " + p.where + begin +
		" ORDER BY " + p.no + order + " LIMIT " + limit + ") AS n ORDER BY n.no" + order + " LIMIT " + limit
}

// searched leaves it to the planner, who sees the text, whether to ask the index
// over words or, since so many have it, to meet devices by record.
func (db *postgresDB) searched(s search) stream {
	return stream{from: "device_names AS s", no: "s.device", grants: bySearch, asIs: true, own: func(b *binder) string {
		return "s.account = " + b.put(s.account) + " AND " + s.like(b, "s")
	}}
}

// queryAsIs sends the arguments within the text.
func (db *postgresDB) queryAsIs(ctx context.Context, text string, args ...any) (rows, error) {
	return db.pool.Query(ctx, text, append([]any{pgx.QueryExecModeSimpleProtocol}, storable(args)...)...)
}

// PostgreSQL keeps the index over words by itself.

func (s *postgresSession) index(context.Context, []int64) error { return nil }

func (s *postgresSession) forget(context.Context, []int64) error { return nil }
