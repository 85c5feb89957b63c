package door

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

// keeper is a Keeper that knows one token and one window.
type keeper struct {
	asked  int
	window control.Window
	limit  error
	key    reeve.RepeatKey
	kept   []byte
}

const goodToken = "GOODTOKEN"

func (k *keeper) Authenticate(_ context.Context, token string) (reeve.App, reeve.Account, error) {
	k.asked++
	if token != goodToken {
		return reeve.App{}, reeve.Account{}, reeve.Errorf(reeve.Denied, "no such token")
	}
	return reeve.App{ClientID: "APP", Name: "app", Scopes: reeve.Scopes{reeve.Read}}, reeve.Account{No: 7}, nil
}

func (k *keeper) Admit(context.Context, reeve.App, reeve.Account, string) (control.Window, error) {
	return k.window, k.limit
}

func open(t *testing.T, k *keeper, routes ...Route) (http.Handler, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	api := API{QueryToken: true, Source: func(reeve.App) reeve.Source { return reeve.FromOAuthAPI }, Routes: routes}
	return Open(Config{Keeper: k, Log: slog.New(slog.NewTextHandler(&log, nil))}, api), &log
}

// ask makes one request; headers are "Name: value".
func ask(h http.Handler, method, target string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// code returns the error code of an answer, "" for none.
func code(t *testing.T, answer *http.Response) string {
	t.Helper()
	var body struct {
		Error     string `json:"error"`
		RequestID string `json:"request_id"`
	}
	raw, _ := io.ReadAll(answer.Body)
	if len(raw) == 0 {
		return ""
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatalf("%q is not JSON: %v", raw, err)
	}
	if body.Error != "" && body.RequestID != answer.Header.Get("X-Request-Id") {
		t.Errorf("request_id is %q, the header says %q", body.RequestID, answer.Header.Get("X-Request-Id"))
	}
	return body.Error
}

func hello(w http.ResponseWriter, r *Request) error {
	return Write(w, http.StatusOK, map[string]string{"actor": r.Caller.Actor})
}

var things = Route{Method: "GET", Path: "/o/api/v3/things", Scope: reeve.Read, Rate: "things", Serve: hello}

func TestPaths(t *testing.T) {
	h, _ := open(t, &keeper{}, things, Route{Method: "POST", Path: "/o/api/v3/orders", Scope: reeve.Write, Rate: "o", Serve: hello})
	for _, tt := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/o/api/v3.0/things", 404, ""},
		{"GET", "/o/api/v3/things/", 404, ""},
		{"GET", "/o//api/v3/things", 404, ""},
		{"GET", "/o/api/../api/v3/things", 404, ""},
		{"GET", "/o/api/v3/THINGS", 404, ""},
		{"GET", "/o/api/v3%2Fthings", 404, ""},
		{"POST", "/o/api/v3/things", 405, "GET, HEAD"},
		{"DELETE", "/o/api/v3/things", 405, "GET, HEAD"},
		{"OPTIONS", "/o/api/v3/things", 405, "GET, HEAD"},
		{"GET", "/o/api/v3/orders", 405, "POST"},
		{"HEAD", "/o/api/v3/orders", 405, "POST"},
	} {
		answer := ask(h, tt.method, tt.target)
		if answer.StatusCode != tt.status || answer.Header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", tt.method, tt.target, answer.StatusCode, answer.Header.Get("Allow"), tt.status, tt.allow)
		}
		if got := answer.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s %s: Content-Type %q", tt.method, tt.target, got)
		}
		code(t, answer)
	}
	if answer := ask(h, "HEAD", "/o/api/v3/things", "Authorization: Bearer "+goodToken); answer.StatusCode != 200 {
		t.Errorf("HEAD: %d", answer.StatusCode)
	}
}

func TestScope(t *testing.T) {
	writes := things
	writes.Scope = reeve.Write
	h, _ := open(t, &keeper{}, writes)
	answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken)
	if got := code(t, answer); answer.StatusCode != 403 || got != "insufficient_scope" {
		t.Errorf("%d %s, want 403 insufficient_scope", answer.StatusCode, got)
	}
}

