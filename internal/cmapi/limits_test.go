package cmapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/cmapi"
	"reeve/internal/doortest"
)

const action33 = "/o/api/v3.3/devices/action"

// bearer is the header that carries a token.
func bearer(token string) string { return "Authorization: Bearer " + token }

func list(entries ...string) string {
	raw, _ := json.Marshal(entries)
	return string(raw)
}

func TestTooManyEntries(t *testing.T) {
	f := openFleet(t, doortest.Options{MaxEntries: 3})
	id := f.devices["linux"].ID
	for n, want := range map[int]int{3: 200, 4: 413} {
		body := fmt.Sprintf(`{"types":"exempt","ids":%s}`, list(slices.Repeat([]string{id}, n)...))
		if got := f.Ask("POST", action33, body, bearer(f.Token)); got.Code != want {
			t.Errorf("%d entries: %d, want %d: %s", n, got.Code, want, got.Body)
		}
	}
}

func TestTooLargeBody(t *testing.T) {
	h := doortest.Open(t, doortest.Options{MaxBody: 1000})
	body := `{"types":"exempt","ids":["` + strings.Repeat("a", 1000) + `"]}`
	if got := h.Ask("POST", action33, body, bearer(h.Token)); got.Code != 413 {
		t.Errorf("status %d, want 413: %s", got.Code, got.Body)
	}
}

// Nothing of a refused request happens, and everything of a taken one does.
func TestRefusedRequestChangesNothing(t *testing.T) {
	f := openFleet(t, doortest.Options{MaxEntries: 1})
	before, err := f.Store.Jobs(t.Context(), f.Account().No, reeve.JobQuery{Limit: 100})
	f.check(t, err)
	for _, body := range []string{
		fmt.Sprintf(`{"types":"delete","ids":%s}`, list(f.devices["linux"].ID, f.devices["macos"].ID)),
		fmt.Sprintf(`{"types":"delete","ids":%s,"macs":["x"]}`, list(f.devices["linux"].ID)),
		fmt.Sprintf(`{"types":"delete","ids":%s`, list(f.devices["linux"].ID)),
	} {
		f.Ask("POST", action33, body, bearer(f.Token))
	}
	after, err := f.Store.Jobs(t.Context(), f.Account().No, reeve.JobQuery{Limit: 100})
	f.check(t, err)
	if len(after) != len(before) {
		t.Errorf("%d jobs came of refused requests", len(after)-len(before))
	}
	if _, err := f.Store.Device(t.Context(), f.Account().No, f.devices["linux"].ID); err != nil {
		t.Errorf("a refused request deleted a device: %v", err)
	}
}

// shown returns the values of a header in exactly this spelling.
func shown(h http.Header, name string) string { return strings.Join(h[name], " ") }

func TestRateLimit(t *testing.T) {
	f := openFleet(t, doortest.Options{RequestsPerMinute: 10})
	segments := []string{"v3", "v3.1", "v3.2", "v3.3"}
	var last *http.Response
	limited := 0
	for i := range 11 { // all versions of one API share its window, and so do requests that fail
		path := "/o/api/" + segments[i%len(segments)] + "/devices/action"
		last = f.Ask("POST", path, `{"types":"nonsense"}`, bearer(f.Token)).Result()
		if last.StatusCode == http.StatusTooManyRequests {
			limited++
		}
		for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset-Time"} {
			if shown(last.Header, name) == "" {
				t.Errorf("request %d has no %s", i+1, name)
			}
		}
	}
	if limited == 0 { // the minute turned in the middle: the new window still has room
		for range 10 {
			last = f.Ask("POST", action33, `{}`, bearer(f.Token)).Result()
		}
	}
	if last.StatusCode != http.StatusTooManyRequests || last.Header.Get("Retry-After") == "" || shown(last.Header, "X-RateLimit-Remaining") != "0" {
		t.Errorf("the request past the limit: %d %v", last.StatusCode, last.Header)
	}
	if got := f.Ask("POST", "/o/api/v3.7/devices", "", bearer(f.Token)); got.Code != 200 {
		t.Errorf("another API has no window of its own: %d", got.Code)
	}
	if got := f.Ask("GET", "/api/v1/jobs", "", bearer(f.Token)); got.Code != 200 || shown(got.Header(), "X-RateLimit-Limit") != "600" {
		t.Errorf("Reeve's own API: %d, %v", got.Code, got.Header())
	}
}

