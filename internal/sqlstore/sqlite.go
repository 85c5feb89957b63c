package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver
)

// sqliteDB is a SQLite file: one connection that writes, and some that read
// meanwhile what was committed before. Each keeps the statements it prepared,
// whose texts are finitely many.
type sqliteDB struct {
	pools  []*sql.DB
	lock   *os.File         // held while the file is open for writing
	writer chan *sqliteConn // nil in a store that is only read
	reader chan *sqliteConn
	opened []chan *sqliteConn // where each connection is when nobody uses it

	// See tidy; nil in a store that is only read.
	untidy, closing, tidied chan struct{}
}

// What every connection is set to. A commit is on the disk when it returns. The
// writer keeps up to 64 MiB of pages, a reader 16.
const (
	sqliteCommon = "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)"
	sqliteWriter = sqliteCommon + "&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=wal_autocheckpoint(0)&_pragma=cache_size(-65536)"
	sqliteReader = sqliteCommon + "&_pragma=query_only(1)&_pragma=cache_size(-16384)"
)

func sqliteURI(file, settings string) string {
	path := filepath.ToSlash(file)
	if filepath.VolumeName(file) != "" {
		path = "/" + path
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + settings
}

// openSQLite opens the file, alone if it is to be written.
func openSQLite(ctx context.Context, file string, readOnly bool) (*sqliteDB, error) {
	db := &sqliteDB{reader: make(chan *sqliteConn, max(4, runtime.GOMAXPROCS(0)))}
	readers := sqliteReader
	if readOnly {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("opening the store: %w", err)
		}
		readers += "&mode=ro"
	} else if err := db.claim(ctx, file); err != nil {
		return nil, errors.Join(err, db.close())
	}
	for range cap(db.reader) {
		pool, err := db.pool(sqliteURI(file, readers))
		if err == nil {
			err = db.connect(ctx, pool, db.reader)
		}
		if err != nil {
			return nil, errors.Join(err, db.close())
		}
	}
	if !readOnly {
		db.untidy, db.closing, db.tidied = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
		go db.tidy()
	}
	return db, nil
}

// claim locks the file against other servers, creates it if need be, and opens
// the connection that writes.
func (db *sqliteDB) claim(ctx context.Context, file string) error {
	var err error
	db.writer = make(chan *sqliteConn, 1)
	if db.lock, err = lockFile(file + ".lock"); err != nil {
		return err
	}
	created, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("opening the store: %w", err)
	}
	if err := created.Close(); err != nil {
		return fmt.Errorf("opening the store: %w", err)
	}
	pool, err := db.pool(sqliteURI(file, sqliteWriter))
	if err != nil {
		return err
	}
	if err := migrate(ctx, goose.DialectSQLite3, "sqlite", pool); err != nil {
		return err
	}
	return db.connect(ctx, pool, db.writer)
}

// pool opens a pool that serves for one connection.
func (db *sqliteDB) pool(uri string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", uri)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	pool.SetMaxOpenConns(1)
	db.pools = append(db.pools, pool)
	return pool, nil
}

func (db *sqliteDB) connect(ctx context.Context, pool *sql.DB, place chan *sqliteConn) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("opening the store: %w", err)
	}
	db.opened = append(db.opened, place)
	place <- &sqliteConn{conn, map[string]*sql.Stmt{}}
	return nil
}

// close waits for every connection to come back.
func (db *sqliteDB) close() error {
	if db.closing != nil {
		close(db.closing)
		<-db.tidied
	}
	var errs []error
	for _, place := range db.opened {
		errs = append(errs, (<-place).close())
	}
	for _, pool := range db.pools {
		errs = append(errs, pool.Close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.Close())
	}
	return errors.Join(errs...)
}

func (db *sqliteDB) ping(ctx context.Context) error {
	_, _, err := first(ctx, db, number, "SELECT 1")
	return err
}

func (db *sqliteDB) query(ctx context.Context, text string, args ...any) (rows, error) {
	select {
	case conn := <-db.reader:
		found, err := conn.query(ctx, text, args...)
		if err != nil {
			db.reader <- conn
			return nil, err
		}
		return &lentRows{found, func() { db.reader <- conn }}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lentRows gives its connection back when it is closed.
type lentRows struct {
	rows
	giveBack func()
}

func (r *lentRows) Close() {
	r.rows.Close()
	if r.giveBack != nil {
		r.giveBack()
		r.giveBack = nil
	}
}

func (db *sqliteDB) list(name string, first int, columns ...column) (string, []any) {
	return sqliteList(name, first, columns...)
}

func (db *sqliteDB) among(number int, values column) (string, any) {
	return sqliteAmong(number, values)
}

func (db *sqliteDB) along(index string) string { return " INDEXED BY " + index }

func (db *sqliteDB) page(subquery string) string { return "IN (" + subquery + ")" }

// sqliteConn is one connection. It is used by one goroutine at a time.
type sqliteConn struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func (c *sqliteConn) close() error {
	var errs []error
	for _, statement := range c.prepared {
		errs = append(errs, statement.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

func (c *sqliteConn) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if statement := c.prepared[text]; statement != nil {
		return statement, nil
	}
	statement, err := c.conn.PrepareContext(ctx, text)
	if err == nil {
		c.prepared[text] = statement
	}
	return statement, err
}

func (c *sqliteConn) query(ctx context.Context, text string, args ...any) (rows, error) {
	statement, err := c.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	found, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return sqliteRows{found}, nil
}

type sqliteRows struct{ *sql.Rows }

// Close ends the query. What could go wrong is reported by Err before.
func (r sqliteRows) Close() { _ = r.Rows.Close() }

// sqliteList makes one JSON text of the slices, since SQLite has no arrays.
func sqliteList(name string, first int, columns ...column) (string, []any) {
	var text strings.Builder
	fmt.Fprintf(&text, "(SELECT ")
	for i, c := range columns {
		if i > 0 {
			text.WriteString(", ")
		}
		if len(columns) == 1 {
			fmt.Fprintf(&text, "value AS %s", c.name)
		} else {
			fmt.Fprintf(&text, "value ->> %d AS %s", i, c.name)
		}
	}
	fmt.Fprintf(&text, " FROM json_each($%d)) AS %s", first, name)
	return text.String(), []any{string(appendList(nil, columns))}
}

func sqliteAmong(number int, values column) (string, any) {
	return fmt.Sprintf("IN (SELECT value FROM json_each($%d))", number), string(appendList(nil, []column{values}))
}

func appendList(b []byte, columns []column) []byte {
	b = append(b, '[')
	for row := range columns[0].len() {
		if row > 0 {
			b = append(b, ',')
		}
		if len(columns) > 1 {
			b = append(b, '[')
		}
		for i, c := range columns {
			if i > 0 {
				b = append(b, ',')
			}
			if c.texts == nil {
				b = strconv.AppendInt(b, c.numbers[row], 10)
			} else {
				word, _ := json.Marshal(c.texts[row]) // a string always has a JSON form
				b = append(b, word...)
			}
		}
		if len(columns) > 1 {
			b = append(b, ']')
		}
	}
	return append(b, ']')
}

// A sign makes it an expression, which no index has. Without statistics SQLite
// takes what is equal before what is between, however many rows that leaves.
func (*sqliteDB) beside(column string) string { return "+" + column }
