package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	_ "github.com/lib/pq" // registers "postgres", the driver NanoMDM runs on
	nanohttp "github.com/micromdm/nanolib/http"
	"github.com/micromdm/nanolib/log"
	nanoapi "github.com/micromdm/nanomdm/http/api"
	"github.com/micromdm/nanomdm/storage/pgsql"
)

// A nanoMDM is the neighbour to measure beside: its PostgreSQL store under its
// own enqueue handler behind its own basic authentication, as its program wires
// them, listening on loopback. It has no push certificate, so callers ask for
// nopush; ids stand in the path, one comma apart.
type nanoMDM struct {
	db     *sql.DB
	url    string
	client *http.Client
	ids    []string
}

const nanoKey = "bench"

// openNanoMDM starts it with count devices enrolled.
func (b *bench) openNanoMDM(ctx context.Context, count int) (*nanoMDM, error) {
	dsn, err := b.postgresSchema(ctx)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, err
	}
	b.after(func() { db.Close() })
	if _, err := db.ExecContext(ctx, pgsql.Schema); err != nil {
		return nil, err
	}
	store, err := pgsql.New(pgsql.WithDB(db))
	if err != nil {
		return nil, err
	}
	n := &nanoMDM{db: db}
	if err := n.enrol(ctx, count); err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	guarded := nanohttp.NewMWMux(mux)
	guarded.Use(func(h http.Handler) http.Handler {
		return nanohttp.NewSimpleBasicAuthHandler(h, "nanomdm", nanoKey, "nanomdm")
	})
	nanoapi.HandleAPIv1("/v1", guarded, log.NopLogger, store, nil)
	server := httptest.NewServer(mux)
	b.after(server.Close)
	n.url, n.client = server.URL, server.Client()
	return n, nil
}

// enrol writes what an enrolment leaves behind.
func (n *nanoMDM) enrol(ctx context.Context, count int) error {
	dice := rand.New(rand.NewPCG(uint64(count), 0))
	n.ids = make([]string, count)
	for i := range n.ids {
		n.ids[i] = strings.ToUpper(hexID(dice))
	}
	return inTransaction(ctx, n.db, func(tx *sql.Tx) error {
		err := inChunks(ctx, tx, "devices (id, authenticate, authenticate_at)", count, func(i int) string {
			return fmt.Sprintf("('%s', '<?xml', now())", n.ids[i])
		})
		if err != nil {
			return err
		}
		return inChunks(ctx, tx, "enrollments (id, device_id, type, topic, push_magic, token_hex, last_seen_at)", count,
			func(i int) string {
				return fmt.Sprintf("('%[1]s', '%[1]s', 'Device', 'topic', 'magic', '00', now())", n.ids[i])
			})
	})
}

const nanoCommand = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>Command</key><dict><key>RequestType</key><string>DeviceInformation</string></dict>
<key>CommandUUID</key><string>%s</string></dict></plist>`

// post enqueues one new command for ids and returns the status.
func (n *nanoMDM) post(ctx context.Context, ids []string) (int, error) {
	body := strings.NewReader(fmt.Sprintf(nanoCommand, hexID(rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)))))
	request, err := http.NewRequestWithContext(ctx, http.MethodPut,
		n.url+"/v1/enqueue/"+strings.Join(ids, ",")+"?nopush=1", body)
	if err != nil {
		return 0, err
	}
	request.SetBasicAuth("nanomdm", nanoKey)
	response, err := n.client.Do(request)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, errors.Join(err, response.Body.Close())
}

// enqueue is one pass: every device in one request over HTTP, into empty queues.
func (n *nanoMDM) enqueue(ctx context.Context) pass {
	return func() (time.Duration, error) {
		if err := execAll(ctx, n.db, "TRUNCATE commands, enrollment_queue, command_results",
			"VACUUM (ANALYZE) enrollments", "CHECKPOINT"); err != nil {
			return 0, err
		}
		start := time.Now()
		status, err := n.post(ctx, n.ids)
		taken := time.Since(start)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("nanomdm answered %d", status)
		}
		return taken, err
	}
}
