package proof

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
	"reeve/internal/api"
	"reeve/internal/cmapi"
	"reeve/internal/door"
	"reeve/internal/gate"
)

// A caller makes requests from an address of its own, since failed
// authentications are counted by address.
type caller struct {
	*server
	made int
	web  *http.Client
}

// ask makes a request and returns the answer's status, headers and error code.
func (c *caller) ask(method, path, token string) (status int, header http.Header, code string) {
	c.t.Helper()
	if c.made%10 == 0 {
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+c.made/10))}
		dialer := net.Dialer{LocalAddr: from}
		c.web = &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: c.roots()},
			DialContext:     func(ctx context.Context, n, a string) (net.Conn, error) { return dialer.DialContext(ctx, n, a) },
		}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	c.made++
	request, err := http.NewRequest(method, c.first.URL+"/", nil)
	must(c.t, err)
	request.URL.Path, request.URL.RawQuery, _ = strings.Cut(path, "?")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := c.web.Do(request)
	must(c.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(c.t, err)
	var fault struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
		Request     string `json:"request_id"`
	}
	if isPage := strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html"); isPage && !strings.Contains(string(body), "<title>") {
		c.t.Errorf("%s %s is answered with %d and a page without a title", method, path, answer.StatusCode)
	} else if !isPage && method != "HEAD" && answer.StatusCode >= 400 {
		if json.Unmarshal(body, &fault) != nil || fault.Code == "" || fault.Description == "" || fault.Request == "" {
			c.t.Errorf("%s %s is answered with %d and %.200q", method, path, answer.StatusCode, body)
		}
	}
	return answer.StatusCode, answer.Header, fault.Code
}

// tables are all routes of the HTTPS port but /healthz and /readyz.
func tables() []door.API {
	return []door.API{cmapi.Routes(cmapi.Config{}), cmapi.Pages(cmapi.Config{}), api.Routes(api.Config{}), gate.Routes(gate.Config{})}
}

// fill puts something in the place of a pattern's variables.
func fill(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = strings.Repeat("0", 24)
		}
	}
	return strings.Join(parts, "/")
}

// No route serves who has no token, a wrong one, or one for something else.
func TestRoutesNeedTheirToken(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	c := &caller{server: s}
	tokens := map[reeve.Scope]string{}
	for _, scope := range []reeve.Scope{reeve.Read, reeve.Write, reeve.Admin} {
		app, err := s.own.CreateApp(t.Context(), client.NewApp{Name: string(scope), Scopes: []string{string(scope)}})
		must(t, err)
		tokens[scope] = s.tokenOf(app.ClientID, app.ClientSecret)
	}
	wrong := strings.Repeat("A", 48)
	var open []string
	walked := 0
	for _, table := range tables() {
		for _, r := range table.Routes {
			walked++
			if r.Verb != "" && r.Scope == reeve.Read {
				t.Errorf("%s %s changes something for apps that may only read", r.Method, r.Path)
			}
			path := fill(r.Path)
			if r.Scope == "" {
				if !r.Credentials {
					open = append(open, r.Method+" "+r.Path)
				} else if status, _, _ := c.ask(r.Method, path, ""); status < 400 || status >= 500 || status == 404 && !strings.HasPrefix(path, "/remediation/") && !strings.HasPrefix(path, "/identify/") {
					t.Errorf("%s %s without credentials is answered with %d", r.Method, path, status)
				}
				continue
			}
			if status, header, code := c.ask(r.Method, path, ""); status != 401 || header.Get("WWW-Authenticate") == "" || code != "invalid_token" {
				t.Errorf("%s %s without a token is answered with %d %s", r.Method, path, status, code)
			}
			if status, header, code := c.ask(r.Method, path, wrong); status != 401 || header.Get("WWW-Authenticate") == "" || code != "invalid_token" {
				t.Errorf("%s %s with a wrong token is answered with %d %s", r.Method, path, status, code)
			}
			if status, _, _ := c.ask(r.Method, path+"?access_token="+wrong, ""); status != 401 {
				t.Errorf("%s %s with a wrong token in its query is answered with %d", r.Method, path, status)
			}
			// The right token in the query opens the published API alone.
			query := path + "?access_token=" + tokens[r.Scope]
			if status, _, _ := c.ask(r.Method, query, ""); (status == 401) == table.QueryToken {
				t.Errorf("%s %s with its token in its query is answered with %d", r.Method, path, status)
			}
			for scope, token := range tokens {
				if status, _, code := c.ask(r.Method, path, token); scope != r.Scope && (status != 403 || code != "insufficient_scope") {
					t.Errorf("%s %s with a token to %s is answered with %d %s", r.Method, path, scope, status, code)
				}
			}
		}
	}
	if want := []string{"GET /api/v1/openapi.json", "GET /agent/v1/identity"}; !slices.Equal(open, want) {
		t.Errorf("%v are open to everybody, want %v", open, want)
	}
	if walked < 30 {
		t.Errorf("only %d routes were walked", walked)
	}
}

