package sqlstore

import (
	"context"
	"time"

	"reeve"
)

var (
	noApp      = reeve.Errorf(reeve.NotFound, "there is no such app")
	noToken    = reeve.Errorf(reeve.NotFound, "there is no such token")
	noOperator = reeve.Errorf(reeve.NotFound, "there is no such operator")
)

const appColumns = "a.client_id, a.secret_hash, a.account, a.name, a.scopes, a.cli, a.requests_per_minute, a.created, a.revoked"

// appRow is where a row of appColumns is scanned to.
type appRow struct {
	app                   reeve.App
	scopes                string
	cli, created, revoked int64
}

func (v *appRow) into() []any {
	return []any{&v.app.ClientID, &v.app.SecretHash, &v.app.Account, &v.app.Name, &v.scopes, &v.cli,
		&v.app.RequestsPerMinute, &v.created, &v.revoked}
}

func (v *appRow) read() reeve.App {
	v.app.Scopes, v.app.CLI = splitScopes(v.scopes), v.cli != 0
	v.app.Created, v.app.Revoked = fromMicro(v.created), fromMicro(v.revoked)
	return v.app
}

func scanApp(r rows) (reeve.App, error) {
	var v appRow
	err := r.Scan(v.into()...)
	return v.read(), err
}

// AddApp adds an app. Its name may be that of a revoked one.
func (s *Store) AddApp(ctx context.Context, app reeve.App, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		return t.addApp(app)
	})
}

func (t *tx) addApp(app reeve.App) error {
	_, err := t.exec(`INSERT INTO apps (client_id, secret_hash, account, name, scopes, cli, requests_per_minute, created, revoked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`, app.ClientID, app.SecretHash, app.Account, app.Name,
		joinScopes(app.Scopes), flag(app.CLI), app.RequestsPerMinute, micro(app.Created))
	return conflict(err, "an app with this name exists already; choose another name, or revoke that one first")
}

// App finds a valid app.
func (s *Store) App(ctx context.Context, clientID string) (reeve.App, error) {
	return must[reeve.App](noApp)(first(ctx, s.db, scanApp,
		"SELECT "+appColumns+" FROM apps AS a WHERE a.client_id = $1 AND a.revoked = 0", clientID))
}

// Apps returns the account's apps, revoked ones too, oldest first.
func (s *Store) Apps(ctx context.Context, account int64) ([]reeve.App, error) {
	return all(ctx, s.db, scanApp, "SELECT "+appColumns+" FROM apps AS a WHERE a.account = $1 ORDER BY a.created, a.client_id", account)
}

// RevokeApp ends an app and its tokens.
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
		return t.later("DELETE FROM tokens WHERE client_id = $1", clientID)
	})
}

// AddToken stores a token and drops expired ones of the same app.
func (s *Store) AddToken(ctx context.Context, token reeve.Token, now time.Time) error {
	return s.change(ctx, func(t *tx) error {
		err := t.later("DELETE FROM tokens WHERE client_id = $1 AND expires <= $2", token.App.ClientID, micro(now))
		if err != nil {
			return err
		}
		n, err := t.exec(`INSERT INTO tokens (hash, client_id, expires)
			SELECT CAST($1 AS TEXT), client_id, CAST($3 AS BIGINT) FROM apps WHERE client_id = $2 AND revoked = 0`,
			token.Hash, token.App.ClientID, micro(token.Expires))
		if err == nil && n == 0 {
			err = noApp
		}
		return err
	})
}

// Token finds a token that is valid at now, with its app.
func (s *Store) Token(ctx context.Context, hash string, now time.Time) (reeve.Token, error) {
	return must[reeve.Token](noToken)(first(ctx, s.db, func(r rows) (reeve.Token, error) {
		var v appRow
		var expires int64
		err := r.Scan(append(v.into(), &expires)...)
		return reeve.Token{Hash: hash, App: v.read(), Expires: fromMicro(expires)}, err
	}, "SELECT "+appColumns+`, t.expires FROM tokens AS t JOIN apps AS a ON a.client_id = t.client_id
		WHERE t.hash = $1 AND t.expires > $2 AND a.revoked = 0`, hash, micro(now)))
}

const operatorNameUsed = "an operator with this name exists already; choose another name"

// SetOperator adds an operator or replaces the account's one with this name.
func (s *Store) SetOperator(ctx context.Context, o reeve.Operator, entry reeve.AuditEntry) error {
	return s.change(ctx, func(t *tx) error {
		t.log(entry)
		n, err := t.exec(`INSERT INTO operators (name, account, password_hash, scopes, created) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, scopes = excluded.scopes
			WHERE operators.account = excluded.account`,
			o.Name, o.Account, o.PasswordHash, joinScopes(o.Scopes), micro(o.Created))
		if err == nil && n == 0 {
			err = reeve.Errorf(reeve.Conflict, operatorNameUsed)
		}
		return err
	})
}

// addOperator adds an operator and replaces none.
func (t *tx) addOperator(o reeve.Operator) error {
	_, err := t.exec("INSERT INTO operators (name, account, password_hash, scopes, created) VALUES ($1, $2, $3, $4, $5)",
		o.Name, o.Account, o.PasswordHash, joinScopes(o.Scopes), micro(o.Created))
	return conflict(err, operatorNameUsed)
}

// Operator finds an operator by name.
func (s *Store) Operator(ctx context.Context, name string) (reeve.Operator, error) {
	return must[reeve.Operator](noOperator)(first(ctx, s.db, func(r rows) (o reeve.Operator, err error) {
		var scopes string
		var created int64
		err = r.Scan(&o.Name, &o.Account, &o.PasswordHash, &scopes, &created)
		o.Scopes, o.Created = splitScopes(scopes), fromMicro(created)
		return o, err
	}, "SELECT name, account, password_hash, scopes, created FROM operators WHERE name = $1", name))
}
