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
	"testing/synctest"
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

func TestTokens(t *testing.T) {
	for name, tt := range map[string]struct {
		query   string
		headers []string
		status  int
	}{
		"header":                 {"", []string{"Authorization: Bearer " + goodToken}, 200},
		"header in lower case":   {"", []string{"Authorization: bearer " + goodToken}, 200},
		"query":                  {"?access_token=" + goodToken, nil, 200},
		"both, equal":            {"?access_token=" + goodToken, []string{"Authorization: Bearer " + goodToken}, 200},
		"JSON type on a GET":     {"?access_token=" + goodToken, []string{"Content-Type: application/json"}, 200},
		"none":                   {"", nil, 401},
		"empty":                  {"?access_token=", nil, 401},
		"wrong":                  {"?access_token=WRONG", nil, 401},
		"both, different":        {"?access_token=WRONG", []string{"Authorization: Bearer " + goodToken}, 401},
		"both, different, other": {"?access_token=" + goodToken, []string{"Authorization: Bearer WRONG"}, 401},
		"twice in the query":     {"?access_token=" + goodToken + "&access_token=WRONG", nil, 401},
		"Basic":                  {"", []string{"Authorization: Basic " + goodToken}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := open(t, &keeper{}, things)
			answer := ask(h, "GET", "/o/api/v3/things"+tt.query, tt.headers...)
			if answer.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", answer.StatusCode, tt.status)
			}
			if tt.status == 401 && (code(t, answer) != "invalid_token" || answer.Header.Get("WWW-Authenticate") == "") {
				t.Errorf("a 401 without its words or WWW-Authenticate")
			}
		})
	}
}

func TestTokenOnlyInTheHeader(t *testing.T) {
	h := Open(Config{Keeper: &keeper{}, Log: slog.New(slog.DiscardHandler)},
		API{Source: func(reeve.App) reeve.Source { return reeve.FromAPI }, Routes: []Route{things}})
	if answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken); answer.StatusCode != 401 {
		t.Errorf("status %d, want 401", answer.StatusCode)
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

func TestFailuresAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{}
		h, _ := open(t, k, things)
		for range DefaultFailures { // without a token's form there is no look-up, and nothing to limit
			ask(h, "GET", "/o/api/v3/things?access_token=WRONG")
			ask(h, "GET", "/o/api/v3/things")
		}
		wrong := strings.Repeat("W", 48)
		for range DefaultFailures {
			if answer := ask(h, "GET", "/o/api/v3/things?access_token="+wrong); answer.StatusCode != 401 {
				t.Fatalf("status %d, want 401", answer.StatusCode)
			}
		}
		asked := k.asked
		answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken, "X-Forwarded-For: 198.51.100.7")
		if answer.StatusCode != 429 || answer.Header.Get("Retry-After") == "" {
			t.Errorf("status %d, want 429 with Retry-After", answer.StatusCode)
		}
		if k.asked != asked {
			t.Error("an address past the limit was looked up")
		}
		time.Sleep(time.Minute)
		if answer := ask(h, "GET", "/o/api/v3/things?access_token="+goodToken); answer.StatusCode != 200 {
			t.Errorf("a minute later: status %d, want 200", answer.StatusCode)
		}
	})
}

