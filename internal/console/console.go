// Package console is what people see of Reeve in a browser: pages made on the
// server, with a style sheet and a few small scripts that are part of the
// program. Whatever a page shows or changes goes through internal/control, which
// decides who may; a page's words come from one catalogue, in every language.
//
// It imports the root words, internal/action, internal/control, internal/door
// and internal/watch, and knows no SQL, no message bus and neither of the APIs.
package console

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/depot"
	"reeve/internal/door"
	"reeve/internal/watch"
)

// Prefix is where the console's pages are.
const Prefix = "/console/"

// Home is the page that people begin at.
const Home = Prefix + "overview"

// Entrance returns the address of the page that is meant by one as people type
// it: for the console itself, or with a slash at its end.
func Entrance(r *http.Request) (page string, is bool) {
	path := r.URL.Path
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return "", false
	case path == "/" || path+"/" == Prefix || path == Prefix:
		return Home, true
	case strings.HasPrefix(path, Prefix) && strings.HasSuffix(path, "/"):
		return strings.TrimRight(r.URL.EscapedPath(), "/"), true
	}
	return "", false
}

// A Config is what the console needs of the server.
type Config struct {
	Rules *control.Control
	// Verify checks the log of an account.
	Verify func(ctx context.Context, a reeve.Account) (control.Verdict, error)
	// Sample sends a sample to a webhook and returns what its receiver said.
	Sample func(ctx context.Context, o reeve.Outlet) (reeve.Reply, error)
	Public string // URL of the server as browsers and agents reach it, without a slash at its end
	Pin    string // what agents know the server's own certificate by; empty where others signed it
	// Packages are those of the agent that the server hands out.
	Packages *depot.Depot
	Jobs     *watch.Jobs // that are followed
	Files    Files       // what agents uploaded
}

// Files opens what agents uploaded, by command id. A file that is not there, or
// not any more, is NotFound.
type Files interface {
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
}

type console struct {
	Config
	shelf  *shelf
	assets *assets
}

// stock is what the program carries for its pages. It never changes, and all
// consoles of a process share it, since to parse it takes a while.
var stock = sync.OnceValues(func() (*assets, *shelf) {
	a := openAssets()
	return a, openShelf(a)
})

// Routes returns every page of the console, and what pages load.
func Routes(c Config) door.API {
	h := &console{Config: c}
	h.assets, h.shelf = stock()
	routes := []door.Route{
		{Method: "GET", Path: assetPath + "{hash}/{name}", Serve: h.assets.serve},
		h.open("GET", "{rest...}", "", h.lost),
	}
	for _, some := range [][]door.Route{
		h.signInRoutes(),
		h.passkeyRoutes(),
		h.ssoRoutes(),
		h.ownRoutes(),
		h.overviewRoutes(),
		h.logRoutes(),
		h.enrolRoutes(),
		h.codeRoutes(),
		h.deviceRoutes(),
		h.jobRoutes(),
		h.groupRoutes(),
		h.appRoutes(),
		h.webhookRoutes(),
		h.settingRoutes(),
		h.setRoutes(),
		h.accountRoutes(),
		h.actRoutes(),
		h.operatorRoutes(),
		h.approvalRoutes(),
	} {
		routes = append(routes, some...)
	}
	return door.API{SignedIn: h.signedIn, Routes: routes, Prefix: Prefix, Refuse: h.stray}
}

// A handler answers one request of a person: with a page, or by itself, which
// it says with a nil page.
type handler func(v *visit) (*page, error)

// open is a route that needs no session.
func (c *console) open(method, path, verb string, serve handler) door.Route {
	return c.route(method, path, "", verb, serve)
}

// see is a route of a page that needs the scope.
func (c *console) see(path string, scope reeve.Scope, serve handler) door.Route {
	return c.route("GET", path, scope, "", serve)
}

// change is a route of a form; verb is the log's event for what it changes.
func (c *console) change(path string, scope reeve.Scope, verb string, serve handler) door.Route {
	return c.route("POST", path, scope, verb, serve)
}

func (c *console) route(method, path string, scope reeve.Scope, verb string, serve handler) door.Route {
	return door.Route{
		Method: method, Path: Prefix + path, Scope: scope, Verb: verb, Refuse: c.refuse,
		Serve: func(w http.ResponseWriter, r *door.Request) error {
			secure(w)
			v := c.visit(w, r)
			if err := forgery.Check(r.Request); err != nil {
				return door.Refuse(reeve.Forbidden, http.StatusForbidden, "cross_origin",
					"this form was sent by another site; open the console itself and try again")
			}
			if scope == reeve.Admin || scope == reeve.Audit { // which no page has for some groups only
				if err := control.Allow(r.Caller, scope); err != nil {
					return err
				}
			}
			if scope != "" && scope != door.Session {
				var err error
				if v.view, err = c.Rules.View(r.Caller); err != nil {
					return err
				}
			}
			p, err := serve(v)
			if err != nil || p == nil {
				return err
			}
			return v.show(http.StatusOK, p, "")
		},
	}
}

// ofAll is a page for those only who may do what needs the scope in the whole
// account.
func ofAll(scope reeve.Scope, serve handler) handler {
	return func(v *visit) (*page, error) {
		if err := control.Allow(v.Caller, scope); err != nil {
			return nil, err
		}
		return serve(v)
	}
}

// forgery refuses changes that pages of other sites send.
var forgery = http.NewCrossOriginProtection()

// secure sets what keeps a page from others: only what this server sends runs,
// nobody frames it, and its address goes nowhere.
func secure(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// lost answers addresses under the prefix that lead nowhere.
func (c *console) lost(*visit) (*page, error) { return nil, errLost }

var (
	errLost    = reeve.Errorf(reeve.NotFound, "there is no such page; go back, or begin at the overview")
	errAnswers = reeve.Errorf(reeve.Invalid, "this page is the answer to a form and cannot be opened by itself; go back, or begin at the overview")
)

// stray answers what the door itself refuses under the prefix.
func (c *console) stray(w http.ResponseWriter, r *door.Request, f door.Failure) {
	switch f.Status {
	case http.StatusNotFound:
		f.Err = errLost
	case http.StatusMethodNotAllowed:
		f.Err = errAnswers
	}
	c.refuse(w, r, f)
}
