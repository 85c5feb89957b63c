package sqlstore

import (
	"context"
	"slices"
	"strings"
)

// Lists of jobs and of the log are narrowed by columns, each of which has an
// index over account, column and key, which is called after table and column:
// one of them is gone along, the others are asked of each row that comes along.

// given are the columns of which there are values.
func given(columns ...column) []column {
	return slices.DeleteFunc(columns, func(c column) bool { return c.len() == 0 })
}

// rarest returns which of the columns the fewest rows of a table have, as far as
// a few thousand tell, and how many these are.
func (s *Store) rarest(ctx context.Context, table string, account int64, narrow []column) (best int, fewest int64, err error) {
	fewest = fewEnough
	for i, c := range narrow {
		b := &binder{db: s.db}
		n, err := s.countRows(ctx, b, table+" WHERE account = "+b.put(account)+" AND "+c.name+" "+b.among(c), fewest)
		if err != nil {
			return 0, 0, err
		}
		if n < fewest {
			best, fewest = i, n
		}
	}
	return best, fewest, nil
}

// countRows counts up to most rows.
func (s *Store) countRows(ctx context.Context, b *binder, rows string, most int64) (int64, error) {
	n, _, err := first(ctx, s.db, number, "SELECT COUNT(*) FROM (SELECT 1 AS one FROM "+rows+" LIMIT "+b.put(most)+") AS counted", b.args...)
	return n, err
}

// partly tells SQLite that a partial index has all rows that are wanted.
func (c column) partly() string {
	if c.name == "outcome" {
		return " AND outcome <> 'ok'"
	}
	return ""
}

// condition asks a row for the values of a column, without going along its index.
func (c column) condition(b *binder) string {
	if c.texts != nil {
		return c.name + " || '' " + b.among(c)
	}
	return "+" + c.name + " " + b.among(c)
}

// merge is [merge] along the values of the column.
func (c column) merge(db database, what, table, where string, b *binder) string {
	if c.texts != nil {
		return merge(db, what, table, c.name, slices.Compact(slices.Sorted(slices.Values(c.texts))), where, b)
	}
	return merge(db, what, table, c.name, slices.Compact(slices.Sorted(slices.Values(c.numbers))), where, b)
}

// merge is a query for a column of what a table has of several keys. Ordered by
// that column, with a LIMIT, both databases go along the index in as many places
// at once and stop in time.
func merge[K int64 | string](db database, column, table, key string, keys []K, where string, b *binder) string {
	if len(keys) == 0 {
		return "SELECT 0 AS " + column + " WHERE FALSE"
	}
	arms := make([]string, len(keys))
	for i, k := range keys {
		arms[i] = "SELECT " + column + " FROM " + table + db.along(table+"_"+key) + " WHERE " + key + " = " + b.put(k) + " AND " + where
	}
	return strings.Join(arms, " UNION ALL ")
}