func TestFailuresAreBounded(t *testing.T) {
	f := newFailures(5)
	for i := range maxAddresses + 100 {
		f.add(time.Duration(i).String())
	}
	if len(f.count) > maxAddresses {
		t.Errorf("%d addresses remembered", len(f.count))
	}
	for range 5 {
		f.add("2001:db8:1:2::1")
	}
	if f.wait("2001:db8:1:2:ffff::9") == 0 {
		t.Error("another address of the same network is let in")
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

func TestBody(t *testing.T) {
	const limit = 64
	for name, tt := range map[string]struct {
		body, contentType string
		status            int
	}{
		"JSON":               {`{}`, "application/json", 200},
		"with a charset":     {`{}`, "application/json; charset=utf-8", 200},
		"in capitals":        {`{}`, "Application/JSON", 200},
		"nothing":            {"", "", 200},
		"a form":             {`a=1`, "application/x-www-form-urlencoded", 415},
		"no type":            {`{}`, "", 415},
		"other JSON":         {`{}`, "application/vnd.api+json", 415},
		"nothing, but typed": {"", "text/plain", 415},
		"too large":          {strings.Repeat(" ", limit+1), "application/json", 413},
		"not UTF-8":          {"\"\xff\"", "application/json", 400},
	} {
		t.Run(name, func(t *testing.T) {
			reads := Route{Method: "POST", Path: "/x", Scope: reeve.Read, Rate: "x", Serve: func(w http.ResponseWriter, r *Request) error {
				_, err := r.JSON(w, limit)
				return err
			}}
			h, _ := open(t, &keeper{}, reads)
			for _, chunked := range []bool{false, true} {
				r := httptest.NewRequest("POST", "/x?access_token="+goodToken, strings.NewReader(tt.body))
				if chunked {
					if tt.body == "" {
						continue
					}
					r.ContentLength = -1
				}
				if tt.contentType != "" {
					r.Header.Set("Content-Type", tt.contentType)
				}
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != tt.status {
					t.Errorf("chunked %v: status %d, want %d", chunked, w.Code, tt.status)
				}
			}
		})
	}
}

func TestRepeatKey(t *testing.T) {
	for key, ok := range map[string]bool{
		"a": true, strings.Repeat("~", 255): true, "": false, strings.Repeat("a", 256): false, "a b": false, "ä": false, "\x7f": false,
	} {
		r := &Request{Request: httptest.NewRequest("POST", "/", nil)}
		r.Header["Idempotency-Key"] = []string{key}
		if got, err := r.RepeatKey(); (err == nil) != ok || ok && got != key {
			t.Errorf("%q: %q, %v", key, got, err)
		}
	}
	r := &Request{Request: httptest.NewRequest("POST", "/", nil)}
	r.Header["Idempotency-Key"] = []string{"a", "a"}
	if _, err := r.RepeatKey(); err == nil {
		t.Error("two keys were taken")
	}
}

// Once keeps one answer.
func (k *keeper) Once(ctx context.Context, _ int64, key reeve.RepeatKey, do func(context.Context) ([]byte, error)) ([]byte, bool, error) {
	if k.kept != nil {
		if k.key != key {
			return nil, false, reeve.Errorf(reeve.Conflict, "another request")
		}
		return k.kept, true, nil
	}
	answer, err := do(ctx)
	if err == nil {
		k.key, k.kept = key, answer
	}
	return answer, false, err
}

func TestRepeats(t *testing.T) {
	served := 0
	change := Route{Method: "POST", Path: "/o/api/v3/things/{id}", Scope: reeve.Read, Rate: "things", Verb: "thing_changed",
		Serve: func(w http.ResponseWriter, r *Request) error {
			served++
			body, err := r.JSON(w, 100)
			if err != nil || string(body) != "{}" || r.PathValue("id") != "7" {
				return reeve.Errorf(reeve.Invalid, "%q %v", body, err)
			}
			return Write(w, http.StatusCreated, served)
		}}
	own, reads := change, change
	own.Repeats, own.Path = true, "/o/api/v3/own/{id}"
	reads.Verb, reads.Path = "", "/o/api/v3/read/{id}"
	h, _ := open(t, &keeper{}, change, own, reads)
	post := func(target, body, key string) *http.Response {
		r := httptest.NewRequest("POST", "/o/api/v3/"+target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+goodToken)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for i, tt := range []struct {
		target, body, key string
		status            int
		served            int
		replayed          string
	}{
		{"things/7", "[]", "k", 400, 1, ""}, // what fails is not kept
		{"things/7", "{}", "k", 201, 2, ""},
		{"things/7", "{}", "k", 201, 2, "true"},
		{"things/7?access_token=" + goodToken, "{}", "k", 201, 2, "true"},
		{"things/7?x=1", "{}", "k", 409, 2, ""},
		{"things/7", "{} ", "k", 409, 2, ""},
		{"things/8", "{}", "k", 409, 2, ""},
		{"things/7", "{}", "a b", 400, 2, ""},
		{"own/7", "{}", "k", 201, 3, ""},
		{"read/7", "{}", "k", 201, 4, ""},
	} {
		answer := post(tt.target, tt.body, tt.key)
		if answer.StatusCode != tt.status || served != tt.served || answer.Header.Get("Idempotent-Replayed") != tt.replayed {
			t.Errorf("%d. %s %s %s: %d %v, served %d", i, tt.target, tt.body, tt.key, answer.StatusCode, answer.Header, served)
		}
		if body, _ := io.ReadAll(answer.Body); tt.replayed != "" && (string(body) != "2" || answer.Header.Get("Content-Type") != "application/json") {
			t.Errorf("%d. the answer given again: %s %v", i, body, answer.Header)
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

func TestCursor(t *testing.T) {
	token := Cursor("devices", 1, 42, 7)
	var a, b int64
	if err := ReadCursor("cursor", token, "devices", 1, &a, &b); err != nil || a != 42 || b != 7 {
		t.Errorf("read %d %d, %v", a, b, err)
	}
	for name, err := range map[string]error{
		"another account": ReadCursor("cursor", token, "devices", 2, &a, &b),
		"another list":    ReadCursor("cursor", token, "groups", 1, &a, &b),
		"too short":       ReadCursor("cursor", token[:len(token)-2], "devices", 1, &a, &b),
		"fewer numbers":   ReadCursor("cursor", token, "devices", 1, &a),
		"not base64":      ReadCursor("cursor", "%%%", "devices", 1, &a, &b),
	} {
		if reeve.KindOf(err) != reeve.Invalid {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
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
