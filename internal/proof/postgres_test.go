package proof

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// freshSchema returns an address that leads into an empty schema of the test's
// PostgreSQL, which is dropped at the end.
func freshSchema(t testing.TB) string {
	t.Helper()
	server := os.Getenv("REEVE_TEST_POSTGRES")
	if server == "" {
		t.Fatal("REEVE_TEST_POSTGRES names no PostgreSQL server to test with; `make test` starts one")
	}
	schema := "proof_" + strings.ToLower(rand.Text())
	inServer(t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { inServer(t, server, "DROP SCHEMA "+schema+" CASCADE") })
	address, err := url.Parse(server)
	must(t, err)
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return address.String()
}

func inServer(t testing.TB, server, statement string) {
	t.Helper()
	ctx := context.Background() // also after the test
	conn, err := pgx.Connect(ctx, server)
	must(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	must(t, err)
}
