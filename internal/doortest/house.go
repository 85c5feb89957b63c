// Package doortest opens the doors of a whole server for tests: real rules, keys
// and an SQLite store in a temporary folder, a small fleet, and no agents. Only
// tests use it; it may import every room of the server.
package doortest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/api"
	"reeve/internal/blob"
	"reeve/internal/cmapi"
	"reeve/internal/console"
	"reeve/internal/control"
	"reeve/internal/depot"
	"reeve/internal/door"
	"reeve/internal/keys"
	"reeve/internal/outbound"
	"reeve/internal/passkey"
	"reeve/internal/said"
	"reeve/internal/sqlstore"
	"reeve/internal/watch"
)

// A House is a server without its ports.
type House struct {
	Store   *sqlstore.Store
	Rules   *control.Control
	Files   *blob.Folder
	First   control.Bootstrap // the account "default"
	Token   string            // of its first app
	Handler http.Handler
	// Link returns the address of the page where a user answers a command.
	Link func(license string, command reeve.CommandID) string
	// Outbound is what a sender over the store works with; none runs by itself.
	Outbound outbound.Config
	// Database is the file of the store.
	Database string

	mu  sync.Mutex
	log bytes.Buffer
	t   testing.TB
}

// Options change what a House is like.
type Options struct {
	RequestsPerMinute int64 // 0 is no limit
	Failures          int   // 0 is no limit
	MaxEntries        int   // 0 is the default
	MaxBody           int64 // 0 is the default
	Now               func() time.Time
	Provider          control.Provider // nil is Elsewhere
}

// Promise is what every House is held to.
var Promise = sync.OnceValue(NewContract)

// PublicURL is where links of a House lead to.
const PublicURL = "https://reeve.example.org"

