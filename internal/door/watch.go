package door

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"reeve"
)

// An entry gathers what the access log says of one request. It is the writer
// of the answer too.
type entry struct {
	http.ResponseWriter
	id     string
	verb   string // what the route changes; empty if it only reads
	status int
	bytes  int64
	caller reeve.Caller
}

func (e *entry) WriteHeader(status int) {
	if e.status == 0 {
		e.status = status
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *entry) Write(b []byte) (int, error) {
	if e.status == 0 {
		e.status = http.StatusOK
	}
	n, err := e.ResponseWriter.Write(b)
	e.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (e *entry) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// wrote reports whether the answer has begun.
func (e *entry) wrote() bool { return e.status != 0 }

type entryKey struct{}

func entryOf(ctx context.Context) *entry { return ctx.Value(entryKey{}).(*entry) }

// watched gives every request an id and a line in the access log, and turns a
// panic into an answer. The line names the route's pattern and never the
// address that was asked for, which may hold a token.
func (d *doorway) watched(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		e := &entry{ResponseWriter: w, id: newRequestID()}
		r = r.WithContext(context.WithValue(r.Context(), entryKey{}, e))
		h := w.Header()
		h.Set("X-Request-Id", e.id)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		defer func() {
			d.log.InfoContext(r.Context(), "request", "method", r.Method, "route", r.Pattern, "verb", e.verb, "status", e.status,
				"bytes", e.bytes, "took_us", time.Since(began).Microseconds(), "request", e.id,
				"account", e.caller.Account, "actor", e.caller.Actor, "address", d.proxies.address(r))
		}()
		defer func() {
			switch fault := recover(); fault {
			case nil:
			case http.ErrAbortHandler:
				panic(fault)
			default:
				d.refuse(e, r, fmt.Errorf("panic: %v\n%s", fault, debug.Stack()))
			}
		}()
		next(e, r)
	})
}

func newRequestID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
