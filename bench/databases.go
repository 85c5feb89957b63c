package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
	_ "modernc.org/sqlite"             // registers "sqlite"
)

// The two kinds of database that everything is measured on.
const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// openSQLite opens the file with the settings of a server: every commit is on
// the disk, and there is one writer.
func openSQLite(file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(5000)"+
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=cache_size(-65536)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// postgresSchema makes an empty schema of its own on the server and returns the
// URL that leads into it. The schema goes when the figure is done.
func (b *bench) postgresSchema(ctx context.Context) (string, error) {
	if b.postgres == "" {
		return "", errors.New("REEVE_TEST_POSTGRES names no server; make bench starts one")
	}
	admin, err := sql.Open("pgx", b.postgres)
	if err != nil {
		return "", err
	}
	schema := "bench_" + strings.ToLower(rand.Text()[:10])
	if _, err := admin.ExecContext(ctx, "CREATE SCHEMA "+schema); err != nil {
		return "", errors.Join(err, admin.Close())
	}
	b.after(func() {
		admin.ExecContext(context.WithoutCancel(ctx), "DROP SCHEMA "+schema+" CASCADE")
		admin.Close()
	})
	address, err := url.Parse(b.postgres)
	if err != nil {
		return "", err
	}
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return address.String(), nil
}

// execAll runs the statements one by one.
func execAll(ctx context.Context, db *sql.DB, statements ...string) error {
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// inTransaction runs work and commits what it did, or undoes it.
func inTransaction(ctx context.Context, db *sql.DB, work func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}
