package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/console"
	"reeve/internal/doortest"
	"reeve/internal/keys"
	"reeve/internal/sso"
	"reeve/internal/ssotest"
)

// A whole way to a real provider and back, over HTTP.
func TestSigningInAtAProvider(t *testing.T) {
	their := ssotest.Open(t)
	their.Return = doortest.PublicURL + console.ReturnPath
	own, err := keys.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := own.Vault("sign-in")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := sso.New(sso.Config{Issuer: their.URL, ClientID: ssotest.ClientID, ClientSecret: ssotest.ClientSecret,
		Name: "Example", Return: their.Return, Vault: vault, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h := doortest.Open(t, doortest.Options{Provider: provider})
	h.Operator(reeve.Operator{Name: "ann@example.org", Role: reeve.RoleViewer})

	travel := func(who *doortest.Visitor, from string) string {
		t.Helper()
		begun := who.Get(from)
		if begun.Code != http.StatusSeeOther || !strings.HasPrefix(begun.Header().Get("Location"), their.URL) {
			t.Fatalf("%s: %d to %s", from, begun.Code, begun.Header().Get("Location"))
		}
		if kept := begun.Header().Get("Set-Cookie"); !strings.Contains(kept, "SameSite=Lax") || !strings.Contains(kept, "HttpOnly") || !strings.Contains(kept, "Secure") {
			t.Errorf("the cookie of the journey is %s", kept)
		}
		browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		answer, err := browser.Get(begun.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		back, err := url.Parse(answer.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return back.RequestURI()
	}

	ann := h.Visitor()
	if page := ann.Get("/console/sign-in?next=jobs").Body.String(); !strings.Contains(page, "Sign in with Example") {
		t.Error("the page does not offer the provider")
	}
	back := travel(ann, "/console/sso/begin?next=me")
	if got := h.Visitor().Get(back); got.Code != http.StatusUnauthorized {
		t.Errorf("another browser brings the answer: %d", got.Code)
	}
	back = travel(ann, "/console/sso/begin?next=me")
	got := ann.Get(back, "Sec-Fetch-Site: cross-site")
	if got.Code != http.StatusOK || got.Header().Get("Refresh") != "0; url=/console/me" || !strings.Contains(got.Body.String(), `href="/console/me"`) {
		t.Errorf("coming back: %d, %q", got.Code, got.Header().Get("Refresh"))
	}
	page := ann.Get("/console/me").Body.String()
	if !strings.Contains(page, "ann@example.org") || !strings.Contains(page, their.URL) {
		t.Error("the page does not show who is signed in, and by which link")
	}
	if got := ann.Get(back); got.Code != http.StatusUnauthorized {
		t.Errorf("the same answer again: %d", got.Code)
	}

	their.Subject = "somebody else"
	stranger := h.Visitor()
	if got := stranger.Get(travel(stranger, "/console/sso/begin")); got.Code != http.StatusForbidden {
		t.Errorf("another person with the address: %d", got.Code)
	}
	their.Claims = map[string]any{"email": "admin", "email_verified": false}
	if got := stranger.Get(travel(stranger, "/console/sso/begin")); got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), `name="password"`) {
		t.Errorf("an address that nobody verified: %d", got.Code)
	}

	admin := h.SignIn("admin", h.First.Password)
	if got := admin.Get(travel(admin, "/console/me/link")); got.Header().Get("Refresh") != "0; url=/console/me" {
		t.Errorf("linking oneself: %d, %q", got.Code, got.Header().Get("Refresh"))
	}
	if page := admin.Get("/console/me").Body.String(); !strings.Contains(page, "You can now sign in with Example.") {
		t.Error("the page does not say what became of it")
	}
	if got := stranger.Get(travel(stranger, "/console/sso/begin")); got.Code != http.StatusOK {
		t.Errorf("who was linked cannot sign in: %d", got.Code)
	}
	if got := admin.Post("/console/me/unlink", url.Values{"issuer": {their.URL}}); got.Code != http.StatusSeeOther {
		t.Errorf("removing the link: %d", got.Code)
	}
	if got := stranger.Get(travel(stranger, "/console/sso/begin")); got.Code != http.StatusForbidden {
		t.Errorf("who is linked no more signs in: %d", got.Code)
	}

	their.Down(true)
	if got := h.Visitor().Get("/console/sign-in"); got.Code != http.StatusOK {
		t.Errorf("without the provider nobody signs in: %d", got.Code)
	}
}
