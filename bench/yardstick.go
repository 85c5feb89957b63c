package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// FROZEN. This is R, the yardstick: what a plain first draft of the schema costs
// when it does the least that placing a job can do. Goals are multiples of it,
// so a change here moves every goal: do not improve it.
//
// Keys are 32 hex digits as text everywhere. A device carries the indexes that
// its lists want; a command is found by its id, by its device in time order, by
// its account's job and state, and by what falls due.
//
// A pass is one transaction on a fleet of its own, never touched before, with
// the ids of the devices, sorted, and those of the new commands, random, already
// in a table: for exempt one UPDATE of the devices and one INSERT of the
// commands; for a scan the INSERT alone. No lookups, decisions, seals, job or log rows.
const yardstickSchema = `
CREATE TABLE devices (
	account TEXT NOT NULL, id TEXT NOT NULL, hostname TEXT NOT NULL, group_id TEXT NOT NULL,
	standing BIGINT NOT NULL, kind BIGINT NOT NULL, system BIGINT NOT NULL, version TEXT NOT NULL,
	exempt_until BIGINT NOT NULL, enrolled BIGINT NOT NULL, last_seen BIGINT NOT NULL,
	PRIMARY KEY (account, id));
CREATE INDEX devices_hostname ON devices (account, hostname);
CREATE INDEX devices_group ON devices (account, group_id);
CREATE TABLE commands (
	account TEXT NOT NULL, id TEXT NOT NULL, job TEXT NOT NULL, device TEXT NOT NULL,
	action TEXT NOT NULL, state BIGINT NOT NULL, created BIGINT NOT NULL, deadline BIGINT NOT NULL,
	result TEXT NOT NULL,
	PRIMARY KEY (account, id));
CREATE INDEX commands_device ON commands (account, device, created);
CREATE INDEX commands_job ON commands (account, job, state);
CREATE INDEX commands_deadline ON commands (state, deadline);
CREATE TABLE targets (device TEXT NOT NULL, command TEXT NOT NULL)`

const (
	yardstickUpdate = `UPDATE devices SET exempt_until = $1
		WHERE account = $2 AND id IN (SELECT device FROM targets)`
	yardstickInsert = `INSERT INTO commands (account, id, job, device, action, state, created, deadline, result)
		SELECT CAST($1 AS TEXT), command, CAST($2 AS TEXT), device, CAST($3 AS TEXT),
			CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), '' FROM targets`
)

// The two actions that R knows: one changes the record, one only commands.
const (
	exempt = "exempt"
	scan   = "scan"
)

// A yardstick is R for one fleet on one kind of database.
type yardstick struct {
	account string
	job     string
	targets int
	// fresh opens a database with the fleet and its targets as if just loaded.
	fresh func(context.Context) (*sql.DB, error)
}

// newYardstick loads a fleet of which the first targets devices are to be
// ordered. The same sizes make the same fleet on every machine.
func (b *bench) newYardstick(ctx context.Context, kind string, fleet, targets int) (*yardstick, error) {
	dice := rand.New(rand.NewPCG(uint64(fleet), uint64(targets)))
	y := &yardstick{account: hexID(dice), job: hexID(dice), targets: targets}
	var err error
	switch kind {
	case sqlite:
		err = y.loadSQLite(ctx, b, dice, fleet)
	case postgres:
		err = y.loadPostgres(ctx, b, dice, fleet)
	}
	if err != nil {
		return nil, fmt.Errorf("loading the yardstick on %s: %w", kind, err)
	}
	return y, nil
}

// place is one pass of R.
func (y *yardstick) place(ctx context.Context, action string) pass {
	return func() (time.Duration, error) {
		db, err := y.fresh(ctx)
		if err != nil {
			return 0, err
		}
		defer db.Close()
		now := time.Now()
		err = inTransaction(ctx, db, func(tx *sql.Tx) error {
			if action == exempt {
				err := y.exec(ctx, tx, yardstickUpdate, now.Add(time.Hour).UnixMicro(), y.account)
				if err != nil {
					return err
				}
			}
			return y.exec(ctx, tx, yardstickInsert, y.account, y.job, action, 1,
				now.UnixMicro(), now.Add(time.Hour).UnixMicro())
		})
		return time.Since(now), err
	}
}

