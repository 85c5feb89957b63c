// Package door is what the published API and Reeve's own API have in common of
// HTTP: it finds the route, asks who is there, counts the request, lets the
// handler answer, turns its error into the answer that every caller of Reeve
// knows, and writes one line of access log without the address that was asked,
// because that may hold a token. A route is data; the two APIs bring tables of
// them.
//
// It imports the root words and internal/control, and it changes no state.
package door

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/control"
)

// A Keeper knows callers and counts their requests; control.Control is one.
type Keeper interface {
	// Authenticate returns whose token this is, or a Denied error: that of
	// control.ErrExpired if the token was good once.
	Authenticate(ctx context.Context, token string) (reeve.App, reeve.Account, error)
	// Admit counts one request against the rate limit of an API. Past the limit
	// the error is Limited and the window is filled in all the same.
	Admit(ctx context.Context, app reeve.App, account reeve.Account, api string) (control.Window, error)
	// Once carries out a request with an Idempotency-Key, or returns what was
	// answered when that was done.
	Once(ctx context.Context, account int64, key reeve.RepeatKey, do func(context.Context) ([]byte, error)) (answer []byte, repeated bool, err error)
}

// A Config says how doors behave.
type Config struct {
	Keeper Keeper
	Log    *slog.Logger
	// FailuresPerMinute is how many failed authentications of one sort an address
	// may make in a minute: 0 is DefaultFailures, a negative number is no limit.
	FailuresPerMinute int
	// Proxies are the networks of proxies whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// MaxBody is the largest body of a request with an Idempotency-Key, in bytes:
	// 0 is DefaultMaxBody. Handlers have limits of their own.
	MaxBody int64
}

// DefaultMaxBody is enough for 100,000 devices in any spelling.
const DefaultMaxBody = 16 << 20

// DefaultFailures is how many failed authentications of one sort a minute an
// address has.
const DefaultFailures = 60

// An API is a table of routes with the manners they share.
type API struct {
	// QueryToken is whether the token may also be the query's access_token.
	QueryToken bool
	// Source is what the log says of requests made with this app.
	Source func(reeve.App) reeve.Source
	// SignedIn returns whose session a request belongs to, where people come with
	// a browser instead of a token; Denied without one. Its routes have no limit.
	SignedIn func(r *Request) (reeve.Caller, reeve.Account, error)
	Routes   []Route
	Absent   []Absence // what callers may look for in vain
	// Prefix begins the paths for which Refuse answers what no route takes, where
	// people read the answers. Empty is JSON, for programs.
	Prefix string
	Refuse func(w http.ResponseWriter, r *Request, f Failure)
}

// Session is the scope of routes that are for everybody who has signed in, without
// any role too: who has lost his roles must still be able to leave.
const Session reeve.Scope = "session"

// A Route is one method on one path.
type Route struct {
	Method string // GET serves HEAD as well
	Path   string // as a pattern of net/http, such as /api/v1/jobs/{id}
	// Scope is what the caller's token needs. Empty is a route that asks for no
	// token, of which there are very few.
	Scope reeve.Scope
	// Rate names the limit that counts the request; routes with one name share
	// it. Empty is a route without a limit, and only possible without a token.
	Rate string
	// Verb is the log's event for what the route changes; empty if it only reads.
	Verb string
	// Repeats is whether the handler itself answers repeats of a request with an
	// Idempotency-Key, since it can do so from what it stored. Of all other routes
	// that change something the door keeps the answers.
	Repeats bool
	// Credentials is whether the handler itself checks a secret, so that its
	// Denied errors count as failed authentications. Such a GET mints a token, so
	// that HEAD is not taken.
	Credentials bool
	// Counter names the counter of those failures; routes with one name share it.
	// Empty leaves it to the handler, which then calls Guard.
	Counter string
	Serve   func(w http.ResponseWriter, r *Request) error
	// Refuse answers errors where people read the answers. Nil is JSON, for programs.
	Refuse func(w http.ResponseWriter, r *Request, f Failure)
	Page   *Page // what the reference says of it
}

// A Request is what a handler gets: the HTTP request and who makes it.
type Request struct {
	*http.Request
	Caller  reeve.Caller
	App     reeve.App
	Account reeve.Account

	door     *doorway
	counters []string    // where a failed authentication counts
	client   fingerprint // whose secret the handler checks; zero if none
}

// Open returns a handler for all routes of the APIs. Everything else under it
// is answered in the same words with 404, and a wrong method with 405.
func Open(c Config, apis ...API) http.Handler {
	limit := c.FailuresPerMinute
	if limit == 0 {
		limit = DefaultFailures
	}
	d := &doorway{keeper: c.Keeper, log: c.Log, failures: newFailures(limit), known: known{seen: map[fingerprint]bool{}}, mux: http.NewServeMux(), minting: map[string][]string{}, maxBody: cmp.Or(c.MaxBody, DefaultMaxBody), proxies: c.Proxies}
	for _, api := range apis {
		for _, route := range api.Routes {
			d.mux.Handle(route.Method+" "+route.Path, d.through(api, route))
			if route.Credentials {
				d.minting[route.Path] = append(d.minting[route.Path], route.Method)
			}
		}
		for _, n := range api.Absent {
			if n.Path != "" {
				d.mux.Handle(n.Path, d.without(n))
			}
		}
		if api.Prefix != "" {
			d.read = append(d.read, api)
		}
	}
	return d.watched(d.find)
}

