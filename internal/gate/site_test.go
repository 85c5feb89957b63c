package gate

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/blob"
	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/link"
)

const command = "0000018f5c0e2a000000002a"

// rules is control as the gate sees it.
type rules struct {
	mu       sync.Mutex
	calls    int
	enrolled []control.Enrolment
	devices  map[reeve.Key]reeve.Device
	left     []reeve.Key
	ended    bool // the command has
	met      []reeve.Meeting
	heardOf  []int64
}

func (r *rules) Account(context.Context, int64) (reeve.Account, error) {
	return reeve.Account{No: 7, LicenseKey: "license"}, nil
}

func (r *rules) Heard(device int64)   { r.heardOf = append(r.heardOf, device) }
func (r *rules) Said(m reeve.Meeting) { r.met = append(r.met, m) }

func (r *rules) Enrol(_ context.Context, e control.Enrolment) (reeve.Device, reeve.Account, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if e.Code != "GOODCODE" {
		return reeve.Device{}, reeve.Account{}, reeve.Errorf(reeve.Denied, "the registration code is not valid")
	}
	r.enrolled = append(r.enrolled, e)
	return reeve.Device{No: 36, ID: "id"}, reeve.Account{No: 7, LicenseKey: "license"}, nil
}

func (r *rules) Leave(_ context.Context, key reeve.Key, _ string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = append(r.left, key)
	return nil
}

func (r *rules) Recognise(_ context.Context, key reeve.Key) (reeve.Device, int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	d, ok := r.devices[key]
	if !ok {
		return d, 0, reeve.Errorf(reeve.Denied, "no device has this key")
	}
	return d, 7, nil
}

func (r *rules) MayUpload(_ context.Context, device, account int64, id reeve.CommandID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || device != 36 || account != 7 || id.String() != command {
		return reeve.Errorf(reeve.NotFound, "no open command")
	}
	return nil
}

type site struct {
	t       *testing.T
	url     string
	handler http.Handler
	rules   *rules
	files   *blob.Folder
	key     ed25519.PrivateKey
	log     *logged
}

func open(t *testing.T) *site {
	t.Helper()
	files, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	s := &site{t: t, rules: &rules{devices: map[reeve.Key]reeve.Device{}}, files: files, log: &logged{}}
	s.key = siteKey
	s.know(s.key, reeve.Managed)
	s.handler = door.Open(door.Config{
		Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, Routes(Config{
		Rules: s.rules, Files: files, Pulse: s.rules, Settings: book{digestOf(signatures)}, Sets: files, Agents: "reeve.example:8444", AgentsTLS: true,
		Identity: link.Identity{Root: []byte("root"), RootCert: []byte("cert"), Endorsement: []byte("word")},
	}))
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// logged is a log that can be read while it is written.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (s *site) know(key ed25519.PrivateKey, standing reeve.Standing) {
	s.rules.devices[reeve.Key(key.Public().(ed25519.PublicKey))] =
		reeve.Device{No: 36, ID: "id", Class: reeve.Class{Standing: standing}}
}

// request makes a request signed now with the site's key; change spoils it.
func (s *site) request(method, path string, body []byte, change func(*http.Request)) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	sign(r, s.key, body, time.Now())
	if change != nil {
		change(r)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		var f link.Failure
		if json.Unmarshal(text, &f) != nil || f.Error == "" || f.Description == "" {
			s.t.Errorf("%s %s: %d %s is no Failure", method, path, answer.StatusCode, text)
		}
	}
	return answer.StatusCode, string(text)
}

func sign(r *http.Request, key ed25519.PrivateKey, body []byte, at time.Time) {
	sum := sha256.Sum256(body)
	digest, seconds := hex.EncodeToString(sum[:]), strconv.FormatInt(at.Unix(), 10)
	signature := ed25519.Sign(key, link.SignedRequest(r.Method, r.URL.Path, digest, seconds))
	r.Header.Set(link.HeaderKey, base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)))
	r.Header.Set(link.HeaderSignature, base64.StdEncoding.EncodeToString(signature))
	r.Header.Set(link.HeaderDigest, digest)
	r.Header.Set(link.HeaderTime, seconds)
}
