package main

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/keys"
	"reeve/internal/sqlstore"
)

// A fleet is a store of Reeve's with enrolled devices in it, written by a few
// statements instead of by as many enrolments. All devices are Linux machines
// with a persistent agent that can do everything, on one account; the tenth
// that enrolled first is a group of its own.
type fleet struct {
	kind    string
	size    int
	keys    *keys.Keys
	account reeve.Account
	ids     []string // in the order of enrolment, which is that of the internal keys
	group   string   // id of the group
	url     string   // of the database

	db    *sql.DB // for what the server has no door for
	bench *bench
}

const (
	fleetGroup  = "first tenth"
	firstMAC    = 0x02_00_00_00_00_00
	deviceFacts = `{"os_name":"Debian GNU/Linux","os_version":"12.11","arch":"amd64","type":"laptop"}`
)

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

// create makes an empty store with an account.
func (f *fleet) create(ctx context.Context) (err error) {
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
	defer store.Close()
	_, err = control.New(store, f.keys.Seal, nil, control.Options{}).
		SetUp(ctx, func(control.Bootstrap) error { return nil })
	if err != nil {
		return err
	}
	accounts, err := store.Accounts(ctx)
	if err != nil {
		return err
	}
	f.account = accounts[0]
	group := reeve.Group{ID: reeve.NewID(), Name: fleetGroup, Created: time.Now(), Modified: time.Now()}
	group, err = store.AddGroup(ctx, f.account.No, group, reeve.AuditEntry{Account: f.account.No, At: time.Now(), Event: "group_created"})
	f.group = group.ID
	return err
}

// loading are the statements that write a fleet. What the two databases say
// differently stands in braces.
const loading = `
INSERT INTO classes (no, kind, system, version, abilities) VALUES (1, {kind}, {system}, '26.11.0.0', {abilities});
INSERT INTO devices (no, account, id, class, key, group_no, added, enrolled, archived, erase_at)
	{series} SELECT i, {account}, {id}, 8, {key}, (SELECT no FROM device_groups WHERE (name = '{group}') = (i <= {size} / 10)),
	{enrolled} + i, {enrolled} + i, 0, 0 FROM n;
INSERT INTO device_names (device, hostname, folded, nickname, hardware_id)
	{series} SELECT i, 'host-' || (10000000 + i) || '.example', 'host-' || (10000000 + i) || '.example', '', '' FROM n;
INSERT INTO device_facts (device, facts, identity)
	{series} SELECT i, '{facts}', '' FROM n;
INSERT INTO macs (account, mac, device) {series} SELECT {account}, {mac} + i, i FROM n;
INSERT INTO presence (device, online, last_seen, address) {series} SELECT i, 0, {enrolled} + i, '192.0.2.1' FROM n`

// dialects say how each database counts and makes ids and keys.
var dialects = map[string][]string{
	sqlite: {
		"{series}", "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {size})",
		"{id}", "lower(hex(randomblob(16)))",
		"{key}", "randomblob(32)",
	},
	postgres: {
		"{series}", "WITH n AS (SELECT i FROM generate_series(1, {size}) AS i)",
		"{id}", "md5('device ' || i)",
		"{key}", "sha256(convert_to('key ' || i, 'UTF8'))",
	},
}

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
	text := strings.NewReplacer(dialects[f.kind]...).Replace(loading)
	text = strings.NewReplacer(
		"{size}", fmt.Sprint(f.size), "{account}", fmt.Sprint(f.account.No), "{group}", fleetGroup,
		"{kind}", fmt.Sprint(int(reeve.Persistent)), "{system}", fmt.Sprint(int(reeve.Linux)),
		"{abilities}", fmt.Sprint(uint32(everyAbility)), "{enrolled}", "1780000000000000",
		"{mac}", fmt.Sprint(firstMAC), "{facts}", deviceFacts,
	).Replace(text)
	err = inTransaction(ctx, f.db, func(tx *sql.Tx) error {
		for _, statement := range strings.Split(text, ";\n") {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		if err := f.giveKeys(ctx, tx, agents); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO device_keys (key, device) SELECT key, no FROM devices")
		return err
	})
	if err != nil {
		return err
	}
	if f.kind == sqlite {
		return execAll(ctx, f.db, "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return execAll(ctx, f.db, fmt.Sprintf("SELECT setval('device_no', %d)", f.size), "VACUUM (ANALYZE)", "CHECKPOINT")
}

var everyAbility = reeve.AbilitiesOf([]string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats", "retire"})

// giveKeys replaces the keys of the first devices by those of seedOf.
func (f *fleet) giveKeys(ctx context.Context, tx *sql.Tx, agents int) error {
	for no := range int64(agents) {
		public := ed25519.NewKeyFromSeed(seedOf(no + 1)).Public().(ed25519.PublicKey)
		if _, err := tx.ExecContext(ctx, "UPDATE devices SET key = $1 WHERE no = $2", []byte(public), no+1); err != nil {
			return err
		}
	}
	return nil
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
	return execAll(ctx, f.db, "TRUNCATE devices, exemptions, commands, command_notes, jobs, open_jobs, effect_ends",
		"INSERT INTO devices SELECT * FROM loaded", "VACUUM (ANALYZE) devices", "CHECKPOINT")
}