type doorway struct {
	keeper   Keeper
	log      *slog.Logger
	failures *failures
	known    known
	mux      *http.ServeMux
	minting  map[string][]string // the methods of paths where a GET mints a token
	read     []API               // those with a Prefix
	maxBody  int64
	proxies  proxies
}

// find serves the route that the request names. The standard mux answers what
// it does not know with redirects and plain text; here no path is a near miss of
// another, and every answer is JSON, or a page where people read them.
func (d *doorway) find(w http.ResponseWriter, r *http.Request) {
	if path.Clean(r.URL.Path) != r.URL.Path {
		d.refuse(w, r, errNoRoute)
		return
	}
	if methods, ok := d.minting[r.URL.Path]; ok && !slices.Contains(methods, r.Method) {
		d.refuseMethod(w, r, strings.Join(slices.Sorted(slices.Values(methods)), ", "))
		return
	}
	fallback, pattern := d.mux.Handler(r)
	if pattern != "" {
		d.mux.ServeHTTP(w, r)
		return
	}
	probe := refusalProbe{header: http.Header{}}
	fallback.ServeHTTP(&probe, r)
	if probe.status != http.StatusMethodNotAllowed {
		d.refuse(w, r, errNoRoute)
		return
	}
	d.refuseMethod(w, r, probe.header.Get("Allow"))
}

func (d *doorway) refuseMethod(w http.ResponseWriter, r *http.Request, allowed string) {
	w.Header().Set("Allow", allowed)
	d.refuse(w, r, Refuse(reeve.Invalid, http.StatusMethodNotAllowed, "method_not_allowed",
		"this address does not take %s requests; use %s", r.Method, allowed))
}

// without tells what is missing at an address. That is no secret, so that it
// asks for no token.
func (d *doorway) without(n Absence) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.refuse(w, r, reeve.Errorf(reeve.NotFound, "%s is not offered: %s", n.Family, n.Why))
	})
}

var errNoRoute = reeve.Errorf(reeve.NotFound, "there is nothing at this address; check the path and the version in it")

// A refusalProbe learns how the mux would refuse a request.
type refusalProbe struct {
	header http.Header
	status int
}

func (p *refusalProbe) Header() http.Header         { return p.header }
func (p *refusalProbe) WriteHeader(status int)      { p.status = status }
func (p *refusalProbe) Write(b []byte) (int, error) { return len(b), nil }

// through is the way of every request to its handler: who is it, is it too
// much, is it allowed, then the work.
func (d *doorway) through(api API, route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &Request{Request: r, door: d}
		err := d.admit(w, req, api, route)
		if err == nil {
			err = d.serve(w, req, route)
			if route.Credentials {
				d.learn(req, err)
			}
		}
		if err == nil {
			return
		}
		if f, ok := d.failure(r, err); ok && route.Refuse != nil {
			route.Refuse(w, req, f)
		} else if ok {
			f.write(w)
		}
	})
}

func (d *doorway) admit(w http.ResponseWriter, r *Request, api API, route Route) error {
	entry := entryOf(r.Context())
	entry.verb = route.Verb
	r.Caller = reeve.Caller{Address: d.proxies.address(r.Request), RequestID: entry.id}
	if route.Scope == "" {
		if route.Counter != "" {
			r.counters = []string{route.Counter}
		}
		return d.guard(w, r)
	}
	if api.SignedIn != nil {
		caller, account, err := api.SignedIn(r)
		if err != nil {
			return err
		}
		r.Caller, r.Account, entry.caller = caller, account, caller
		if route.Scope != Session {
			_, err = control.AllowSome(caller, route.Scope)
		}
		return err
	}
	token, err := findToken(r.Request, api.QueryToken)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="reeve"`)
		return err
	}
	mark := sha256.Sum256([]byte(token))
	if !d.known.has(mark) {
		r.counters = []string{tokenGuesses}
		if err := d.guard(w, r); err != nil {
			return err
		}
	}
	app, account, err := d.keeper.Authenticate(r.Context(), token)
	if err == nil || errors.Is(err, control.ErrExpired) {
		d.known.add(mark)
	}
	if err != nil {
		if reeve.KindOf(err) == reeve.Denied {
			if isToken(token) && !errors.Is(err, control.ErrExpired) { // others are refused without a look-up
				d.failed(r)
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="reeve", error="invalid_token"`)
		}
		return err
	}
	r.App, r.Account = app, account
	r.Caller.Account, r.Caller.Source = account.No, api.Source(app)
	r.Caller.Actor, r.Caller.Name, r.Caller.Scopes = "app:"+app.ClientID, app.Name, app.Scopes
	r.Caller.Operator = app.Operator
	entry.caller = r.Caller
	window, err := d.keeper.Admit(r.Context(), app, account, route.Rate)
	showWindow(w, window, err)
	if err != nil {
		return err
	}
	return control.Allow(r.Caller, route.Scope)
}