// exec runs a statement that must touch every target.
func (y *yardstick) exec(ctx context.Context, tx *sql.Tx, statement string, args ...any) error {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != int64(y.targets) {
		return fmt.Errorf("touched %d rows of %d: %w", n, y.targets, err)
	}
	return nil
}

// loadSQLite fills a file once; every pass works on a copy.
func (y *yardstick) loadSQLite(ctx context.Context, b *bench, dice *rand.Rand, fleet int) error {
	loaded := filepath.Join(b.dir, "yardstick.db")
	db, err := openSQLite(loaded)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := execAll(ctx, db, strings.Split(yardstickSchema, ";")...); err != nil {
		return err
	}
	if err := y.fill(ctx, db, dice, fleet); err != nil {
		return err
	}
	if err := execAll(ctx, db, "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return err
	}
	copied := filepath.Join(b.dir, "pass.db")
	y.fresh = func(ctx context.Context) (*sql.DB, error) {
		os.Remove(copied + "-wal")
		os.Remove(copied + "-shm")
		if err := copyFile(copied, loaded); err != nil {
			return nil, err
		}
		db, err := openSQLite(copied)
		if err != nil {
			return nil, err
		}
		return db, db.PingContext(ctx)
	}
	return nil
}

// copyFile leaves nothing of the copy to be written to the disk later, by a pass.
func copyFile(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Sync(), file.Close())
}

// loadPostgres fills a schema once; every pass fills one of its own from it, as
// full as a table is that only ever grew, with nothing left for autovacuum to do
// and the log of it written out.
func (y *yardstick) loadPostgres(ctx context.Context, b *bench, dice *rand.Rand, fleet int) error {
	url, err := b.postgresSchema(ctx)
	if err != nil {
		return err
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := execAll(ctx, db, strings.Split(yardstickSchema, ";")...); err != nil {
		return err
	}
	if err := y.fill(ctx, db, dice, fleet); err != nil {
		return err
	}
	if err := execAll(ctx, db, "CREATE TABLE loaded AS SELECT * FROM devices"); err != nil {
		return err
	}
	create := strings.Split(yardstickSchema, ";")
	create = create[:len(create)-1] // the targets stay as they are
	y.fresh = func(ctx context.Context) (*sql.DB, error) {
		db, err := sql.Open("pgx", url)
		if err != nil {
			return nil, err
		}
		steps := append([]string{"DROP TABLE IF EXISTS devices, commands"}, create...)
		steps = append(steps, "INSERT INTO devices SELECT * FROM loaded",
			"VACUUM (ANALYZE) devices", "VACUUM (ANALYZE) targets", "CHECKPOINT")
		return db, execAll(ctx, db, steps...)
	}
	return nil
}

// fill writes the fleet, in the order in which it enrolled, and its targets, in
// the order of their ids.
func (y *yardstick) fill(ctx context.Context, db *sql.DB, dice *rand.Rand, fleet int) error {
	group := hexID(dice)
	ids := make([]string, fleet)
	device := func(i int) string {
		ids[i] = hexID(dice)
		return fmt.Sprintf("('%s','%s','host-%07d.example','%s',%d,0,%d,'26.11.0.0',0,%d,%d)",
			y.account, ids[i], i, group, dice.IntN(4)/3, dice.IntN(3),
			1_780_000_000_000_000+i, 1_790_000_000_000_000+dice.IntN(1e12))
	}
	target := func(i int) string { return fmt.Sprintf("('%s','%s')", ids[i], hexID(dice)) }
	return inTransaction(ctx, db, func(tx *sql.Tx) error {
		if err := inChunks(ctx, tx, "devices", fleet, device); err != nil {
			return err
		}
		slices.Sort(ids[:y.targets])
		return inChunks(ctx, tx, "targets", y.targets, target)
	})
}

// inChunks inserts count rows, of which row writes each as SQL has it.
func inChunks(ctx context.Context, tx *sql.Tx, table string, count int, row func(int) string) error {
	const chunk = 1000
	for first := 0; first < count; first += chunk {
		var rows []string
		for i := first; i < min(first+chunk, count); i++ {
			rows = append(rows, row(i))
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+table+" VALUES "+strings.Join(rows, ",")); err != nil {
			return err
		}
	}
	return nil
}

// hexID makes an id as the outside sees them: 32 hex digits.
func hexID(dice *rand.Rand) string {
	var id [16]byte
	for i := range id {
		id[i] = byte(dice.Uint32())
	}
	return hex.EncodeToString(id[:])
}
