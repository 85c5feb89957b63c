package console_test

import (
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Links that carry on what a page selects select the same, and no more.
func TestLinksSelectTheSame(t *testing.T) {
	h := newHousehold(t)
	for from, wants := range map[string]map[string]string{
		"/console/devices?q=%3Da+b%26":             {"/console/devices/export": "q=%3Da+b%26"},
		"/console/log?source=cli&actor=who%20%2B1": {"/console/log/export": "actor=who+%2B1&source=cli"},
		"/console/log":                    {"/console/log": "actor=operator%3Aadmin"},
		"/console/log?address=192.0.2.77": {"/console/log/export": "address=192.0.2.77"},
	} {
		found := map[string][]string{}
		for _, link := range regexp.MustCompile(`href="([^"]*)`).FindAllStringSubmatch(h.admin.Get(from).Body.String(), -1) {
			address, err := url.Parse(html.UnescapeString(link[1]))
			if err != nil {
				t.Fatal(err)
			}
			found[address.Path] = append(found[address.Path], address.Query().Encode())
		}
		for path, query := range wants {
			if !strings.Contains(strings.Join(found[path], "\n")+"\n", query+"\n") {
				t.Errorf("%s links to %s with %q, not with %s", from, path, found[path], query)
			}
		}
	}
}

// A template escapes what it puts into a query. What is one already has to come
// with its path.
func TestTemplatesGetNoWholeQueries(t *testing.T) {
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal("no templates", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if at := regexp.MustCompile(`.{0,30}\?\{\{`).Find(text); at != nil {
			t.Errorf("%s: %s", file, at)
		}
	}
}
