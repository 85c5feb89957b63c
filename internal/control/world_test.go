package control_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/seal"
	"reeve/internal/sqlstore"
)

// A world is a Control over a fresh store on a file, with one account, a clock
// that moves by hand, and a Wake that remembers.
type world struct {
	*control.Control
	store    *sqlstore.Store
	file     string
	key      seal.Key
	verifier *seal.Verifier
	clock    *clock
	wake     *recorder
	log      *lines
	boot     control.Bootstrap
	admin    reeve.Caller
	kept     []reeve.Checkpoint // what Options.Checkpoint was given
	contents contents
	machines int
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

var headKey = seal.HeadKey("a key from outside of the store")

// origin is how every world begins: the file of a store after set-up. To copy it
// costs far less than to make it.
var origin = sync.OnceValue(func() (o struct {
	file []byte
	key  seal.Key
	root *ecdsa.PublicKey
	boot control.Bootstrap
}) {
	dir, err := os.MkdirTemp("", "reeve")
	must(err)
	defer os.RemoveAll(dir)
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	o.root = &root.PublicKey
	o.key, err = seal.NewKey(root, bytes.Repeat([]byte{7}, 32), noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0))
	must(err)
	file := filepath.Join(dir, "reeve.db")
	store, err := sqlstore.Open(context.Background(), file, headKey)
	must(err)
	c := control.New(store, nil, nil, control.Options{Now: func() time.Time { return noon }})
	_, err = c.SetUp(context.Background(), func(b control.Bootstrap) error { o.boot = b; return nil })
	must(err)
	must(store.Close())
	o.file, err = os.ReadFile(file)
	must(err)
	return o
})

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	o := origin()
	w := &world{
		file: filepath.Join(t.TempDir(), "reeve.db"), key: o.key, verifier: seal.NewVerifier(o.root), boot: o.boot,
		clock: &clock{now: noon}, wake: &recorder{online: map[int64]bool{}}, log: &lines{}, contents: contents{},
	}
	if err := os.WriteFile(w.file, o.file, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.store, err = sqlstore.Open(t.Context(), w.file, headKey); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Control = w.control(w.store)
	accounts, err := w.store.Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		t.Fatalf("set-up left the accounts %v, %v", accounts, err)
	}
	w.admin = callerOf(accounts[0].No, w.boot.ClientID, reeve.Read, reeve.Write, reeve.Admin, reeve.Audit)
	return w
}

// control returns another Control over the world, as a restart makes one.
func (w *world) control(store control.Store) *control.Control {
	return control.New(store, func() seal.Key { return w.key }, w.wake, control.Options{
		Now: w.clock.Now, Log: slog.New(slog.NewJSONHandler(w.log, nil)), MaxEntries: 1000,
		Checkpoint: func(c reeve.Checkpoint) error { w.kept = append(w.kept, c); return nil },
		Seal:       func(owner, secret string) []byte { return []byte(owner + " has " + secret) },
		Unseal: func(owner string, sealed []byte) (string, error) {
			return strings.TrimPrefix(string(sealed), owner+" has "), nil
		},
		Contents: w.contents,
	})
}

func callerOf(account int64, app string, scopes ...reeve.Scope) reeve.Caller {
	return reeve.Caller{
		Account: account, Source: reeve.FromOAuthAPI, Actor: "app:" + app, Name: "first app", Scopes: scopes,
		Address: "192.0.2.7", RequestID: "r-1",
	}
}

// further makes another account and returns an admin of it.
func (w *world) further(t testing.TB, name string) (control.Bootstrap, reeve.Caller) {
	t.Helper()
	b, err := w.CreateAccount(t.Context(), w.admin, name, 0)
	if err != nil {
		t.Fatal(err)
	}
	return b, callerOf(b.Account.No, b.ClientID, reeve.Read, reeve.Write, reeve.Admin)
}

var every = reeve.AbilitiesOf([]string{"dhcprenew", "re-identify", "fetch_agent_log", "scan_threats", "retire", "unquarantine"})

// machine is a new machine with an agent that can do everything.
func (w *world) machine(kind reeve.AgentKind, system reeve.System, version string) control.Enrolment {
	w.machines++
	v, ok := reeve.ParseVersion(version)
	if !ok {
		panic(version)
	}
	return control.Enrolment{
		Code: w.boot.Code, Key: sha256.Sum256(fmt.Appendf(nil, "machine %d", w.machines)), Kind: kind, System: system, Version: v,
		Abilities: every, Hostname: fmt.Sprintf("machine-%d", w.machines), MACs: []reeve.MAC{0x020000000000 + reeve.MAC(w.machines)},
		HardwareID: fmt.Sprintf("hardware-%d", w.machines), Address: "192.0.2.9",
	}
}

