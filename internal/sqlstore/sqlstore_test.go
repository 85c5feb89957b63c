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

// The stores of the suite are copies of one that was made ready, since to run
// every migration takes longer than most of its tests.

func TestSQLite(t *testing.T) {
	model := filepath.Join(t.TempDir(), "reeve.db")
	makeReady(t, model)
	ready, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Test(t, func(t testing.TB) storetest.Store {
		file := filepath.Join(t.TempDir(), "reeve.db")
		if err := os.WriteFile(file, ready, 0o600); err != nil {
			t.Fatal(err)
		}
		return openIn(t, file)
	})
}

func TestPostgres(t *testing.T) {
	model, address := freshDatabase(t, "template1")
	makeReady(t, address)
	storetest.Test(t, func(t testing.TB) storetest.Store {
		_, address := freshDatabase(t, model)
		return openIn(t, address)
	})
}

func makeReady(t testing.TB, url string) {
	t.Helper()
	s, err := Open(t.Context(), url, headKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
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
	schema := "test_" + strings.ToLower(rand.Text())
	server := testServer(t)
	inServer(t, server.String(), "CREATE SCHEMA "+schema)
	t.Cleanup(func() { inServer(t, server.String(), "DROP SCHEMA "+schema+" CASCADE") })
	within := *server
	query := within.Query()
	query.Set("search_path", schema)
	within.RawQuery = query.Encode()
	return within.String()
}

// freshDatabase makes a copy of another database, which is dropped at the end.
func freshDatabase(t testing.TB, of string) (name, address string) {
	t.Helper()
	name = "test_" + strings.ToLower(rand.Text())
	server := testServer(t)
	inServer(t, server.String(), "CREATE DATABASE "+name+" TEMPLATE "+of)
	t.Cleanup(func() { inServer(t, server.String(), "DROP DATABASE "+name) })
	return name, server.JoinPath("..", name).String()
}

func testServer(t testing.TB) *url.URL {
	t.Helper()
	server := os.Getenv("REEVE_TEST_POSTGRES")
	if server == "" {
		t.Fatal("REEVE_TEST_POSTGRES names no PostgreSQL server to test with; `make test` starts one")
	}
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	return address
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
