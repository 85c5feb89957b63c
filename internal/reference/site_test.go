package reference

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"reeve/docs"
)

func get(site http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w
}

// Every page is shown, loads nothing from elsewhere, and its links lead to pages
// and headings that exist.
func TestSite(t *testing.T) {
	pages, err := render(docs.Files)
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`href="([^"]*)"`)
	loads := regexp.MustCompile(`(?i)<(script|img|iframe|style|object|form)\b|<[^>]*\s(src|style|on\w+)=`)
	for from, body := range pages {
		if from == Prefix+"style.css" {
			continue
		}
		if found := loads.FindString(string(body)); found != "" {
			t.Errorf("%s has %q", from, found)
		}
		if strings.Contains(string(body), "<th></th>") {
			t.Errorf("%s has a heading that says nothing", from)
		}
		for _, link := range links.FindAllStringSubmatch(string(body), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			if target == "" {
				target = from
			}
			page, ok := pages[target]
			if !ok || anchor != "" && !strings.Contains(string(page), `id="`+anchor+`"`) {
				t.Errorf("%s links to %s, which is not there", from, link[1])
			}
		}
	}
}

// Links are to where the files are shown; those out of the folder are only text.
// A cell knows the heading of its column, and raw HTML is left out.
func TestSiteLinks(t *testing.T) {
	site := Site(fstest.MapFS{
		"api/README.md":    {Data: []byte("# The <API>\n\n[one](a.md#x) [two](../b.md) [three](../../c.go) [four](https://example.org/)\n\n|Name|\n|---|\n|v|\n\n<script>1</script>\n")},
		"api/a.md":         {Data: []byte("# A\n")},
		"b.md":             {Data: []byte("# B\n")},
		"api/examples/x.y": {Data: []byte("not a page")},
	})
	answer := get(site, "GET", "/docs/api/")
	body := answer.Body.String()
	for _, want := range []string{
		`<title>The &lt;API&gt; - Reeve</title>`, `<a href="/docs/api/a#x">one</a>`, `<a href="/docs/b">two</a>`, ` three `,
		`<a href="https://example.org/">four</a>`, `<td data-label="Name">v</td>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not have %s:\n%s", want, body)
		}
	}
	if strings.Contains(body, "<script") {
		t.Error("raw HTML was let through")
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": policy, "Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff",
	} {
		if got := answer.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestSiteAnswers(t *testing.T) {
	site := Site(fstest.MapFS{"api/README.md": {Data: []byte("# A\n")}})
	tag := get(site, "GET", "/docs/api/").Header().Get("ETag")
	for _, c := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"GET", "/docs/api/", nil, 200},
		{"HEAD", "/docs/api/", nil, 200},
		{"GET", "/docs/api/", []string{"If-None-Match", tag}, 304},
		{"GET", "/docs/style.css", nil, 200},
		{"GET", "/docs/", nil, 302},
		{"GET", "/docs/api", nil, 404},
		{"GET", "/docs/api/README.md", nil, 404},
		{"GET", "/docs/../docs.go", nil, 404},
		{"POST", "/docs/api/", nil, 405},
		{"DELETE", "/docs/none", nil, 405},
	} {
		if got := get(site, c.method, c.path, c.headers...).Code; got != c.want {
			t.Errorf("%s %s is answered with %d, want %d", c.method, c.path, got, c.want)
		}
	}
	if kind := get(site, "GET", "/docs/style.css").Header().Get("Content-Type"); kind != "text/css; charset=utf-8" {
		t.Errorf("the style sheet is %s", kind)
	}
	if code := get(Site(fstest.MapFS{}), "GET", "/docs/api/").Code; code != 500 {
		t.Errorf("a site without pages answers %d", code)
	}
}
