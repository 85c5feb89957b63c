package cmapi_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/doortest"
)

const asForm = "Content-Type: application/x-www-form-urlencoded"

// addApp adds an app with one redirect URI and returns what it asks.
func addApp(t *testing.T, h *doortest.House, app reeve.App) url.Values {
	t.Helper()
	app.RedirectURIs, app.Scopes = []string{"https://app.example/back"}, reeve.Scopes{reeve.Read}
	app, _, err := h.Rules.CreateApp(t.Context(), h.Admin(), app)
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"client_id": {app.ClientID}, "redirect_uri": app.RedirectURIs, "response_type": {"code"}}
}

func signIn(h *doortest.House, ask url.Values, name, password string) *httptest.ResponseRecorder {
	return h.Ask("POST", "/o/oauth/authorize", ask.Encode()+"&"+url.Values{"name": {name}, "password": {password}}.Encode(), asForm)
}

// Passwords are guessed no faster than client secrets, and the page says so.
func TestSignInIsLimited(t *testing.T) {
	h := doortest.Open(t, doortest.Options{Failures: 3})
	ask := addApp(t, h, reeve.App{Name: "gateway"})
	for range 3 {
		if got := signIn(h, ask, "admin", "wrong"); got.Code != 401 || !strings.Contains(got.Body.String(), "<form") {
			t.Fatalf("a wrong password: %d %s", got.Code, got.Body)
		}
	}
	for what, got := range map[string]*httptest.ResponseRecorder{
		"the right password": signIn(h, ask, "admin", h.First.Password),
		"the page itself":    h.Ask("GET", "/o/oauth/authorize?"+ask.Encode(), ""),
		"the other path":     h.Ask("GET", "/o/oauth2/authorize?"+ask.Encode(), ""),
	} {
		if got.Code != 429 || got.Header().Get("Retry-After") == "" || !strings.Contains(got.Body.String(), "<title>") {
			t.Errorf("%s after too many: %d %s", what, got.Code, got.Body)
		}
	}
}

// Unknown apps count as guesses, since that needs no password.
func TestUnknownAppsAreLimited(t *testing.T) {
	h := doortest.Open(t, doortest.Options{Failures: 1})
	for _, want := range []int{400, 429} {
		if got := h.Ask("GET", "/o/oauth/authorize?client_id=NOBODY", ""); got.Code != want {
			t.Errorf("%d, want %d", got.Code, want)
		}
	}
}

// The policy lets in the style that the page has, and nothing of what the app
// is called or asks can leave its place.
func TestPagesAreClosed(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	evil := `"><script>alert(1)</script><a href='javascript:alert(2)'>`
	ask := addApp(t, h, reeve.App{Name: evil, Description: evil})
	ask.Set("state", evil)
	pages := map[string]*httptest.ResponseRecorder{
		"the sign-in form":   h.Ask("GET", "/o/oauth/authorize?"+ask.Encode(), ""),
		"the form once more": signIn(h, ask, evil, "wrong"),
		"the agreement":      signIn(h, ask, "admin", h.First.Password),
		"a fault":            h.Ask("GET", "/o/oauth/authorize?"+url.Values{evil: {"a", "b"}}.Encode(), ""),
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`)
	for what, got := range pages {
		page, policy := got.Body.String(), got.Header().Get("Content-Security-Policy")
		sum := sha256.Sum256([]byte(style.FindStringSubmatch(page)[1]))
		if !strings.Contains(policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("%s: the policy %s does not let its style in", what, policy)
		}
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy has no %s", what, part)
			}
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "<a ") || len(got.Result().Cookies()) != 0 {
			t.Errorf("%s: %v %s", what, got.Result().Cookies(), page)
		}
	}
	back := h.Ask("POST", "/o/oauth/authorize", ask.Encode()+"&decision=deny", asForm)
	if u, err := back.Result().Location(); err != nil || u.Query().Get("state") != evil || u.Host != "app.example" {
		t.Errorf("sent back to %v, %v", u, err)
	}
	ask.Set("response_type", "token")
	if back := h.Ask("GET", "/o/oauth/authorize?"+ask.Encode(), ""); back.Code != 302 || strings.Contains(h.Log(), "level=ERROR") || strings.Contains(h.Log(), "status=500") {
		t.Errorf("what an app or operator decides is logged as an error: %d %s", back.Code, h.Log())
	}
}
