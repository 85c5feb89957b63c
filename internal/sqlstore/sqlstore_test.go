package sqlstore

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"reeve/internal/seal"
	"reeve/internal/storetest"
)

var headKey = seal.HeadKey("a key for the marks of the logs' ends")

func TestSQLite(t *testing.T) {
	storetest.Test(t, func(t testing.TB) storetest.Store { return openIn(t, filepath.Join(t.TempDir(), "reeve.db")) })
}

func TestPostgres(t *testing.T) {
	storetest.Test(t, func(t testing.TB) storetest.Store { return openIn(t, freshSchema(t)) })
}

func openIn(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, headKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// freshSchema returns an address that leads into an empty schema, which is
// dropped at the end.
func freshSchema(t testing.TB) string {
	t.Helper()
	server := os.Getenv("REEVE_TEST_POSTGRES")
	if server == "" {
		t.Fatal("REEVE_TEST_POSTGRES names no PostgreSQL server to test with; `make test` starts one")
	}
	schema := "test_" + strings.ToLower(rand.Text())
	inServer(t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { inServer(t, server, "DROP SCHEMA "+schema+" CASCADE") })
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return address.String()
}

func inServer(t testing.TB, server, statement string) {
	t.Helper()
	ctx := context.Background() // also after the test
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
