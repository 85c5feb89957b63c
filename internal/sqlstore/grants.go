package sqlstore

import (
	"context"
	"time"

	"reeve"
)

var (
	noGrant = reeve.Errorf(reeve.NotFound, "there is no such grant")
	spent   = reeve.Errorf(reeve.Conflict, "this secret was used already")
)

func scanGrant(r rows) (g reeve.Grant, err error) {
	var scopes string
	var step, expires, begun int64
	err = r.Scan(&g.No, &g.ClientID, &g.Operator, &scopes, &g.RedirectURI, &g.Challenge, &step, &g.Handle, &g.Secret, &expires, &begun)
	g.Scopes, g.Step, g.Expires, g.Begun = splitScopes(scopes), reeve.GrantStep(step), fromMicro(expires), fromMicro(begun)
	return g, err
}

// AgreedScopes returns what the operator agreed to let the app do before.
func (s *Store) AgreedScopes(ctx context.Context, operator, clientID string) (reeve.Scopes, error) {
	text, _, err := first(ctx, s.db, func(r rows) (text string, err error) { return text, r.Scan(&text) },
		"SELECT scopes FROM agreements WHERE operator = $1 AND client_id = $2", operator, clientID)
	return splitScopes(text), err
}

// AddGrant stores a new grant and drops those that are over.
func (s *Store) AddGrant(ctx context.Context, g reeve.Grant, entries ...reeve.AuditEntry) (reeve.Grant, error) {
	err := s.change(ctx, func(t *tx) error {
		t.log(entries...)
		if err := t.lockParties(g); err != nil {
			return err
		}
		if err := t.later("DELETE FROM grants WHERE expires <= $1", micro(g.Begun)); err != nil {
			return err
		}
		var err error
		g.No, _, err = first(ctx, t, number, `INSERT INTO grants
			(client_id, operator, scopes, redirect_uri, challenge, step, handle, secret, expires, begun)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING no`, g.ClientID, g.Operator, joinScopes(g.Scopes),
			g.RedirectURI, g.Challenge, int64(g.Step), g.Handle, g.Secret, micro(g.Expires), micro(g.Begun))
		return err
	})
	return g, err
}

// lockParties makes sure that operator and app of a grant are there, and that
// neither goes before the end of the transaction: what ends with them must find
// what this one adds.
func (t *tx) lockParties(g reeve.Grant) error {
	if err := t.holdOperator(g.Operator); err != nil {
		return err
	}
	_, err := t.lockApp(g.ClientID)
	return err
}

// Grant finds a grant by the hash of its handle.
func (s *Store) Grant(ctx context.Context, handle string) (reeve.Grant, error) {
	return must[reeve.Grant](noGrant)(first(ctx, s.db, scanGrant, `SELECT no, client_id, operator, scopes, redirect_uri, challenge,
		step, handle, secret, expires, begun FROM grants WHERE handle = $1`, handle))
}

// AdvanceGrant takes a grant to its next secret.
func (s *Store) AdvanceGrant(ctx context.Context, was string, g reeve.Grant, token reeve.Token, now time.Time, entries ...reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entries...)
		if err := t.lockParties(g); err != nil {
			return err
		}
		n, err := t.exec("UPDATE grants SET step = $3, secret = $4, expires = $5 WHERE no = $1 AND secret = $2",
			g.No, was, int64(g.Step), g.Secret, micro(g.Expires))
		if err != nil {
			return err
		}
		if n == 0 {
			return spent
		}
		if g.Step == reeve.Agreed {
			err := t.later(`INSERT INTO agreements (operator, client_id, scopes) VALUES ($1, $2, $3)
				ON CONFLICT (operator, client_id) DO UPDATE SET scopes = excluded.scopes`, g.Operator, g.ClientID, joinScopes(g.Scopes))
			if err != nil {
				return err
			}
		}
		if token.Hash == "" {
			return nil
		}
		return t.addToken(token, g.No, now)
	})
}

// EndGrant removes a grant with its tokens. The grant goes first: what somebody
// else is adding to it meanwhile is found after that.
func (s *Store) EndGrant(ctx context.Context, no int64, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec("DELETE FROM grants WHERE no = $1", no)
		if err != nil {
			return err
		}
		if n == 0 {
			return noGrant
		}
		return t.later("DELETE FROM tokens WHERE grant_no = $1", no)
	})
}
