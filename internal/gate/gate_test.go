package gate

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/door"
	"reeve/internal/link"
)

func enrolment(code string) []byte {
	b, err := json.Marshal(link.Enrolment{Code: code, Hello: link.Hello{
		Protocol: 1, Version: "26.11.0", Kind: "persistent", System: "linux", Hostname: "host", MACs: []string{"00:0c:29:cd:c7:b2"},
	}})
	if err != nil {
		panic(err)
	}
	return b
}

func TestIdentity(t *testing.T) {
	s := open(t)
	status, text := s.request("GET", link.PathIdentity, nil, func(r *http.Request) { r.Header = http.Header{} })
	var id link.Identity
	if err := json.Unmarshal([]byte(text), &id); err != nil || status != 200 || string(id.Root) != "root" || string(id.Endorsement) != "word" {
		t.Errorf("%d %s", status, text)
	}
}

func TestEnrol(t *testing.T) {
	s := open(t)
	late := func(r *http.Request) { sign(r, s.key, enrolment("GOODCODE"), time.Now().Add(-1000*time.Hour)) }
	status, text := s.request("POST", link.PathEnrol, enrolment("GOODCODE"), late)
	var e link.Enrolled
	if err := json.Unmarshal([]byte(text), &e); err != nil || status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if e.Device != "id" || e.Account != 7 || e.Address != link.Address(36) || e.Agents != "reeve.example:8444" || !e.TLS || time.Since(e.At) > time.Minute {
		t.Errorf("%+v", e)
	}
	got := s.rules.enrolled[0]
	if got.Key != reeve.Key(s.key.Public().(ed25519.PublicKey)) || got.Address != "127.0.0.1" || got.Kind != reeve.Persistent || len(got.MACs) != 1 {
		t.Errorf("control was asked to enrol %+v", got)
	}
}

func TestBadEnrolments(t *testing.T) {
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	tests := map[string]struct {
		body   []byte
		change func(*http.Request)
		status int
	}{
		"wrong code":   {enrolment("WRONG"), nil, 401},
		"no code":      {enrolment(""), nil, 401},
		"endless code": {enrolment(strings.Repeat("A", 100)), nil, 401},
		"not JSON":     {[]byte("hello"), nil, 400},
		"a list":       {[]byte("[]"), nil, 400},
		"no Hello":     {[]byte(`{"code":"GOODCODE"}`), nil, 400},
		"too large":    {enrolment(strings.Repeat("A", maxEnrolment)), nil, 413},
		"form":         {enrolment("GOODCODE"), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		"unsigned":     {enrolment("GOODCODE"), func(r *http.Request) { r.Header.Del(link.HeaderSignature) }, 401},
		"no key":       {enrolment("GOODCODE"), func(r *http.Request) { r.Header.Del(link.HeaderKey) }, 401},
		"another's signature": {enrolment("GOODCODE"), func(r *http.Request) {
			k := r.Header.Get(link.HeaderKey)
			sign(r, other, enrolment("GOODCODE"), time.Now())
			r.Header.Set(link.HeaderKey, k)
		}, 401},
		"another body": {enrolment("GOODCODE"), func(r *http.Request) { sign(r, siteKey, enrolment("OTHER"), time.Now()) }, 400},
		"another path": {enrolment("GOODCODE"), func(r *http.Request) {
			path := r.URL.Path
			r.URL.Path = link.PathRetire
			sign(r, siteKey, enrolment("GOODCODE"), time.Now())
			r.URL.Path = path
		}, 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			if status, text := s.request("POST", link.PathEnrol, tt.body, tt.change); status != tt.status {
				t.Errorf("%d %s, want %d", status, text, tt.status)
			}
			if len(s.rules.enrolled) > 0 {
				t.Error("it was enrolled")
			}
		})
	}
}

// siteKey is the key of every site.
var siteKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))

func TestUpload(t *testing.T) {
	s := open(t)
	for range 2 { // a repeat is fine
		if status, text := s.request("PUT", link.PathUpload+command, []byte("log"), nil); status != 200 {
			t.Fatalf("%d %s", status, text)
		}
	}
	if got := s.stored(); got != "log" {
		t.Errorf("stored %q", got)
	}
	archived := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	s.know(archived, reeve.Archived)
	stranger := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{4}, 32))
	tests := map[string]struct {
		path   string
		change func(*http.Request)
		status int
	}{
		"another command": {link.PathUpload + "0000018f5c0e2a000000002b", nil, 404},
		"malformed":       {link.PathUpload + "..%2f..%2fkeys", nil, 404},
		"no command":      {link.PathUpload, nil, 404},
		"stale":           {link.PathUpload + command, func(r *http.Request) { sign(r, s.key, []byte("evil"), time.Now().Add(-11*time.Minute)) }, 401},
		"ahead":           {link.PathUpload + command, func(r *http.Request) { sign(r, s.key, []byte("evil"), time.Now().Add(11*time.Minute)) }, 401},
		"deleted device":  {link.PathUpload + command, func(r *http.Request) { sign(r, archived, []byte("evil"), time.Now()) }, 401},
		"stranger":        {link.PathUpload + command, func(r *http.Request) { sign(r, stranger, []byte("evil"), time.Now()) }, 401},
		"another body":    {link.PathUpload + command, func(r *http.Request) { sign(r, s.key, []byte("good"), time.Now()) }, 409},
		"odd offset":      {link.PathUpload + command, func(r *http.Request) { r.Header.Set(link.HeaderOffset, "-1") }, 400},
		"endless offset":  {link.PathUpload + command, func(r *http.Request) { r.Header.Set(link.HeaderOffset, "67108864") }, 413},
		"nothing before":  {link.PathUpload + command, func(r *http.Request) { r.Header.Set(link.HeaderOffset, "5") }, 409},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if status, text := s.request("PUT", tt.path, []byte("evil"), tt.change); status != tt.status {
				t.Errorf("%d %s, want %d", status, text, tt.status)
			}
			if got := s.stored(); got != "log" {
				t.Errorf("stored %q", got)
			}
		})
	}
	s.rules.ended = true
	if status, _ := s.request("PUT", link.PathUpload+command, []byte("late"), nil); status != 404 {
		t.Errorf("an upload after the end: %d", status)
	}
}

