package gate

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/link"
)

// book knows the settings of the site's device and one file.
type book struct{ digest string }

func (b book) Of(_ context.Context, device int64) ([]byte, error) {
	if device != 36 {
		return nil, reeve.Errorf(reeve.NotFound, "nothing was set")
	}
	return []byte(`{"account":7}`), nil
}

func (b book) Names(_ context.Context, account int64, digest string) (bool, error) {
	return account == 7 && digest == b.digest, nil
}

func TestSettings(t *testing.T) {
	s := open(t)
	if status, text := s.request("GET", link.PathSettings, nil, nil); status != 200 || text != `{"account":7}` {
		t.Errorf("%d %s", status, text)
	}
	archived, stranger := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32)), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{4}, 32))
	s.know(archived, reeve.Archived)
	file := link.PathSetFile + digestOf(signatures)
	for name, change := range map[string]func(*http.Request){
		"deleted device": func(r *http.Request) { sign(r, archived, nil, time.Now()) },
		"stranger":       func(r *http.Request) { sign(r, stranger, nil, time.Now()) },
		"stale":          func(r *http.Request) { sign(r, s.key, nil, time.Now().Add(-11*time.Minute)) },
		"another path": func(r *http.Request) {
			path := r.URL.Path
			r.URL.Path = link.PathRetire
			sign(r, s.key, nil, time.Now())
			r.URL.Path = path
		},
		"unsigned": func(r *http.Request) { r.Header.Del(link.HeaderSignature) },
	} {
		for _, path := range []string{link.PathSettings, file} {
			if status, text := s.request("GET", path, nil, change); status != 401 || strings.Contains(text, signatures) {
				t.Errorf("%s at %s: %d %s", name, path, status, text)
			}
		}
	}
}

func TestSetFile(t *testing.T) {
	s := open(t)
	if _, _, err := s.files.Put(t.Context(), reeve.ContentName(7, digestOf(signatures)), strings.NewReader(signatures), 100); err != nil {
		t.Fatal(err)
	}
	path := link.PathSetFile + digestOf(signatures)
	if status, text := s.request("GET", path, nil, nil); status != 200 || text != signatures {
		t.Errorf("%d %s", status, text)
	}
	for asked, want := range map[string]struct {
		status int
		text   string
	}{
		"bytes=4-":  {206, signatures[4:]},
		"bytes=0-2": {206, signatures[:3]},
		"bytes=99-": {416, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		sign(r, s.key, nil, time.Now())
		r.Header.Set("Range", asked)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		text.ReadFrom(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != want.status || want.text != "" && text.String() != want.text {
			t.Errorf("%s: %d %s", asked, answer.StatusCode, text.String())
		}
	}
	for _, other := range []string{digestOf("other"), "..", "nonsense"} {
		if status, _ := s.request("GET", link.PathSetFile+other, nil, nil); status != 404 {
			t.Errorf("%s: %d", other, status)
		}
	}
}

const signatures = "some signatures"

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func TestFetchesOfDevice(t *testing.T) {
	g := &gate{fetching: map[int64]int{}}
	for range fetchesOfDevice {
		if err := g.begin(36); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.begin(36); reeve.KindOf(err) != reeve.Unavailable {
		t.Errorf("one device has more places than it may: %v", err)
	}
	if err := g.begin(37); err != nil {
		t.Errorf("another has none: %v", err)
	}
	g.end(36)
	if err := g.begin(36); err != nil {
		t.Errorf("a place was not given back: %v", err)
	}
}
