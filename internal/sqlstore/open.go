package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"reeve"
	"reeve/internal/seal"
)

// A Store implements every store interface of the root package. It is safe for
// concurrent use.
type Store struct {
	db      database
	head    seal.HeadKey
	classes classes
	windows windows
	changes changeBlocks
	ranks   leafRanks
	trials  chan struct{} // one place for each that may go on at a time

	duplicates duplicates
}

// Open opens the store at url and brings its tables up to date: either
// "postgres://...", or the path of a SQLite file with or without "sqlite:"
// before it, which is created if it is missing. Head marks the ends of the
// logs. Only one process may have a SQLite file open at a time: for a second
// one the answer is a Conflict.
func Open(ctx context.Context, url string, head seal.HeadKey) (*Store, error) {
	return open(ctx, url, head, false)
}

// OpenReadOnly opens a store that exists and that a server may be using
// meanwhile. What would change it fails.
func OpenReadOnly(ctx context.Context, url string, head seal.HeadKey) (*Store, error) {
	return open(ctx, url, head, true)
}

func open(ctx context.Context, url string, head seal.HeadKey, readOnly bool) (*Store, error) {
	s := &Store{head: head, trials: make(chan struct{}, trialsAtOnce)}
	var err error
	if scheme, _, _ := strings.Cut(url, ":"); scheme == "postgres" || scheme == "postgresql" {
		var db *postgresDB
		db, err = openPostgres(ctx, url, readOnly)
		s.db, s.windows = db, sharedWindows{s}
	} else {
		var db *sqliteDB
		db, err = openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"), readOnly)
		s.db, s.windows = db, &ownWindows{}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends all connections. It waits for what is running.
func (s *Store) Close() error { return s.db.close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.ping(ctx) }

// Belong ties the store to the root key with this fingerprint, for good, if it
// belongs to none yet. Conflict if it belongs to another.
func (s *Store) Belong(ctx context.Context, pin string) error {
	readPin := func(r rows) (v string, err error) { return v, r.Scan(&v) }
	mine, found, err := first(ctx, s.db, readPin, "SELECT pin FROM installation")
	if err == nil && !found {
		err = s.change(ctx, func(t *tx) error {
			err := t.later("INSERT INTO installation (no, pin) VALUES (1, $1) ON CONFLICT DO NOTHING", pin)
			if err != nil {
				return err
			}
			mine, _, err = first(ctx, t, readPin, "SELECT pin FROM installation")
			return err
		})
	}
	if err == nil && mine != pin {
		err = reeve.Errorf(reeve.Conflict, "this store belongs to a server with other keys (pin %s); start with the keys it was made with, or with a store of its own", mine)
	}
	return err
}

func locked(name string, cause error) error {
	return reeve.Errorf(reeve.Conflict, "another reeve server is using this directory, since it holds %s; stop it first, or give this one a directory of its own", name).Because(cause)
}

// tx is one transaction with what is to be logged in it. Like every
// transaction, it remembers the context that it began with.
type tx struct {
	session
	ctx     context.Context
	store   *Store
	entries []logged

	newClasses map[reeve.Class]int64 // rows that it added or met uncommitted
}

// change runs fn in a transaction and commits if it returns nil. What fn gives
// to log is appended at the very end, so that the lock on a log's head, which
// everybody needs, is held only for a moment.
func (s *Store) change(ctx context.Context, fn func(t *tx) error) (err error) {
	session, err := s.db.begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	t := &tx{session: session, ctx: ctx, store: s}
	done := false
	defer func() {
		if !done {
			session.rollback()
		}
	}()
	if err := t.spend(); err != nil {
		return err
	}
	if err := fn(t); err != nil {
		return err
	}
	if err := t.appendLog(); err != nil {
		return err
	}
	done = true // commit clears up behind itself
	return session.commit(ctx)
}

func (t *tx) exec(text string, args ...any) (int64, error) {
	return t.session.exec(t.ctx, text, args...)
}

func (t *tx) later(text string, args ...any) error { return t.session.later(t.ctx, text, args...) }

func (t *tx) log(entries ...reeve.AuditEntry) {
	for _, e := range entries {
		t.entries = append(t.entries, logged{AuditEntry: e})
	}
}
