package sqlstore

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"reeve"
)

// A database is what differs between SQLite and PostgreSQL.
type database interface {
	querier // each query by itself, outside of any transaction
	// merged is the text of a query for the devices of several streams in one order.
	merged(p part, begin, order, than, limit string) string
	// searched is the stream of devices in whose names the text is.
	searched(s search) stream
	// queryAsIs is query with a plan made for these arguments.
	queryAsIs(ctx context.Context, text string, args ...any) (rows, error)
	// page says that what stands before it is one of the few that a subquery with
	// a LIMIT finds.
	page(subquery string) string
	// beside is a column in a condition for which no index of its own is worth it,
	// where one of another column is there.
	beside(column string) string
	// along stands behind a table that has to be read along an index. SQLite wants to
	// be told: what it knows of its tables, it learned when somebody said ANALYZE.
	along(index string) string
	// begin starts a transaction that may write.
	begin(ctx context.Context) (session, error)
	// look starts a transaction that sees one moment, holds up nobody and is only
	// rolled back.
	look(ctx context.Context) (session, error)
	ping(ctx context.Context) error
	close() error
}

// A querier answers queries. Both drivers bind $1, $2 and so on by number.
type querier interface {
	query(ctx context.Context, text string, args ...any) (rows, error)
	// list makes a table out of Go slices, to stand in a FROM clause under the
	// given name; its arguments are numbered from first on.
	list(name string, first int, columns ...column) (text string, args []any)
	// among says that what stands before it is one of the values, which are the
	// argument with this number.
	among(number int, values column) (text string, arg any)
}

// A session is one transaction.
type session interface {
	querier
	// exec runs a statement and returns how many rows it changed.
	exec(ctx context.Context, text string, args ...any) (int64, error)
	// later runs a statement whose result nobody waits for: after all before
	// it, and before all after it. Its error may come from any later call.
	later(ctx context.Context, text string, args ...any) error
	// locking makes a SELECT lock what it returns until the end.
	locking(text string) string

	// chunk is how many rows are best given to one statement.
	chunk() int
	// deviceNumbers gives out n new internal keys in rising order.
	deviceNumbers(ctx context.Context, n int) ([]int64, error)
	// findIDs appends a match for each live device of the account with one of
	// these ids, which are sorted; entries[i] goes into the match of ids[i].
	findIDs(ctx context.Context, found []reeve.Match, account int64, ids []string, entries []int32) ([]reeve.Match, error)
	// walk returns live targets by rising key; group 0 is every group.
	walk(ctx context.Context, account, group, after int64, limit int) ([]reeve.Target, error)
	// addCommands writes the commands of a job, leaf 0 first.
	addCommands(ctx context.Context, job reeve.JobID, placed []reeve.Placed, changed int64) error
	// setExemptions makes these devices exempt, whether they were before or not.
	// The lock on their account keeps others from doing so meanwhile.
	setExemptions(ctx context.Context, devices []int64, kind reeve.Exemption, until int64) error
	// standings returns how these commands stand, which are in order of their
	// ids; the answer is in any order.
	standings(ctx context.Context, ids []reeve.CommandID) ([]reeve.Order, error)
	// index makes the names of these devices found by search. Before names that
	// are indexed change, forget has to be told.
	index(ctx context.Context, devices []int64) error
	forget(ctx context.Context, devices []int64) error
	// moveCommands writes commands that an agent moved, in order of their ids.
	moveCommands(ctx context.Context, moves []*move, now int64) error

	commit(ctx context.Context) error
	rollback()
}

// rows is what both drivers return; see [database/sql.Rows].
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// A column of a list: texts, or numbers if texts is nil.
type column struct {
	name    string
	numbers []int64
	texts   []string
}

func numbers(name string, values []int64) column { return column{name: name, numbers: values} }

func texts(name string, values []string) column {
	if values == nil {
		values = []string{}
	}
	return column{name: name, texts: values}
}

func (c column) len() int { return max(len(c.numbers), len(c.texts)) }

// all scans every row of a query.
func all[T any](ctx context.Context, q querier, scan func(rows) (T, error), text string, args ...any) ([]T, error) {
	found, err := q.query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var out []T
	for found.Next() {
		v, err := scan(found)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, found.Err()
}

// first scans the first row of a query, and reports whether there is one.
func first[T any](ctx context.Context, q querier, scan func(rows) (T, error), text string, args ...any) (T, bool, error) {
	var zero T
	found, err := all(ctx, q, scan, text, args...)
	if err != nil || len(found) == 0 {
		return zero, false, err
	}
	return found[0], true, nil
}

// must is first for what has to exist; missing is the error if it does not.
func must[T any](missing error) func(T, bool, error) (T, error) {
	return func(v T, ok bool, err error) (T, error) {
		if err == nil && !ok {
			err = missing
		}
		return v, err
	}
}

// number scans a single integer.
func number(r rows) (n int64, err error) { return n, r.Scan(&n) }

// taken returns the table whose uniqueness err says was violated, or "".
func taken(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		return e.TableName
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			// "constraint failed: UNIQUE constraint failed: jobs.id (1555)"
			text := e.Error()
			table, _, _ := strings.Cut(text[strings.LastIndex(text, ": ")+2:], ".")
			return table
		}
	}
	return ""
}

// conflict turns a violated uniqueness into what the caller should hear.
func conflict(err error, msg string) error {
	if err != nil && taken(err) != "" {
		return reeve.Errorf(reeve.Conflict, "%s", reeve.Word(msg)).Because(err)
	}
	return err
}
