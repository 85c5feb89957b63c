package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// Several servers may start at once on one database: the first does the work
// and the others wait for it.
func (db *postgresDB) migrate(ctx context.Context) (err error) {
	const lock = 7310561972 // any number that nobody else uses
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("preparing the store: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return fmt.Errorf("preparing the store: %w", err)
	}
	defer func() {
		_, unlocking := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lock)
		err = errors.Join(err, unlocking)
	}()
	pool := stdlib.OpenDBFromPool(db.pool)
	defer pool.Close()
	return migrate(ctx, goose.DialectPostgres, "postgres", pool)
}

func migrate(ctx context.Context, dialect goose.Dialect, folder string, pool *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return fmt.Errorf("preparing the store: %w", err)
	}
	provider, err := goose.NewProvider(dialect, pool, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("preparing the store: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("preparing the store: %w", err)
	}
	return nil
}
