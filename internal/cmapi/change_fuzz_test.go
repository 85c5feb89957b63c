package cmapi

import (
	"net/http"
	"net/url"
	"testing"
	"unicode/utf8"

	"reeve/internal/door"
)

// FuzzStatusChange looks for a query or a body that asks for a page which the
// store could not give.
func FuzzStatusChange(f *testing.F) {
	for _, seed := range []string{`{"age":60,"verbose":1,"limit":50,"page":2}`, `{"limit":51}`, `{"page":0}`, `{"age":null}`, `[]`, ``,
		"age=60&verbose=1&os_type=linux_or_mobile", "age=1&age=2", "os_type=win", "verbose=%zz", "age=-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // the door refuses it
		}
		for _, v := range statusChanges {
			r := &door.Request{Request: &http.Request{URL: &url.URL{RawQuery: text}}}
			want, err := v.ask(r, []byte(text))
			if err != nil {
				callersFault(t, err)
				continue
			}
			if want.Limit < 1 || want.Limit > v.most+1 || want.Page < 1 || want.age < 0 || want.age > maxLogAge ||
				want.verbose&^1 != 0 || len(want.Events) == 0 || len(want.Actions) == 0 {
				t.Fatalf("%s takes %q for %+v", v.segment, text, want)
			}
		}
	})
}