func TestScopes(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	reads, writes := f.AppToken("reader", false, reeve.Read), f.AppToken("writer", false, reeve.Write)
	body := fmt.Sprintf(`{"types":"exempt","ids":%s}`, list(f.devices["linux"].ID))
	for _, tt := range []struct {
		path, body, token string
		want              int
	}{
		{action33, body, writes, 200},
		{action33, body, reads, 403},
		{"/o/api/v3.7/devices", "", reads, 200},
		{"/o/api/v3.7/devices", "", writes, 403},
	} {
		got := f.Ask("POST", tt.path, tt.body, bearer(tt.token))
		if got.Code != tt.want || tt.want == 403 && !strings.Contains(got.Body.String(), `"insufficient_scope"`) {
			t.Errorf("%s: %d, want %d: %s", tt.path, got.Code, tt.want, got.Body)
		}
	}
}

func TestTokenOfRevokedApp(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	app, secret, err := f.Rules.CreateApp(t.Context(), f.Admin(), reeve.App{Name: "short", Scopes: reeve.Scopes{reeve.Read}})
	f.check(t, err)
	token := f.Grant(app.ClientID, secret)
	f.check(t, f.Rules.RevokeApp(t.Context(), f.Admin(), app.ClientID))
	if got := f.Ask("POST", "/o/api/v3.7/devices", "", bearer(token)); got.Code != 401 {
		t.Errorf("status %d, want 401", got.Code)
	}
}

// What one account has is not there for another.
func TestForeignAccount(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	other, err := f.Rules.CreateAccount(t.Context(), f.Admin(), "other", 0)
	f.check(t, err)
	foreign := bearer(f.Grant(other.ClientID, other.ClientSecret))
	body := fmt.Sprintf(`{"types":"fetch_agent_log","ids":%s}`, list(f.devices["linux"].ID))
	if got := f.Ask("POST", action33, body, foreign).Body.String(); !strings.Contains(got, `"status":0`) {
		t.Errorf("a foreign device: %s", got)
	}
	var mine []struct {
		Command string `json:"command_id"`
	}
	f.check(t, json.Unmarshal(f.Ask("POST", action33, body, bearer(f.Token)).Body.Bytes(), &mine))
	if got := f.Ask("GET", "/o/api/v3.1/get_reports?type=agent_log&command_id="+mine[0].Command, "", foreign); got.Code != 404 {
		t.Errorf("a foreign command: %d", got.Code)
	}
	var page struct {
		Next string `json:"next_token"`
	}
	f.check(t, json.Unmarshal(f.Ask("POST", "/o/api/v3.7/devices", `{"limit":1}`, bearer(f.Token)).Body.Bytes(), &page))
	if got := f.Ask("POST", "/o/api/v3.7/devices", fmt.Sprintf(`{"token":%q}`, page.Next), foreign); got.Code != 400 {
		t.Errorf("a foreign cursor: %d", got.Code)
	}
}

func TestRepeatedRequestIsAnsweredAlike(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	body := fmt.Sprintf(`{"types":"scan_threats","ids":%s,"params":{"full_scan":1}}`, list(f.devices["linux"].ID, "nobody", f.devices["phone"].ID))
	var answers []string
	for range 2 {
		got := f.Ask("POST", action33, body, bearer(f.Token), "Idempotency-Key: k")
		if want := []string{"", "true"}[len(answers)]; got.Header().Get("Idempotent-Replayed") != want {
			t.Errorf("request %d: %v", len(answers), got.Header())
		}
		answers = append(answers, got.Body.String())
	}
	if answers[0] != answers[1] || !strings.Contains(answers[0], `"status":1`) {
		t.Errorf("first %s, then %s", answers[0], answers[1])
	}
}

