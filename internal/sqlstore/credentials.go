package sqlstore

import (
	"context"
	"time"

	"reeve"
)

var (
	noApp   = reeve.Errorf(reeve.NotFound, "there is no such app")
	noToken = reeve.Errorf(reeve.NotFound, "there is no such token")
)

const (
	appColumns = `a.client_id, a.secret_hash, a.account, a.name, a.scopes, a.cli, a.requests_per_minute,
		a.description, a.redirect_uris, a.created_by, a.created, a.modified, a.revoked`
	appNameUsed = "an app with this name exists already; choose another name, or revoke that one first"
)

// appRow is where a row of appColumns is scanned to.
type appRow struct {
	app                             reeve.App
	scopes, uris                    string
	cli, created, modified, revoked int64
}

func (v *appRow) into() []any {
	return []any{&v.app.ClientID, &v.app.SecretHash, &v.app.Account, &v.app.Name, &v.scopes, &v.cli, &v.app.RequestsPerMinute,
		&v.app.Description, &v.uris, &v.app.CreatedBy, &v.created, &v.modified, &v.revoked}
}

func (v *appRow) read() (reeve.App, error) {
	v.app.Scopes, v.app.CLI = splitScopes(v.scopes), v.cli != 0
	v.app.Created, v.app.Modified, v.app.Revoked = fromMicro(v.created), fromMicro(v.modified), fromMicro(v.revoked)
	return v.app, decode(v.uris, &v.app.RedirectURIs)
}

func scanApp(r rows) (reeve.App, error) {
	var v appRow
	if err := r.Scan(v.into()...); err != nil {
		return reeve.App{}, err
	}
	return v.read()
}

// AddApp adds an app. Its name may be that of a revoked one.
func (s *Store) AddApp(ctx context.Context, app reeve.App, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		return t.addApp(app)
	})
}

func (t *tx) addApp(app reeve.App) error {
	uris, err := encode(app.RedirectURIs, len(app.RedirectURIs) == 0)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO apps (client_id, secret_hash, account, name, scopes, cli, requests_per_minute,
		description, redirect_uris, created_by, created, modified, revoked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)`, app.ClientID, app.SecretHash, app.Account, app.Name,
		joinScopes(app.Scopes), flag(app.CLI), app.RequestsPerMinute, app.Description, uris, app.CreatedBy,
		micro(app.Created), micro(app.Modified))
	return conflict(err, appNameUsed)
}

const validApp = "SELECT " + appColumns + " FROM apps AS a WHERE a.client_id = $1 AND a.revoked = 0"

// lockApp returns a valid app and keeps changes of it, and grants to it, away
// until the end of the transaction.
func (t *tx) lockApp(clientID string) (reeve.App, error) {
	return must[reeve.App](noApp)(first(t.ctx, t, scanApp, t.locking(validApp), clientID))
}

// SetApp stores what may change of an app.
func (s *Store) SetApp(ctx context.Context, app reeve.App, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		was, err := t.lockApp(app.ClientID)
		if err != nil {
			return err
		}
		if was.Account != app.Account {
			return noApp
		}
		uris, err := encode(app.RedirectURIs, len(app.RedirectURIs) == 0)
		if err != nil {
			return err
		}
		t.log(entry)
		if was.SecretHash != app.SecretHash {
			if err := t.later("DELETE FROM tokens WHERE client_id = $1", app.ClientID); err != nil {
				return err
			}
		}
		_, err = t.exec(`UPDATE apps SET secret_hash = $2, name = $3, scopes = $4, requests_per_minute = $5, description = $6,
			redirect_uris = $7, modified = $8 WHERE client_id = $1`, app.ClientID, app.SecretHash, app.Name,
			joinScopes(app.Scopes), app.RequestsPerMinute, app.Description, uris, micro(app.Modified))
		return conflict(err, appNameUsed)
	})
}

// App finds a valid app.
func (s *Store) App(ctx context.Context, clientID string) (reeve.App, error) {
	return must[reeve.App](noApp)(first(ctx, s.db, scanApp, validApp, clientID))
}

// Apps returns the account's apps, revoked ones too, oldest first.
func (s *Store) Apps(ctx context.Context, account int64) ([]reeve.App, error) {
	return all(ctx, s.db, scanApp, "SELECT "+appColumns+" FROM apps AS a WHERE a.account = $1 ORDER BY a.created, a.client_id", account)
}

// RevokeApp ends an app, its tokens and its grants.
func (s *Store) RevokeApp(ctx context.Context, account int64, clientID string, now time.Time, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec("UPDATE apps SET revoked = $3 WHERE account = $1 AND client_id = $2 AND revoked = 0",
			account, clientID, micro(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return noApp
		}
		for _, table := range []string{"grants", "agreements", "tokens"} {
			if err := t.later("DELETE FROM "+table+" WHERE client_id = $1", clientID); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddToken stores a token and drops expired ones of the same app.
func (s *Store) AddToken(ctx context.Context, token reeve.Token, now time.Time) error {
	return s.change(ctx, func(t *tx) error { return t.addToken(token, 0, now) })
}

func (t *tx) addToken(token reeve.Token, grant int64, now time.Time) error {
	err := t.later("DELETE FROM tokens WHERE client_id = $1 AND expires <= $2", token.App.ClientID, micro(now))
	if err != nil {
		return err
	}
	n, err := t.exec(`INSERT INTO tokens (hash, client_id, expires, grant_no)
		SELECT CAST($1 AS TEXT), client_id, CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM apps WHERE client_id = $2 AND revoked = 0`,
		token.Hash, token.App.ClientID, micro(token.Expires), grant)
	if err == nil && n == 0 {
		err = noApp
	}
	return err
}

// Token finds a token that is valid at now, with its app. One that an operator
// agreed to is good for what he has, too.
func (s *Store) Token(ctx context.Context, hash string, now time.Time) (reeve.Token, error) {
	return must[reeve.Token](noToken)(first(ctx, s.db, func(r rows) (reeve.Token, error) {
		var v appRow
		var expires int64
		var agreed string
		var role int64
		token := reeve.Token{Hash: hash}
		err := r.Scan(append(v.into(), &expires, &token.Grant, &agreed, &token.Operator, &role)...)
		if err != nil {
			return token, err
		}
		token.App, err = v.read()
		token.Role, token.Scopes, token.Expires = reeve.Role(role), token.App.Scopes, fromMicro(expires)
		if token.Grant != 0 {
			token.Scopes = token.Scopes.And(splitScopes(agreed)).And(token.Role.Scopes())
		}
		return token, err
	}, "SELECT "+appColumns+`, t.expires, t.grant_no, COALESCE(g.scopes, ''), COALESCE(o.name, ''), COALESCE(r.role, 0)
		FROM tokens AS t JOIN apps AS a ON a.client_id = t.client_id
		LEFT JOIN grants AS g ON g.no = t.grant_no LEFT JOIN operators AS o ON o.name = g.operator
		LEFT JOIN operator_roles AS r ON r.operator = o.name AND r.group_no = 0
		WHERE t.hash = $1 AND t.expires > $2 AND a.revoked = 0 AND (t.grant_no = 0 OR o.name IS NOT NULL)`, hash, micro(now)))
}
