package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"reeve"
)

// postgresDB is a PostgreSQL database, which other servers may use as well.
type postgresDB struct {
	pool *pgxpool.Pool
	// writers bounds the transactions under way, so that a query that somebody
	// makes within one always finds a connection.
	writers chan struct{}
}

// postgresSettings are how every connection plans. What is asked here goes along
// indexes, and each statement is planned once: so its plan must not depend on
// how full the tables happen to be at that moment. See planFor for what is
// planned anew.
var postgresSettings = map[string]string{
	"application_name": "reeve",
	"plan_cache_mode":  "force_generic_plan",
	"enable_seqscan":   "off",
	"enable_hashjoin":  "off",
	"enable_mergejoin": "off",
	"jit":              "off",
	// To start helpers takes longer than to read a page.
	"max_parallel_workers_per_gather": "0",
}

func openPostgres(ctx context.Context, url string, readOnly bool) (*postgresDB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, reeve.Errorf(reeve.Invalid, "--database is not a URL that PostgreSQL understands; write it like postgres://USER:PASSWORD@HOST/NAME").Because(err)
	}
	maps.Copy(config.ConnConfig.RuntimeParams, postgresSettings)
	if readOnly {
		config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = 16
	}
	config.MaxConns = max(config.MaxConns, 2)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	db := &postgresDB{pool, make(chan struct{}, config.MaxConns/2)}
	if err = db.ping(ctx); err != nil {
		pool.Close()
		return nil, unreachable(config.ConnConfig, err)
	}
	if !readOnly {
		err = db.migrate(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	return db, nil
}

// unreachable says which database did not let us in, and why if it said so.
func unreachable(c *pgx.ConnConfig, cause error) error {
	at := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if said, ok := errors.AsType[*pgconn.PgError](cause); ok {
		return reeve.Errorf(reeve.Unavailable, "the PostgreSQL at %s says: %s; check --database", at, said.Message).Because(cause)
	}
	return reeve.Errorf(reeve.Unavailable, "no PostgreSQL answers at %s; check --database", at).Because(cause)
}

func (db *postgresDB) ping(ctx context.Context) error { return db.pool.Ping(ctx) }

func (db *postgresDB) close() error {
	db.pool.Close()
	return nil
}

func (db *postgresDB) query(ctx context.Context, text string, args ...any) (rows, error) {
	return db.pool.Query(ctx, text, storable(args)...)
}

// storable replaces in texts what PostgreSQL does not take, zero bytes and what
// is not UTF-8: whoever asks for such a thing hears that it is not there.
func storable(args []any) []any {
	fit := func(s string) string {
		return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
	}
	odd := func(s string) bool { return fit(s) != s }
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			args[i] = fit(v)
		case []string:
			if slices.ContainsFunc(v, odd) {
				v = slices.Clone(v) // it may be the caller's
				for j := range v {
					v[j] = fit(v[j])
				}
				args[i] = v
			}
		}
	}
	return args
}

func (db *postgresDB) list(name string, first int, columns ...column) (string, []any) {
	return postgresList(name, first, columns...)
}

func (db *postgresDB) among(number int, values column) (string, any) {
	return postgresAmong(number, values)
}

// page makes an array, which the planner takes to be short. Of a LIMIT that is
// an argument it believes that it may be a tenth of the table.
func (db *postgresDB) along(string) string { return "" }

func (db *postgresDB) page(subquery string) string { return "= ANY(ARRAY(" + subquery + "))" }

func postgresAmong(number int, values column) (string, any) {
	array, arg := values.array(number)
	return "= ANY(" + array + ")", arg
}

// array is a column as an argument with this number.
func (c column) array(number int) (string, any) {
	if c.texts == nil {
		return fmt.Sprintf("$%d::bigint[]", number), c.numbers
	}
	return fmt.Sprintf("$%d::text[]", number), c.texts
}

func postgresList(name string, first int, columns ...column) (string, []any) {
	arrays, names := make([]string, len(columns)), make([]string, len(columns))
	args := make([]any, len(columns))
	for i, c := range columns {
		names[i] = c.name
		arrays[i], args[i] = c.array(first + i)
	}
	return fmt.Sprintf("unnest(%s) AS %s (%s)", strings.Join(arrays, ", "), name, strings.Join(names, ", ")), args
}

// postgresSession is one transaction. Statements that nobody waits for are
// kept and sent together with the next that somebody waits for, the BEGIN too:
// a small transaction is a matter of round trips.
type postgresSession struct {
	conn  *pgxpool.Conn
	batch *pgx.Batch
	done  func() // gives the place among the writers back
	looks bool   // it reads only, and locks nothing
}

func (db *postgresDB) begin(ctx context.Context) (session, error) {
	select {
	case db.writers <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	done := func() { <-db.writers }
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		done()
		return nil, err
	}
	s := &postgresSession{conn, &pgx.Batch{}, done, false}
	s.batch.Queue("BEGIN")
	return s, nil
}

func (db *postgresDB) look(ctx context.Context) (session, error) {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	s := &postgresSession{conn, &pgx.Batch{}, func() {}, true}
	s.batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	return s, nil
}

func (s *postgresSession) later(_ context.Context, text string, args ...any) error {
	s.batch.Queue(text, storable(args)...)
	return nil
}

// send sends everything that waits and returns the results, which stand before
// that of the last statement.
func (s *postgresSession) send(ctx context.Context) (pgx.BatchResults, error) {
	batch := s.batch
	s.batch = &pgx.Batch{}
	results := s.conn.SendBatch(ctx, batch)
	for range batch.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // repeats the error
			return nil, err
		}
	}
	return results, nil
}

func (s *postgresSession) exec(ctx context.Context, text string, args ...any) (int64, error) {
	s.batch.Queue(text, storable(args)...)
	results, err := s.send(ctx)
	if err != nil {
		return 0, err
	}
	tag, err := results.Exec()
	if closing := results.Close(); err == nil {
		err = closing
	}
	return tag.RowsAffected(), err
}

func (s *postgresSession) query(ctx context.Context, text string, args ...any) (rows, error) {
	s.batch.Queue(text, storable(args)...)
	results, err := s.send(ctx)
	if err != nil {
		return nil, err
	}
	found, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, err
	}
	return &batchRows{found, results}, nil
}

// batchRows ends the batch with its rows.
type batchRows struct {
	pgx.Rows
	results pgx.BatchResults
}

// Close ends both. What could go wrong is reported by Err before.
func (r *batchRows) Close() {
	r.Rows.Close()
	_ = r.results.Close()
}

func (s *postgresSession) list(name string, first int, columns ...column) (string, []any) {
	return postgresList(name, first, columns...)
}

func (s *postgresSession) among(number int, values column) (string, any) {
	return postgresAmong(number, values)
}

// locking takes the weakest lock that keeps other writers of the row away.
func (s *postgresSession) locking(text string) string {
	if s.looks {
		return text
	}
	return text + " FOR NO KEY UPDATE"
}

func (s *postgresSession) commit(ctx context.Context) error {
	_, err := s.exec(context.WithoutCancel(ctx), "COMMIT")
	if err != nil {
		s.rollback()
		return err
	}
	s.conn.Release()
	s.done()
	return nil
}

func (s *postgresSession) rollback() {
	// If it fails, the connection is no good and the pool drops it.
	_, _ = s.conn.Exec(context.Background(), "ROLLBACK")
	s.conn.Release()
	s.done()
}

func (*postgresDB) beside(column string) string { return column }