// An expired token locks out nobody, and guesses only who was not seen good.
func TestExpiredTokensLockOutNobody(t *testing.T) {
	var late time.Duration
	h := doortest.Open(t, doortest.Options{Failures: 60, Now: func() time.Time { return time.Now().Add(late) }})
	late = 13 * time.Hour // nobody used the token before
	for range 100 {
		if got := h.Ask("GET", "/api/v1/jobs", "", "Authorization: Bearer "+h.Token); got.Code != 401 {
			t.Fatalf("an expired token: %d %s", got.Code, got.Body)
		}
	}
	fresh := "Authorization: Bearer " + h.Grant(h.First.ClientID, h.First.ClientSecret)
	h.Ask("GET", "/api/v1/jobs", "", fresh)
	status := 0
	for i := range 61 {
		status = h.Ask("GET", "/api/v1/jobs", "", fmt.Sprintf("Authorization: Bearer %048d", i)).Code
	}
	if status != 429 {
		t.Errorf("61 guesses: %d", status)
	}
	if got := h.Ask("GET", "/api/v1/jobs", "", fresh); got.Code != 200 {
		t.Errorf("a good token beside guesses: %d", got.Code)
	}
	ask := func(client, secret string) int {
		return h.Ask("GET", "/o/oauth/token?grant_type=client_credentials&client_id="+client+"&client_secret="+secret, "").Code
	}
	if got := ask(h.First.ClientID, h.First.ClientSecret); got != 200 {
		t.Errorf("the right secret beside wrong tokens: %d", got)
	}
	for i := range 61 {
		status = ask(fmt.Sprint("NOBODY", i), "x")
	}
	if status != 429 {
		t.Errorf("61 unknown clients: %d", status)
	}
	if got := ask(h.First.ClientID, h.First.ClientSecret); got != 200 {
		t.Errorf("the right secret beside guesses: %d", got)
	}
}

func TestBasicClient(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	const form = "Content-Type: application/x-www-form-urlencoded"
	for name, tt := range map[string]struct {
		client, secret, body string
		want                 int
	}{
		"right":          {h.First.ClientID, h.First.ClientSecret, "grant_type=client_credentials", 200},
		"wrong":          {h.First.ClientID, "WRONG", "grant_type=client_credentials", 401},
		"both, equal":    {h.First.ClientID, h.First.ClientSecret, "grant_type=client_credentials&client_id=" + h.First.ClientID, 200},
		"both, not so":   {h.First.ClientID, h.First.ClientSecret, "grant_type=client_credentials&client_id=OTHER", 400},
		"without a type": {h.First.ClientID, h.First.ClientSecret, "a=b", 400},
	} {
		r, _ := http.NewRequest("GET", "/", nil)
		r.SetBasicAuth(tt.client, tt.secret)
		got := h.Ask("POST", "/o/oauth/token", tt.body, form, "Authorization: "+r.Header.Get("Authorization"))
		challenge := got.Header().Get("WWW-Authenticate")
		if got.Code != tt.want || (tt.want == 401) != strings.HasPrefix(challenge, "Basic ") {
			t.Errorf("%s: %d %q, want %d: %s", name, got.Code, challenge, tt.want, got.Body)
		}
	}
}

func TestFailedTokensAreLimited(t *testing.T) {
	h := doortest.Open(t, doortest.Options{Failures: 3})
	ask := func(secret string) int {
		return h.Ask("GET", "/o/oauth/token?grant_type=client_credentials&client_id="+h.First.ClientID+"&client_secret="+secret, "").Code
	}
	for range 30 { // right ones are not counted
		if got := ask(h.First.ClientSecret); got != 200 {
			t.Fatalf("status %d, want 200", got)
		}
	}
	var got []int
	for range 4 {
		got = append(got, ask("WRONG"))
	}
	if want := []int{401, 401, 401, 429}; !slices.Equal(got, want) && !slices.Contains(got, 429) {
		t.Errorf("statuses %v, want %v", got, want)
	}
}