func (w *world) linux() control.Enrolment { return w.machine(reeve.Persistent, reeve.Linux, "26.11.0") }

func (w *world) enrol(t testing.TB, e control.Enrolment) reeve.Device {
	t.Helper()
	d, _, err := w.Enrol(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// setAccount makes a caller's account what a says.
func (w *world) setAccount(ctx context.Context, caller reeve.Caller, a reeve.Account) error {
	_, err := w.ChangeAccount(ctx, caller, func(was *reeve.Account) { *was = a })
	return err
}

// imported adds unknown devices with these MACs, one each.
// imported has records without agents in the store, whatever else has their MACs.
func (w *world) imported(t testing.TB, macs ...reeve.MAC) []reeve.Device {
	t.Helper()
	devices := make([]reeve.Device, len(macs))
	for i, m := range macs {
		devices[i] = reeve.Device{ID: reeve.NewID(), Hostname: fmt.Sprintf("printer-%d", i+1), MACs: []reeve.MAC{m}, AddedAt: w.clock.Now(),
			Class: reeve.Class{Standing: reeve.Unknown}}
	}
	err := w.store.Import(t.Context(), w.admin.Account, func(tx reeve.Importing) error {
		return tx.Add(devices, reeve.AuditEntry{Account: w.admin.Account, At: w.clock.Now(), Event: "devices_imported"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return devices
}

func order(name string, ids ...string) control.Order { return control.Order{Action: name, IDs: ids} }

func (w *world) place(t testing.TB, o control.Order) control.Placement {
	t.Helper()
	p, err := w.Place(t.Context(), w.admin, o)
	if err != nil {
		t.Fatalf("%s: %v", o.Action, err)
	}
	return p
}

// device reads a record, archived ones too.
func (w *world) device(t testing.TB, id string) reeve.Device {
	t.Helper()
	all, err := w.store.Devices(t.Context(), w.admin.Account, reeve.DeviceQuery{Limit: 1000, Standings: []reeve.Standing{
		reeve.Managed, reeve.Unknown, reeve.Ignored, reeve.OutOfLicense, reeve.Archived}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(d reeve.Device) bool { return d.ID == id })
	if i < 0 {
		t.Fatalf("there is no device %s", id)
	}
	return all[i]
}

func (w *world) commands(t testing.TB, job reeve.JobID) []reeve.Command {
	t.Helper()
	all, err := w.store.Commands(t.Context(), w.admin.Account, job, nil, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (w *world) jobs(t testing.TB) []reeve.Job {
	t.Helper()
	all, err := w.store.Jobs(t.Context(), w.admin.Account, reeve.JobQuery{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// audit returns the rows of an account's log with one of the events.
func (w *world) audit(t testing.TB, account int64, events ...string) []reeve.AuditEntry {
	t.Helper()
	rows, err := w.store.Log(t.Context(), account, reeve.LogQuery{Limit: 10_000, Events: events})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// report is what an agent says of its command.
func (w *world) report(t testing.TB, c reeve.Command, s reeve.State) {
	t.Helper()
	_, err := w.store.Report(t.Context(), w.clock.Now(), []reeve.Report{{ID: c.ID, Device: c.DeviceNo, State: s}})
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t testing.TB, what string, err error, kind reeve.Kind) {
	t.Helper()
	if err == nil || reeve.KindOf(err) != kind {
		t.Errorf("%s: %v; want an error of kind %d", what, err, kind)
	}
}

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A recorder is a Wake that remembers what it was told.
type recorder struct {
	mu        sync.Mutex
	placed    []control.Batch
	cancelled map[reeve.JobID][]reeve.Order
	left      []int64
	told      []string // in order
	online    map[int64]bool
}

func (r *recorder) Placed(b control.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.placed, r.told = append(r.placed, b), append(r.told, "placed "+b.Job.Action)
}

func (r *recorder) Cancelled(job reeve.JobID, _ time.Time, orders []reeve.Order) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancelled == nil {
		r.cancelled = map[reeve.JobID][]reeve.Order{}
	}
	r.cancelled[job], r.told = append(r.cancelled[job], orders...), append(r.told, "cancelled")
}

func (r *recorder) Paused(paused bool, _ time.Time, orders []reeve.Order) {
	r.mu.Lock()
	defer r.mu.Unlock()
	word := "resumed"
	if paused {
		word = "paused"
	}
	r.told = append(r.told, fmt.Sprint(word, " ", len(orders)))
}

func (r *recorder) Left(devices []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left, r.told = append(r.left, devices...), append(r.told, "left")
}

func (r *recorder) Settled(_ int64, devices []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprint("settled ", devices))
}

func (r *recorder) Online(device int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.online[device]
}

// lines keeps what was logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
