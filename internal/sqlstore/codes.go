package sqlstore

import (
	"context"
	"time"

	"reeve"
)

var noCode = reeve.Errorf(reeve.NotFound, "there is no such registration code, or it has ended")

const (
	codeColumns = `hash, account, hint, note, COALESCE((SELECT id FROM device_groups WHERE no = group_no), ''), kind, uses, used,
		community, expires, created, revoked`
	// validCode takes the hash as $1 and the time as $2.
	validCode = " hash = $1 AND revoked = 0 AND (expires = 0 OR expires > $2) AND (uses = 0 OR used < uses)"
)

func scanCode(r rows) (c reeve.Code, err error) {
	var kind, community, expires, created, revoked int64
	err = r.Scan(&c.Hash, &c.Account, &c.Hint, &c.Note, &c.GroupID, &kind, &c.Uses, &c.Used, &community, &expires, &created, &revoked)
	c.Kind, c.Community = reeve.AgentKind(kind), community != 0
	c.Expires, c.Created, c.Revoked = fromMicro(expires), fromMicro(created), fromMicro(revoked)
	return c, err
}

// AddCode adds a code. The code itself is not stored.
func (s *Store) AddCode(ctx context.Context, c reeve.Code, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		return t.addCode(c)
	})
}

func (t *tx) addCode(c reeve.Code) error {
	var group int64
	if c.GroupID != "" {
		g, err := findGroup(t.ctx, t, c.Account, c.GroupID)
		if err != nil {
			return err
		}
		group = g.No
	}
	_, err := t.exec(`INSERT INTO codes (hash, account, hint, note, group_no, kind, uses, used, community, expires, created, revoked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)`,
		c.Hash, c.Account, c.Hint, c.Note, group, int64(c.Kind), c.Uses, c.Used, flag(c.Community),
		micro(c.Expires), micro(c.Created))
	return conflict(err, "this registration code exists already; make another")
}

// Codes returns the account's codes, ended ones too, oldest first.
func (s *Store) Codes(ctx context.Context, account int64) ([]reeve.Code, error) {
	return all(ctx, s.db, scanCode, "SELECT "+codeColumns+" FROM codes WHERE account = $1 ORDER BY created, hash", account)
}

// RevokeCode ends a valid code.
func (s *Store) RevokeCode(ctx context.Context, account int64, hash string, now time.Time, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec("UPDATE codes SET revoked = $2 WHERE account = $3 AND"+validCode, hash, micro(now), account)
		if err == nil && n == 0 {
			err = noCode
		}
		return err
	})
}
