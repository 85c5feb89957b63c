package sqlstore

import (
	"context"
	"strings"
	"time"

	"reeve"
)

var (
	noOutlet   = reeve.Errorf(reeve.NotFound, "there is no such outlet in this account")
	lostOutlet = reeve.Errorf(reeve.Conflict, "the outlet was changed, or another node serves it")
)

const (
	outletColumns = `SELECT o.no, o.account, o.id, o.kind, o.name, o.enabled, o.events, o.settings, o.sealed, o.version, o.created,
		o.seq, o.leaf, o.failures, o.last_success, o.last_failure, o.last_error, h.seq
		FROM outlets AS o JOIN log_heads AS h ON h.account = o.account`
	outletNameUsed = "this name is taken; choose another"
	// claimable takes node, now and the time by which a claim is renewed.
	claimable = "enabled = 1 AND (held_until <= $2 OR holder = $1 AND held_until <= $3)"
)

func scanOutlet(r rows) (o reeve.Outlet, err error) {
	var kind, events, settings string
	var enabled, created, success, failure int64
	err = r.Scan(&o.No, &o.Account, &o.ID, &kind, &o.Name, &enabled, &events, &settings, &o.Sealed, &o.Version, &created,
		&o.Place.Seq, &o.Place.Leaf, &o.Failures, &success, &failure, &o.LastError, &o.Head)
	if err != nil {
		return o, err
	}
	o.Kind, o.Enabled, o.Events, o.Created = reeve.OutletKind(kind), enabled != 0, strings.Fields(events), fromMicro(created)
	o.LastSuccess, o.LastFailure = fromMicro(success), fromMicro(failure)
	if len(o.Sealed) == 0 {
		o.Sealed = nil
	}
	return o, decode(settings, &o.Settings)
}

// AddOutlet adds an outlet that begins at the end of its account's log.
func (s *Store) AddOutlet(ctx context.Context, o reeve.Outlet, entry reeve.AuditEntry) (reeve.Outlet, error) {
	settings, err := encode(o.Settings, false)
	if err != nil {
		return o, err
	}
	err = s.change(ctx, func(t *tx) error {
		t.log(entry)
		no, err := must[int64](noAccount)(first(ctx, t, number, `INSERT INTO outlets (account, id, kind, name, enabled, events, settings,
				sealed, version, created, seq, leaf, failures, last_success, last_failure, last_error, holder, held_until)
			SELECT account, $2, $3, $4, $5, $6, $7, $8, 1, $9, seq + 1, 0, 0, 0, 0, '', '', 0 FROM log_heads WHERE account = $1
			RETURNING no`, o.Account, o.ID, string(o.Kind), clean(o.Name), flag(o.Enabled), strings.Join(o.Events, " "), clean(settings),
			blob(o.Sealed), micro(o.Created)))
		if err != nil {
			return err
		}
		o, err = must[reeve.Outlet](noOutlet)(first(ctx, t, scanOutlet, outletColumns+" WHERE o.no = $1", no))
		return err
	})
	return o, conflict(err, outletNameUsed)
}

// Outlets returns the account's outlets, oldest first.
func (s *Store) Outlets(ctx context.Context, account int64) ([]reeve.Outlet, error) {
	return all(ctx, s.db, scanOutlet, outletColumns+" WHERE o.account = $1 ORDER BY o.no", account)
}

// SetOutlet stores what may change of an outlet by hand.
func (s *Store) SetOutlet(ctx context.Context, o reeve.Outlet, entry reeve.AuditEntry) error {
	settings, err := encode(o.Settings, false)
	if err != nil {
		return err
	}
	err = s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec(`UPDATE outlets SET name = $3, enabled = $4, events = $5, settings = $6, sealed = $7,
				version = version + 1, failures = 0 WHERE account = $1 AND id = $2`,
			o.Account, o.ID, clean(o.Name), flag(o.Enabled), strings.Join(o.Events, " "), clean(settings), blob(o.Sealed))
		if err == nil && n == 0 {
			err = noOutlet
		}
		return err
	})
	return conflict(err, outletNameUsed)
}

// RemoveOutlet removes an outlet; what it did not deliver it never will.
func (s *Store) RemoveOutlet(ctx context.Context, account int64, id string, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec("DELETE FROM outlets WHERE account = $1 AND id = $2", account, id)
		if err == nil && n == 0 {
			err = noOutlet
		}
		return err
	})
}

// ClaimOutlets gives node what no other holds and returns what it holds.
func (s *Store) ClaimOutlets(ctx context.Context, node string, now, until time.Time) ([]reeve.Outlet, error) {
	who := []any{node, micro(now), micro(now.Add(until.Sub(now) / 2))}
	n, _, err := first(ctx, s.db, number, "SELECT COUNT(*) FROM outlets WHERE "+claimable, who...)
	if err == nil && n > 0 {
		err = s.change(ctx, func(t *tx) error {
			return t.later("UPDATE outlets SET holder = $1, held_until = $4 WHERE "+claimable, append(who, micro(until))...)
		})
	}
	if err != nil {
		return nil, err
	}
	return all(ctx, s.db, scanOutlet, outletColumns+" WHERE o.enabled = 1 AND o.holder = $1 AND o.held_until > $2 ORDER BY o.no", node, micro(now))
}

// Advance stores how an outlet fares that node holds.
func (s *Store) Advance(ctx context.Context, node string, o reeve.Outlet, entries ...reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entries...)
		n, err := t.exec(`UPDATE outlets SET enabled = $4, seq = $5, leaf = $6, failures = $7, last_success = $8, last_failure = $9,
				last_error = $10 WHERE no = $1 AND id = $11 AND holder = $2 AND version = $3`,
			o.No, node, o.Version, flag(o.Enabled), o.Place.Seq, o.Place.Leaf, o.Failures, micro(o.LastSuccess), micro(o.LastFailure), clean(o.LastError), o.ID)
		if err == nil && n == 0 {
			err = lostOutlet
		}
		return err
	})
}

// ReleaseOutlets ends every claim of node.
func (s *Store) ReleaseOutlets(ctx context.Context, node string) error {
	return s.change(ctx, func(t *tx) error {
		return t.later("UPDATE outlets SET holder = '', held_until = 0 WHERE holder = $1", node)
	})
}
