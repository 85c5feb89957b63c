package sqlstore

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"reeve"
)

// Operators from before there were roles keep what they could do.
func TestOperatorsFromBeforeRoles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reeve.db")
	postgres := freshSchema(t)
	for _, c := range []struct {
		folder, driver, source, url string
		dialect                     goose.Dialect
	}{
		{"sqlite", "sqlite", file, file, goose.DialectSQLite3},
		{"postgres", "pgx", postgres, postgres, goose.DialectPostgres},
	} {
		t.Run(c.folder, func(t *testing.T) {
			makeOld(t, c.dialect, c.folder, c.driver, c.source)
			s := openIn(t, c.url)
			for name, want := range map[string]reeve.Role{
				"all": reeve.RoleAdministrator, "odd": reeve.RoleAdministrator, "acts": reeve.RoleOperator, "sees": reeve.RoleViewer, "none": reeve.NoRole,
			} {
				o, err := s.Operator(t.Context(), name)
				if err != nil || o.Role != want || len(o.Groups) != 0 || o.PasswordHash != "hash of "+name || !o.SignedIn.IsZero() {
					t.Errorf("%s: %+v, %v; want the role %q", name, o, err, want)
				}
			}
		})
	}
}

// makeOld makes a store as it was in version 13, with operators of every kind.
func makeOld(t *testing.T, dialect goose.Dialect, folder, driver, source string) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open(driver, source)
	check(err)
	defer db.Close()
	files, err := fs.Sub(migrations, "migrations/"+folder)
	check(err)
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	check(err)
	_, err = provider.UpTo(t.Context(), 13)
	check(err)
	const account = `INSERT INTO accounts (no, name, seats, seats_used, requests_per_minute, identity_fields, default_group, created)`
	if dialect == goose.DialectPostgres {
		_, err = db.ExecContext(t.Context(), account+" OVERRIDING SYSTEM VALUE VALUES (1, 'acme', 0, 0, 0, '[]', 1, 1)")
	} else {
		_, err = db.ExecContext(t.Context(), account+" VALUES (1, 'acme', 0, 0, 0, '[]', 1, 1)")
	}
	check(err)
	for name, scopes := range map[string]string{"all": "read write admin", "odd": "admin", "acts": "read write", "sees": "read", "none": ""} {
		_, err = db.ExecContext(t.Context(), "INSERT INTO operators (name, account, password_hash, scopes, created) VALUES ('"+name+"', 1, 'hash of "+name+"', '"+scopes+"', 1)")
		check(err)
	}
}