// Open builds a House that lasts as long as the test.
func Open(t testing.TB, o Options) *House {
	t.Helper()
	dir := t.TempDir()
	if o.RequestsPerMinute == 0 {
		o.RequestsPerMinute = -1
	}
	if o.Failures == 0 {
		o.Failures = -1
	}
	h := &House{t: t, Database: databaseIn(dir)}
	if o.Now == nil { // whoever has a clock of his own has his set-up by it
		o.Now, h.First = time.Now, begin(t, dir)
	}
	own, err := keys.Open(keysIn(dir), o.Now)
	must(t, err)
	h.Store, err = sqlstore.Open(t.Context(), h.Database, own.Head())
	must(t, err)
	t.Cleanup(func() { h.Store.Close() })
	h.Files, err = blob.Open(filepath.Join(dir, "blobs"))
	must(t, err)
	t.Cleanup(func() { h.Files.Close() })
	sets, err := blob.Open(filepath.Join(dir, "sets"))
	must(t, err)
	t.Cleanup(func() { sets.Close() })
	vault, err := own.Vault("outlets")
	must(t, err)
	if o.Provider == nil {
		o.Provider = &Elsewhere{}
	}
	party, err := passkey.Open(PublicURL, vault, o.Now)
	must(t, err)
	h.Rules = control.New(h.Store, own.Seal, nil, control.Options{
		Now: o.Now, MaxEntries: o.MaxEntries, RequestsPerMinute: o.RequestsPerMinute, Seal: vault.Seal, Unseal: vault.Open, Contents: sets,
		Passkeys: party, Provider: o.Provider,
	})
	_, err = h.Rules.SetUp(t.Context(), func(b control.Bootstrap) error { h.First = b; return nil })
	must(t, err)
	h.First.Account = h.Account()
	log := slog.New(slog.NewTextHandler(logWriter{h}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.Outbound = outbound.Config{Store: h.Store, Folder: filepath.Join(dir, "exports"), Open: vault.Open, Line: api.Line, Log: log}
	h.Link = func(license string, command reeve.CommandID) string {
		return PublicURL + cmapi.AnswerPath(license, command.String(), own.AnswerMark(license, command.String()))
	}
	jobs := watch.New(watch.Config{Look: h.Store.JobsByID, Every: time.Millisecond})
	published := cmapi.Config{
		Rules: h.Rules, Accounts: h.Store, Devices: h.Store, Groups: h.Store, Jobs: h.Store, Threats: h.Store, Trail: h.Store, Files: h.Files,
		Public: PublicURL, Mark: own.Mark, AnswerMark: own.AnswerMark, Now: o.Now, MaxBody: o.MaxBody,
	}
	verify := func(ctx context.Context, a reeve.Account) (control.Verdict, error) {
		return control.VerifyLog(ctx, h.Store, a, own.Verifier(), nil)
	}
	sample := outbound.New(h.Outbound).Test
	h.Handler = Promise().Hold(t, door.Open(door.Config{Keeper: h.Rules, Log: log, FailuresPerMinute: o.Failures, MaxBody: o.MaxBody},
		cmapi.Routes(published), cmapi.Pages(published),
		console.Routes(console.Config{
			Rules: h.Rules, Verify: verify, Sample: sample, Public: PublicURL, Jobs: jobs, Files: h.Files,
			Packages: depot.Open(filepath.Join(dir, "downloads")),
		}),
		api.Routes(api.Config{
			Link: h.Link, Rules: h.Rules, Store: h.Store, Version: "test", MaxBody: o.MaxBody, Poll: time.Millisecond, Jobs: jobs,
			Sample: sample,
			Verify: verify,
		})))
	h.Token = h.Grant(h.First.ClientID, h.First.ClientSecret)
	return h
}

// Grant returns an access token of an app.
func (h *House) Grant(clientID, secret string) string {
	h.t.Helper()
	granted, err := h.Rules.Grant(h.t.Context(), clientID, secret)
	must(h.t, err)
	return granted.Token
}

// Admin is a caller of the first account with every scope.
func (h *House) Admin() reeve.Caller {
	return reeve.Caller{
		Account: h.Account().No, Source: reeve.FromConsole, Actor: "operator:admin", Name: "admin",
		Scopes: reeve.RoleAdministrator.Scopes(),
	}
}

// Account returns the first account as it is now.
func (h *House) Account() reeve.Account {
	h.t.Helper()
	accounts, err := h.Store.Accounts(h.t.Context())
	must(h.t, err)
	return accounts[0]
}

// SetAccount makes the first account what a says.
func (h *House) SetAccount(a reeve.Account) error {
	_, err := h.Rules.ChangeAccount(h.t.Context(), h.Admin(), func(was *reeve.Account) { *was = a })
	return err
}

// AppToken makes an app with these scopes and returns a token of it.
func (h *House) AppToken(name string, cli bool, scopes ...reeve.Scope) string {
	h.t.Helper()
	app, secret, err := h.Rules.CreateApp(h.t.Context(), h.Admin(), reeve.App{Name: name, Scopes: scopes, CLI: cli})
	must(h.t, err)
	return h.Grant(app.ClientID, secret)
}

// OperatorToken makes an operator, and returns a token that this operator agreed
// to let an app have.
func (h *House) OperatorToken(name string, scopes ...reeve.Scope) string {
	h.t.Helper()
	const back = "https://app.example.org/back"
	app, secret, err := h.Rules.CreateApp(h.t.Context(), h.Admin(), reeve.App{Name: "for " + name, Scopes: scopes, RedirectURIs: []string{back}})
	must(h.t, err)
	role, ok := reeve.RoleWith(scopes)
	if !ok {
		h.t.Fatalf("no role has the scopes %s", scopes)
	}
	_, password, err := h.Rules.CreateOperator(h.t.Context(), h.Admin(), reeve.Operator{Name: name, Role: role}, "")
	must(h.t, err)
	ask := control.Ask{ClientID: app.ClientID, RedirectURI: back}
	signedIn, err := h.Rules.SignIn(h.t.Context(), ask, name, password)
	must(h.t, err)
	code, err := h.Rules.Agree(h.t.Context(), ask, signedIn.Secret)
	must(h.t, err)
	granted, err := h.Rules.Redeem(h.t.Context(), app.ClientID, secret, control.Redemption{Code: code, RedirectURI: back})
	must(h.t, err)
	return granted.Token
}

// Enrol enrols a device with an agent of the kind, all abilities and one MAC.
func (h *House) Enrol(name string, kind reeve.AgentKind, system reeve.System, version, mac string) reeve.Device {
	h.t.Helper()
	v, _ := reeve.ParseVersion(version)
	address, _ := reeve.ParseMAC(mac)
	device, _, err := h.Rules.Enrol(h.t.Context(), control.Enrolment{
		Code: h.First.Code, Key: sha256.Sum256([]byte(name)), Kind: kind, System: system, Version: v,
		Abilities: reeve.AbilitiesOf([]string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats", "retire", "unquarantine"}),
		Hostname:  name, HardwareID: "hw-" + name, MACs: []reeve.MAC{address}, Address: "192.0.2.10",
		Facts: reeve.Facts{OSName: "Test OS", OSVersion: "1.0", Architecture: "amd64", User: "someone", Type: "laptop",
			Networks: []reeve.Network{{Name: "eth0", MAC: mac, IPv4: []string{"192.0.2.10"}}}},
	})
	must(h.t, err)
	return device
}

// Import adds a device without an agent.
func (h *House) Import(name, mac string) reeve.Device {
	h.t.Helper()
	address, ok := reeve.ParseMAC(mac)
	if !ok {
		h.t.Fatalf("%q is not a MAC address", mac)
	}
	_, err := h.Rules.Import(h.t.Context(), h.Admin(), []reeve.Device{{Hostname: name, MACs: []reeve.MAC{address}}}, false)
	must(h.t, err)
	found, err := h.Store.DevicesByMAC(h.t.Context(), h.Account().No, []reeve.MAC{address})
	must(h.t, err)
	return found[len(found)-1]
}

// Report has a device report on a command.
func (h *House) Report(device reeve.Device, command string, report reeve.Report) {
	h.t.Helper()
	id, ok := reeve.ParseCommandID(command)
	if !ok {
		h.t.Fatalf("%q is not a command id", command)
	}
	report.ID, report.Device, report.Threats = id, device.No, said.Threats(report.Result)
	batch := []reeve.Report{report}
	must(h.t, h.Rules.CheckReports(h.t.Context(), batch))
	_, err := h.Store.Report(h.t.Context(), time.Now(), batch)
	must(h.t, err)
}

// Ask makes one request with a body of JSON, or none if it is empty. Further
// headers are written as "Name: value".
func (h *House) Ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, r)
	return w
}

// Log returns what the doors have logged so far.
func (h *House) Log() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

type logWriter struct{ h *House }

func (w logWriter) Write(b []byte) (int, error) {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	return w.h.log.Write(b)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
