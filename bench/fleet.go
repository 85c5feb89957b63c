package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/keys"
	"reeve/internal/sqlstore"
)

// A fleet is a store of Reeve's with enrolled devices in it: one of them as the
// store keeps it, and the others copied from it by a few statements. All are
// Linux machines of one account, with a persistent agent that can do everything;
// the tenth that enrolled first is a group of its own.
type fleet struct {
	kind    string
	size    int
	keys    *keys.Keys
	account reeve.Account
	ids     []string // in the order of enrolment, which is that of the internal keys
	group   string   // id of the group
	url     string   // of the database

	db    *sql.DB // for what the server has no door for
	empty string  // tables that have nothing in them after loading; only on PostgreSQL
	bench *bench
}

// newFleet loads size devices, of which the first agents have keys with which
// they can connect.
func (b *bench) newFleet(ctx context.Context, kind string, size, agents int) (*fleet, error) {
	f := &fleet{kind: kind, size: size, bench: b}
	err := f.create(ctx)
	if err == nil {
		err = f.fill(ctx, agents)
	}
	if err == nil {
		err = f.readIDs(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("loading a fleet on %s: %w", kind, err)
	}
	return f, nil
}

// create makes a store with an account and one device.
func (f *fleet) create(ctx context.Context) error {
	dir, err := os.MkdirTemp(f.bench.dir, "fleet-")
	if err != nil {
		return err
	}
	if f.keys, err = keys.Open(filepath.Join(dir, "keys"), time.Now); err != nil {
		return err
	}
	switch f.kind {
	case sqlite:
		f.url = filepath.Join(dir, "reeve.db")
	case postgres:
		if f.url, err = f.bench.postgresSchema(ctx); err != nil {
			return err
		}
	}
	store, err := sqlstore.Open(ctx, f.url, f.keys.Head())
	if err != nil {
		return err
	}
	return errors.Join(f.enrol(ctx, store), store.Close())
}

// enrol enrols the first device.
func (f *fleet) enrol(ctx context.Context, store *sqlstore.Store) error {
	rules := control.New(store, f.keys.Seal, nil, control.Options{})
	if _, err := rules.SetUp(ctx, func(control.Bootstrap) error { return nil }); err != nil {
		return err
	}
	accounts, err := store.Accounts(ctx)
	if err != nil {
		return err
	}
	f.account = accounts[0]
	caller := reeve.Caller{Account: f.account.No, Scopes: reeve.Scopes{reeve.Write}}
	group, err := rules.CreateGroup(ctx, caller, "the first tenth", "")
	if err != nil {
		return err
	}
	f.group = group.ID
	now := time.Now()
	device := reeve.Device{
		ID: reeve.NewID(), Key: reeve.Key(publicKey(1)), MACs: []reeve.MAC{firstMAC + 1}, Hostname: hostname(1),
		Class: reeve.Class{Kind: reeve.Persistent, System: reeve.Linux, Version: reeve.Version{26, 11}, Abilities: everyAbility},
		Facts: deviceFacts, AddedAt: now, EnrolledAt: now, LastSeen: now, PublicIP: "192.0.2.1",
	}
	return store.Enrol(ctx, func(e reeve.Enrolling) error {
		saved, err := e.Save(f.account.No, device)
		if err == nil && saved.No != 1 {
			err = fmt.Errorf("the first device has the number %d", saved.No)
		}
		return err
	})
}

var (
	everyAbility = reeve.AbilitiesOf([]string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats", "retire"})
	deviceFacts  = reeve.Facts{OSName: "Debian GNU/Linux", OSVersion: "12.11", Architecture: "amd64", Type: "laptop"}
)

const firstMAC = 0x02_00_00_00_00_00

func hostname(device int64) string { return fmt.Sprintf("host-%d.example", 10_000_000+device) }

// copies says in which tables the first device has rows, and what differs there
// in the rows of device i. Braces are what the databases say differently.
var copies = []struct {
	table   string
	differs map[string]string
}{
	{"devices", map[string]string{"no": "i", "id": "{id}", "key": "{key}", "folded": "{hostname}",
		"group_no": "CASE WHEN i <= {size} / 10 THEN (SELECT MAX(no) FROM device_groups) ELSE t.group_no END"}},
	{"device_names", map[string]string{"device": "i", "hostname": "{hostname}", "folded": "{hostname}"}},
	{"device_facts", map[string]string{"device": "i"}},
	{"macs", map[string]string{"device": "i", "mac": "{mac} + i"}},
	{"presence", map[string]string{"device": "i"}},
}

// dialects say how each database counts from 2 and makes ids and keys.
var dialects = map[string][]string{
	sqlite: {
		"{series}", "(WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < {size}) SELECT i FROM n)",
		"{id}", "lower(hex(randomblob(16)))",
		"{key}", "randomblob(32)",
	},
	postgres: {
		"{series}", "generate_series(2, {size})",
		"{id}", "md5('device ' || i)",
		"{key}", "sha256(convert_to('key ' || i, 'UTF8'))",
	},
}

// fill gives the first device its likes.
func (f *fleet) fill(ctx context.Context, agents int) error {
	var err error
	switch f.kind {
	case sqlite:
		// Whoever loses power while loading loads again.
		f.db, err = sql.Open("sqlite", "file:"+f.url+"?_pragma=synchronous(OFF)&_pragma=cache_size(-1048576)")
		if err == nil {
			f.db.SetMaxOpenConns(1)
		}
	case postgres:
		f.db, err = sql.Open("pgx", f.url)
	}
	if err != nil {
		return err
	}
	f.bench.after(func() { f.db.Close() })
	err = inTransaction(ctx, f.db, func(tx *sql.Tx) error {
		err := f.bare(ctx, tx, copied(), func() error {
			for _, c := range copies {
				if err := f.multiply(ctx, tx, c.table, c.differs); err != nil {
					return fmt.Errorf("filling %s: %w", c.table, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for device := int64(2); device <= int64(agents); device++ {
			_, err := tx.ExecContext(ctx, "UPDATE devices SET key = $1 WHERE no = $2", publicKey(device), device)
			if err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO device_keys (key, device) SELECT key, no FROM devices WHERE no > 1 ORDER BY key")
		return err
	})
	if err != nil {
		return err
	}
	if f.kind == sqlite {
		if err := execAll(ctx, f.db, "INSERT INTO words (words) VALUES ('rebuild')"); err != nil {
			return err
		}
	}
	return f.settle(ctx)
}

// copied are the tables of which fill copies rows.
func copied() (tables []string) {
	for _, c := range copies {
		tables = append(tables, c.table)
	}
	return tables
}

// bare does work on SQLite while these tables have no indexes but their keys:
// those are built from sorted rows faster than row by row.
func (f *fleet) bare(ctx context.Context, tx *sql.Tx, tables []string, work func() error) error {
	if f.kind != sqlite {
		return work()
	}
	rows, err := tx.QueryContext(ctx, "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY rowid")
	if err != nil {
		return err
	}
	defer rows.Close()
	var drop, build []string
	for rows.Next() {
		var name, table, text string
		if err := rows.Scan(&name, &table, &text); err != nil {
			return err
		}
		if slices.Contains(tables, table) {
			drop, build = append(drop, "DROP INDEX "+name), append(build, text)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, text := range drop {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	if err := work(); err != nil {
		return err
	}
	for _, text := range build {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// settle has the databases do what they would have done by themselves, had the
// rows come through the server.
func (f *fleet) settle(ctx context.Context) error {
	if f.kind == sqlite {
		return execAll(ctx, f.db, "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	err := execAll(ctx, f.db, fmt.Sprintf("SELECT setval('device_no', %d)", f.size), "VACUUM (ANALYZE)", "CHECKPOINT")
	if err != nil {
		return err
	}
	return f.db.QueryRowContext(ctx, `SELECT string_agg(quote_ident(relname), ', ') FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND reltuples = 0`).Scan(&f.empty)
}

// multiply copies the first device's row of a table for all others.
func (f *fleet) multiply(ctx context.Context, tx *sql.Tx, table string, differs map[string]string) error {
	none, err := tx.QueryContext(ctx, "SELECT * FROM "+table+" WHERE 1 = 0")
	if err != nil {
		return err
	}
	columns, err := none.Columns()
	if err := errors.Join(err, none.Close()); err != nil {
		return err
	}
	values := make([]string, len(columns))
	for i, name := range columns {
		values[i] = cmp.Or(differs[name], "t."+name)
	}
	text := "INSERT INTO " + table + " SELECT " + strings.Join(values, ", ") + " FROM {series} AS n (i) CROSS JOIN " + table + " AS t"
	if f.kind == sqlite {
		text = strings.Replace(text, "AS n (i)", "AS n", 1)
	}
	text = strings.NewReplacer(dialects[f.kind]...).Replace(text)
	text = strings.NewReplacer("{size}", fmt.Sprint(f.size), "{mac}", fmt.Sprint(firstMAC),
		"{hostname}", "'host-' || (10000000 + i) || '.example'").Replace(text)
	_, err = tx.ExecContext(ctx, text)
	return err
}

// seedOf is the private key of a device that connects.
func seedOf(device int64) []byte {
	seed := sha256.Sum256(fmt.Appendf(nil, "bench agent %d", device))
	return seed[:]
}

func publicKey(device int64) []byte {
	return ed25519.NewKeyFromSeed(seedOf(device)).Public().(ed25519.PublicKey)
}

func (f *fleet) readIDs(ctx context.Context) error {
	rows, err := f.db.QueryContext(ctx, "SELECT id FROM devices ORDER BY no")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		f.ids = append(f.ids, id)
	}
	return rows.Err()
}

// keep remembers the fleet as it is now, so that fresh can bring it back.
func (f *fleet) keep(ctx context.Context) error {
	if f.kind == sqlite {
		return errors.Join(f.db.Close(), os.Rename(f.url, f.url+".loaded"))
	}
	return execAll(ctx, f.db, "CREATE TABLE loaded AS SELECT * FROM devices ORDER BY no")
}

// fresh makes the store what it was when it was kept, as R does: nothing has
// been touched, nothing is left to be tidied up, and the caches know little.
func (f *fleet) fresh(ctx context.Context) error {
	if f.kind == sqlite {
		os.Remove(f.url + "-wal")
		os.Remove(f.url + "-shm")
		return copyFile(f.url, f.url+".loaded")
	}
	return execAll(ctx, f.db, "TRUNCATE devices, "+f.empty,
		"INSERT INTO devices SELECT * FROM loaded", "VACUUM (ANALYZE) devices, "+f.empty, "CHECKPOINT")
}