// methodsOf returns what the tables serve at a path.
func methodsOf(path string) (methods []string) {
	words := strings.Split(path, "/")
	for _, table := range tables() {
		for _, r := range table.Routes {
			pattern := strings.Split(r.Path, "/")
			fits := len(pattern) == len(words)
			for i := range min(len(pattern), len(words)) {
				fits = fits && (pattern[i] == words[i] || strings.HasPrefix(pattern[i], "{") && words[i] != "")
			}
			if fits {
				methods = append(methods, r.Method)
			}
			if fits && r.Method == "GET" {
				methods = append(methods, "HEAD")
			}
		}
	}
	return methods
}

// What is not in the tables is not there, whoever asks.
func TestUnknownRoutesAreDenied(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	c := &caller{server: s}
	paths := map[string]bool{}
	for _, table := range tables() {
		for _, r := range table.Routes {
			paths[fill(r.Path)] = true
		}
	}
	misses := []string{
		"/index.html", "/favicon.ico", "/robots.txt", "/.well-known/security.txt", "/debug/pprof/", "/debug/vars", "/metrics", "/varz", "/connz",
		"/o", "/o/api", "/o/api/v3.0/devices/action", "/o/api/v2/devices/action", "/o/api/v3.4/devices/action", "/o/api/v3.3/devices/actions",
		"/api", "/api/v1", "/api/v2/jobs", "/agent", "/agent/v1", "/agent/v2/identity", "/agent/v1/uploads", "/healthz/", "/keys/root.key", "/data/reeve.db",
		"/../keys/root.key", "/api/v1/../../keys", "/o/api//v3.3/devices/action",
	}
	for path := range paths {
		known := methodsOf(path)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
			if slices.Contains(known, method) {
				continue
			}
			status, header, code := c.ask(method, path, s.token)
			if status != http.StatusMethodNotAllowed || method != "HEAD" && code != "method_not_allowed" || header.Get("Allow") == "" {
				t.Errorf("%s %s is answered with %d %s, Allow %q", method, path, status, code, header.Get("Allow"))
			}
		}
		misses = append(misses, path+"/", path+"/more", path+"/more/still", path+".json", path+";a=b", "/"+path, "/x/.."+path, strings.ToUpper(path))
	}
	for _, miss := range misses {
		if methodsOf(miss) != nil {
			continue // something like an id fits there
		}
		for _, method := range []string{"GET", "POST"} {
			for _, token := range []string{"", s.token} {
				if status, _, code := c.ask(method, miss, token); status != http.StatusNotFound || code != "not_found" {
					t.Errorf("%s %s is answered with %d %s", method, miss, status, code)
				}
			}
		}
	}
	for method, want := range map[string]int{"GET": http.StatusSeeOther, "POST": http.StatusNotFound} { // the way into the console
		if status, _, _ := c.ask(method, "/", ""); status != want {
			t.Errorf("%s / is answered with %d, want %d", method, status, want)
		}
	}
	t.Logf("%d requests were denied", c.made)
}