// No token, secret or code that passes through the doors reaches a log.
func TestLogsKeepSecrets(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	f.Ask("GET", "/o/oauth/token?grant_type=client_credentials&client_id="+f.First.ClientID+"&client_secret="+f.First.ClientSecret, "")
	f.Ask("POST", "/o/oauth/token", "grant_type=client_credentials&client_id="+f.First.ClientID+"&client_secret=WRONGSECRET", "Content-Type: application/x-www-form-urlencoded")
	f.Ask("POST", "/o/api/v3.7/devices?access_token="+f.Token, "")
	f.Ask("POST", "/o/api/v3.7/devices?access_token=WRONGTOKEN", "")
	f.Ask("GET", "/nowhere?access_token="+f.Token, "")
	code := f.Ask("POST", "/api/v1/codes", `{"note":"x"}`, bearer(f.Token)).Body.String()
	app := f.Ask("POST", "/api/v1/apps", `{"name":"x","scopes":["read"]}`, bearer(f.Token)).Body.String()
	var made struct {
		Code   string `json:"code"`
		Secret string `json:"client_secret"`
	}
	f.check(t, json.Unmarshal([]byte(code), &made))
	f.check(t, json.Unmarshal([]byte(app), &made))
	logged := f.Log()
	for _, row := range mustLog(t, f) {
		logged += fmt.Sprintf("%+v\n", row)
	}
	for _, secret := range []string{f.Token, f.First.ClientSecret, f.First.Code, "WRONGSECRET", "WRONGTOKEN", made.Code, made.Secret} {
		if secret == "" || strings.Contains(logged, secret) {
			t.Errorf("a log holds %q", secret)
		}
	}
	if !strings.Contains(logged, `route="POST /o/api/v3.7/devices"`) {
		t.Error("the access log does not name the route")
	}
}

func mustLog(t *testing.T, f *fleet) []reeve.AuditEntry {
	t.Helper()
	rows, err := f.Store.Log(t.Context(), f.Account().No, reeve.LogQuery{Limit: 1000})
	f.check(t, err)
	return rows
}

// Every route says who may call it, what counts it and what it changes.
func TestRoutesAreGuarded(t *testing.T) {
	published := cmapi.Routes(cmapi.Config{})
	open := map[string]bool{}
	for _, r := range published.Routes {
		name := r.Method + " " + r.Path
		switch {
		case r.Scope == "" && r.Credentials:
			open[name] = true
		case r.Scope == reeve.Read && r.Verb == "", r.Scope == reeve.Write && r.Verb != "":
			if r.Rate == "" {
				t.Errorf("%s has no rate class", name)
			}
		default:
			t.Errorf("%s: scope %q and verb %q do not fit together", name, r.Scope, r.Verb)
		}
	}
	want := map[string]bool{
		"GET /o/oauth/token": true, "POST /o/oauth/token": true, "GET /o/oauth2/token": true, "POST /o/oauth2/token": true,
		"GET /o/oauth/authorize": true, "POST /o/oauth/authorize": true, "GET /o/oauth2/authorize": true, "POST /o/oauth2/authorize": true,
		"GET /remediation/{license}/{device}/{mark}/remediation.html": true,
	}
	if fmt.Sprint(open) != fmt.Sprint(want) {
		t.Errorf("routes without a token: %v, want %v", open, want)
	}
}

// Without a token nothing but the token endpoint does anything.
func TestRoutesAskForAToken(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	for _, r := range cmapi.Routes(cmapi.Config{}).Routes {
		if r.Credentials {
			continue
		}
		if got := h.Ask(r.Method, r.Path, ""); got.Code != 401 {
			t.Errorf("%s %s without a token: %d", r.Method, r.Path, got.Code)
		}
	}
}
