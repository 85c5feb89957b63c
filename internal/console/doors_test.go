package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/console"
	"reeve/internal/depot"
	"reeve/internal/door"
	"reeve/internal/doortest"
)

// foreign are ids of another account, by the names that routes give them.
type foreign map[string]string

var placeholder = regexp.MustCompile(`\{([a-z]+)(\.\.\.|\$)?\}`)

// at fills in a route's path.
func (f foreign) at(t *testing.T, path string) string {
	return placeholder.ReplaceAllStringFunc(path, func(hole string) string {
		name := placeholder.FindStringSubmatch(hole)[1]
		if f[name] == "" {
			t.Errorf("%s: the test does not know what %s stands for: give it one of another account", path, hole)
		}
		return f[name]
	})
}

func routes(t *testing.T) []door.Route {
	return console.Routes(console.Config{Public: doortest.PublicURL, Packages: depot.Open(t.TempDir())}).Routes
}

// neighbour founds a second account with something of everything, and returns
// the ids.
func neighbour(t *testing.T, h *doortest.House) foreign {
	t.Helper()
	made, err := h.Rules.CreateAccount(t.Context(), h.Admin(), "neighbour", 0)
	if err != nil {
		t.Fatal(err)
	}
	admin := reeve.Caller{Account: made.Account.No, Source: reeve.FromConsole, Actor: "operator:" + made.Operator, Scopes: reeve.RoleAdministrator.Scopes()}
	group, err := h.Rules.CreateGroup(t.Context(), admin, "theirs", "")
	if err != nil {
		t.Fatal(err)
	}
	codes, err := h.Store.Codes(t.Context(), made.Account.No)
	if err != nil {
		t.Fatal(err)
	}
	return foreign{
		"id": group.ID, "hash": codes[0].Hash, "name": url.PathEscape(made.Operator), "key": made.ClientID, "no": "1", "leaf": "0",
		"job": reeve.JobID(1).String(), "command": reeve.CommandID{Job: 1}.String(), "version": "1", "rest": "nowhere", "secret": "nothing",
	}
}

// Whatever needs a session sends people without one to where they get one, and
// programs away.
func TestWithoutSession(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	theirs := neighbour(t, h)
	nobody := h.Visitor()
	for _, r := range routes(t) {
		if r.Scope == "" {
			continue
		}
		path := theirs.at(t, r.Path)
		if r.Method == "GET" {
			got := nobody.Get(path)
			if got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), "/console/sign-in?next=") {
				t.Errorf("GET %s: %d to %q, want the sign-in", path, got.Code, got.Header().Get("Location"))
			}
		} else if got := nobody.Post(path, nil); got.Code != http.StatusUnauthorized {
			t.Errorf("POST %s: %d, want 401", path, got.Code)
		}
	}
}

// Each role does what it may and nothing else, and nobody reaches what another
// account owns.
func TestRoles(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	theirs := neighbour(t, h)
	for _, role := range []reeve.Role{reeve.RoleViewer, reeve.RoleOperator, reeve.RoleAuditor, reeve.RoleAdministrator} {
		who := h.Operator(reeve.Operator{Name: "a " + role.String(), Role: role})
		for _, r := range routes(t) {
			if r.Scope == "" {
				continue
			}
			path := theirs.at(t, r.Path)
			if strings.HasSuffix(path, "sign-out") {
				continue
			}
			var got int
			if r.Method == "GET" {
				got = who.Get(path).Code
			} else {
				got = who.Post(path, nil).Code
			}
			switch {
			case r.Scope != door.Session && !role.Scopes().Has(r.Scope):
				if got != http.StatusForbidden {
					t.Errorf("%s: %s %s: %d, want 403", role, r.Method, path, got)
				}
			case strings.Contains(r.Path, "{"):
				if got != http.StatusNotFound && got != http.StatusBadRequest {
					t.Errorf("%s: %s %s of another account: %d, want 404", role, r.Method, path, got)
				}
			case r.Method == "GET" && got != http.StatusOK && got != http.StatusSeeOther && got != http.StatusBadRequest:
				t.Errorf("%s: GET %s: %d", role, path, got)
			case got >= 500:
				t.Errorf("%s: %s %s: %d", role, r.Method, path, got)
			}
		}
	}
}

// Pages of other sites change nothing, whatever session the browser has.
func TestOtherSites(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	theirs := neighbour(t, h)
	admin := h.SignIn("admin", h.First.Password)
	for _, r := range routes(t) {
		if r.Method != "POST" {
			continue
		}
		for _, header := range []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"} {
			path := theirs.at(t, r.Path)
			if got := admin.Post(path, nil, header); got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), "another site") {
				t.Errorf("POST %s with %s: %d, want 403", path, header, got.Code)
			}
		}
	}
}

// Every answer forbids what pages do not need.
func TestPagesAreClosed(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	theirs := neighbour(t, h)
	admin := h.SignIn("admin", h.First.Password)
	for _, r := range routes(t) {
		if r.Method != "GET" || strings.Contains(r.Path, "/static/") {
			continue
		}
		got := admin.Get(theirs.at(t, r.Path))
		policy := got.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", r.Path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", r.Path, policy)
		}
		if got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept by caches", r.Path)
		}
	}
}

// What a page changes has words in the log.
func TestChangesHaveWords(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	shown := h.SignIn("admin", h.First.Password).Get("/console/log").Body.String()
	for _, r := range routes(t) {
		if r.Verb != "" && !strings.Contains(shown, `value="`+r.Verb+`"`) {
			t.Errorf("%s %s is %s in the log, which internal/console/words has no words for", r.Method, r.Path, r.Verb)
		}
	}
}