func TestAnnouncedSizeIsEnough(t *testing.T) {
	s := open(t)
	r := httptest.NewRequest("PUT", link.PathUpload+command, nil)
	sign(r, s.key, nil, time.Now())
	r.ContentLength = link.MaxUpload + 1
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func (s *site) stored() string {
	f, err := s.files.Open(s.t.Context(), command)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	b, _ := io.ReadAll(f)
	return string(b)
}

func TestRetire(t *testing.T) {
	s := open(t)
	if status, text := s.request("POST", link.PathRetire, []byte("{}"), nil); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if len(s.rules.left) != 1 || s.rules.left[0] != reeve.Key(s.key.Public().(ed25519.PublicKey)) {
		t.Errorf("left: %v", s.rules.left)
	}
	stale := func(r *http.Request) { sign(r, s.key, []byte("{}"), time.Now().Add(-time.Hour)) }
	if status, _ := s.request("POST", link.PathRetire, []byte("{}"), stale); status != 401 || len(s.rules.left) != 1 {
		t.Errorf("an old signature: %d", status)
	}
}

// Every route but Identity asks for a signature; whatever is not a route is
// nothing, and a wrong method is refused.
func TestRoutesAreClosed(t *testing.T) {
	s := open(t)
	open := map[string]bool{link.PathIdentity: true}
	methods := map[string][]string{}
	for _, route := range Routes(Config{}).Routes {
		path := strings.NewReplacer("{command}", command, "{license}", "l", "{device}", "d").Replace(route.Path)
		methods[path] = append(methods[path], route.Method)
	}
	for path, offered := range methods {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			status, text := s.request(method, path, []byte("{}"), func(r *http.Request) {
				for _, h := range []string{link.HeaderKey, link.HeaderSignature, link.HeaderDigest, link.HeaderTime} {
					r.Header.Del(h)
				}
			})
			want := http.StatusMethodNotAllowed
			switch {
			case slices.Contains(offered, method) && open[path]:
				want = http.StatusOK
			case slices.Contains(offered, method):
				want = http.StatusUnauthorized
			}
			if status != want {
				t.Errorf("%s %s: %d %s, want %d", method, path, status, text, want)
			}
		}
	}
	for _, path := range []string{"/agent/", "/agent", "/agent/v1", "/agent/v2/enrol", "/agent/v1/enrol/", "/agent/v1/uploads", "/agent/v1/identity/x"} {
		if status, _ := s.request("POST", path, nil, nil); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestGuessesAreLimited(t *testing.T) {
	s := open(t)
	for range door.DefaultFailures {
		if status, _ := s.request("POST", link.PathEnrol, enrolment("WRONG"), nil); status != 401 {
			t.Fatalf("a wrong code: %d", status)
		}
	}
	before := s.rules.calls
	if status, _ := s.request("POST", link.PathEnrol, enrolment("GOODCODE"), nil); status != 429 {
		t.Errorf("after too many wrong codes: %d", status)
	}
	if s.rules.calls != before {
		t.Error("control was asked in spite of the limit")
	}
}

func TestLogKeepsSecrets(t *testing.T) {
	s := open(t)
	s.request("POST", link.PathEnrol, enrolment("GOODCODE"), nil)
	s.request("POST", link.PathEnrol, enrolment("WRONGCODE"), nil)
	s.request("POST", link.PathRetire, []byte("{}"), nil)
	for _, secret := range []string{"GOODCODE", "WRONGCODE", base64.StdEncoding.EncodeToString(s.key.Public().(ed25519.PublicKey)), hex.EncodeToString(s.key.Seed())} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func FuzzEnrolment(f *testing.F) {
	f.Add(enrolment("GOODCODE"))
	f.Add([]byte(`{"code":"A","hello":{"protocol":1,"version":"1","kind":"mobile","system":"?","macs":["x"]}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		code, h, err := readEnrolment(body)
		if err == nil && (code == "" || len(code) > maxCode || h.Kind == reeve.NoAgent) {
			t.Errorf("accepted %q, %+v", code, h)
		}
		if kind := reeve.KindOf(err); err != nil && kind != reeve.Invalid && kind != reeve.Denied {
			t.Errorf("answered with %v", err)
		}
	})
}
