package console_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"reeve/internal/doortest"
)

var lookNext = regexp.MustCompile(`(?s)<form class="look[^>]*>.*?name="next" value="([^"]*)"`)

// Theme and language lead back to the page that they were chosen on, with what
// it was filtered by; the answer to a form, which is there once, is not left.
func TestLookKeepsThePage(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	admin := h.SignIn("admin", h.First.Password)
	for _, path := range []string{"devices?presence=connected&q=a+b", "act?action=exempt&filter=", "sign-in?next=jobs"} {
		next := lookNext.FindStringSubmatch(admin.Get("/console/" + path).Body.String())
		if next == nil || html.UnescapeString(next[1]) != path {
			t.Fatalf("%s: the way back is %q", path, next)
		}
		got := admin.Post("/console/look", url.Values{"language": {"de"}, "next": {path}})
		if to := got.Header().Get("Location"); to != "/console/"+path {
			t.Errorf("%s: leads to %s", path, to)
		}
		admin.Post("/console/look", url.Values{"language": {"en"}, "next": {path}})
	}
	app := admin.Post("/console/apps", url.Values{"name": {"reports"}, "scope.read": {"on"}})
	wrong := h.Visitor().Post("/console/sign-in", url.Values{"name": {"admin"}, "password": {"wrong"}})
	for what, page := range map[string]string{"a secret": app.Body.String(), "a form with a fault": wrong.Body.String()} {
		next := lookNext.FindStringSubmatch(page)
		if next == nil || next[1] != "" || strings.Contains(page, `name="language"`) || strings.Contains(page, `<button name="theme"`) {
			t.Errorf("%s: the buttons leave the page: %q", what, next)
		}
	}
}

// Whatever leads nowhere under the console's prefix is answered with a page.
func TestNoAnswerIsForPrograms(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	admin := h.SignIn("admin", h.First.Password)
	for _, tt := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", "/console//devices", http.StatusNotFound, "There is no such page"},
		{"GET", "/console/nowhere", http.StatusNotFound, "There is no such page"},
		{"GET", "/console/sign-in/code", http.StatusMethodNotAllowed, "the answer to a form"},
		{"GET", "/console/me/app/codes", http.StatusNotFound, "There is no such page"},
		{"PUT", "/console/devices", http.StatusMethodNotAllowed, "the answer to a form"},
	} {
		got := admin.Get(tt.path)
		if tt.method != "GET" {
			got = h.Ask(tt.method, tt.path, "")
		}
		if got.Code != tt.status || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/html") || !strings.Contains(got.Body.String(), tt.says) ||
			got.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: %d %v %.300s", tt.method, tt.path, got.Code, got.Header(), got.Body)
		}
	}
}

// A part that scripts load is a page for who opens it by itself.
func TestPartsAreAlsoPages(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	admin := h.SignIn("admin", h.First.Password)
	if got := admin.Get("/console/overview/sum", "Accept: text/html").Body.String(); strings.Contains(got, "<title>") {
		t.Error("a script gets a page for a part")
	}
	for _, header := range []string{"Accept: text/html,application/xhtml+xml", "Sec-Fetch-Dest: document"} {
		got := admin.Get("/console/overview/sum?a=b", header, "Referer: http://example.com/console/log?actor=x").Body.String()
		for _, text := range []string{"<title>Overview · Reeve</title>", `<nav aria-label`, `href="/console/log?actor=x"`, "console.css"} {
			if !strings.Contains(got, text) {
				t.Errorf("%s: the page lacks %s", header, text)
			}
		}
	}
}