func TestRateHeaders(t *testing.T) {
	window := control.Window{Limit: 10, Remaining: 3, Reset: 41*time.Second + 1}
	failing := things
	failing.Serve = func(http.ResponseWriter, *Request) error { return reeve.Errorf(reeve.Invalid, "no") }
	for name, tt := range map[string]struct {
		keeper keeper
		route  Route
		status int
		shown  string // Limit, Remaining, Reset-Time, Retry-After
	}{
		"admitted":  {keeper{window: window}, things, 200, "10 3 42 "},
		"with 400":  {keeper{window: window}, failing, 400, "10 3 42 "},
		"past it":   {keeper{window: control.Window{Limit: 10, Reset: time.Second / 2}, limit: reeve.Errorf(reeve.Limited, "later")}, things, 429, "10 0 1 1"},
		"unlimited": {keeper{window: control.Window{Unlimited: true}}, things, 200, "   "},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := open(t, &tt.keeper, tt.route)
			answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken)
			var shown []string
			for _, name := range []string{limitHeader, remainingHeader, resetHeader, "Retry-After"} { // in exactly this spelling
				shown = append(shown, strings.Join(answer.Header[name], ""))
			}
			if got := strings.Join(shown, " "); answer.StatusCode != tt.status || got != tt.shown {
				t.Errorf("%d %q, want %d %q", answer.StatusCode, got, tt.status, tt.shown)
			}
		})
	}
}

func TestPanic(t *testing.T) {
	broken := things
	broken.Serve = func(http.ResponseWriter, *Request) error { panic("at the disco") }
	h, log := open(t, &keeper{}, broken)
	answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken)
	if got := code(t, answer); answer.StatusCode != 500 || got != "server_error" {
		t.Errorf("%d %s, want 500 server_error", answer.StatusCode, got)
	}
	if !strings.Contains(log.String(), "at the disco") || !strings.Contains(log.String(), "status=500") {
		t.Error("the log does not tell of the panic")
	}
}

func TestLogKeepsSecrets(t *testing.T) {
	h, log := open(t, &keeper{}, things)
	ask(h, "GET", "/o/api/v3/things?access_token="+goodToken)
	ask(h, "GET", "/o/api/v3/things?access_token=WRONGSECRET")
	ask(h, "GET", "/nowhere/"+goodToken+"?access_token="+goodToken)
	ask(h, "GET", "/o/api/v3/things", "Authorization: Bearer WRONGSECRET")
	if lines := strings.Count(log.String(), "msg=request"); lines != 4 {
		t.Errorf("%d lines of access log, want 4", lines)
	}
	for _, secret := range []string{goodToken, "WRONGSECRET", "access_token"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s:\n%s", secret, log)
		}
	}
}

func TestHeadMintsNothing(t *testing.T) {
	served := 0
	mint := Route{Method: "GET", Path: "/o/oauth/token", Credentials: true, Serve: func(http.ResponseWriter, *Request) error { served++; return nil }}
	post := mint
	post.Method = "POST"
	h, _ := open(t, &keeper{}, post, mint)
	for method, want := range map[string]int{"HEAD": 405, "PUT": 405, "GET": 200, "POST": 200} {
		answer := ask(h, method, "/o/oauth/token")
		if answer.StatusCode != want || want == 405 && answer.Header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: %d, Allow %q", method, answer.StatusCode, answer.Header.Get("Allow"))
		}
	}
	if served != 2 {
		t.Errorf("served %d requests, want 2", served)
	}
}

// What is not offered says so to everybody, whatever the method.
func TestAbsent(t *testing.T) {
	h := Open(Config{Keeper: &keeper{}, Log: slog.New(slog.DiscardHandler)}, API{Absent: []Absence{
		{Family: "Get Wonders", Method: "POST", Path: "/o/api/v3/wonders", Why: "there are none"}, {Family: "Get Signs", Why: "no path is known"},
	}})
	for _, method := range []string{"POST", "GET"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/o/api/v3/wonders", nil))
		if w.Code != 404 || !strings.Contains(w.Body.String(), `"error":"not_found","error_description":"Get Wonders is not offered: there are none"`) {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
}
