package courier

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// shelf is a store in memory: just what a courier asks of one.
type shelf struct {
	mu       sync.Mutex
	devices  map[reeve.Key]reeve.Device
	jobs     map[reeve.JobID]*shelved
	online   map[int64]bool
	meetings map[int64]reeve.Meeting
	meets    int // calls of Meet
	sents    int // commands given to Sent
	lookups  int // calls of Recognise
	loads    int // calls of Sealed
	reports  []reeve.Report
	refuse   func(reeve.Report) bool // reports for which a batch fails
	down     error                   // what every call answers
}

type shelved struct {
	job      reeve.Job
	subjects []reeve.Subject
	states   []reeve.State
}

func newShelf() *shelf {
	return &shelf{
		devices: map[reeve.Key]reeve.Device{}, jobs: map[reeve.JobID]*shelved{},
		online: map[int64]bool{}, meetings: map[int64]reeve.Meeting{},
	}
}

func (s *shelf) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *shelf) setDown(err error) { s.locked(func() { s.down = err }) }

func (s *shelf) Recognise(_ context.Context, key reeve.Key) (reeve.Device, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups++
	if s.down != nil {
		return reeve.Device{}, 0, s.down
	}
	d, ok := s.devices[key]
	if !ok {
		return d, 0, reeve.Errorf(reeve.Denied, "unknown")
	}
	return d, 1, nil
}

func (s *shelf) NobodyOnline(context.Context) error {
	s.locked(func() { clear(s.online) })
	return nil
}

func (s *shelf) Meet(_ context.Context, _ time.Time, batch []reeve.Meeting) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return s.down
	}
	s.meets++
	for _, m := range batch {
		s.meetings[m.Device] = m
		s.online[m.Device] = true
	}
	return nil
}

func (s *shelf) Seen(_ context.Context, _ time.Time, devices []int64, online bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range devices {
		s.online[d] = online
	}
	return s.down
}

func (s *shelf) Pending(_ context.Context, _ time.Time, devices []int64) ([]reeve.Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var orders []reeve.Order
	for id, j := range s.jobs {
		for leaf, subject := range j.subjects {
			archived := s.devices[subject.Key].Class.Standing == reeve.Archived
			if !j.states[leaf].IsFinal() && slices.Contains(devices, subject.Device) && (!archived || j.job.Action == "retire") {
				orders = append(orders, reeve.Order{ID: reeve.CommandID{Job: id, Leaf: int32(leaf)}, Device: subject.Device, State: j.states[leaf]})
			}
		}
	}
	slices.SortFunc(orders, func(a, b reeve.Order) int {
		return cmp.Or(cmp.Compare(a.ID.Job, b.ID.Job), cmp.Compare(a.ID.Leaf, b.ID.Leaf))
	})
	return orders, s.down
}

func (s *shelf) OpenJobs(context.Context) ([]reeve.JobID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []reeve.JobID
	for id, j := range s.jobs {
		if slices.ContainsFunc(j.states, func(s reeve.State) bool { return !s.IsFinal() }) {
			open = append(open, id)
		}
	}
	return open, s.down
}

func (s *shelf) Sealed(_ context.Context, id reeve.JobID) (reeve.Job, []reeve.Subject, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	j := s.jobs[id]
	if j == nil {
		return reeve.Job{}, nil, reeve.Errorf(reeve.NotFound, "no job")
	}
	return j.job, j.subjects, s.down
}

func (s *shelf) Sent(_ context.Context, _ time.Time, ids []reeve.CommandID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return s.down
	}
	s.sents += len(ids)
	for _, id := range ids {
		if state := &s.jobs[id.Job].states[id.Leaf]; *state == reeve.Queued {
			*state = reeve.Sent
		}
	}
	return nil
}

func (s *shelf) Report(_ context.Context, _ time.Time, batch []reeve.Report) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return nil, s.down
	}
	settled := make([]bool, len(batch))
	for _, r := range batch {
		if s.refuse != nil && s.refuse(r) {
			return nil, reeve.Errorf(reeve.Internal, "refused")
		}
	}
	for i, r := range batch {
		s.reports = append(s.reports, r)
		j := s.jobs[r.ID.Job]
		if j == nil || int(r.ID.Leaf) >= len(j.subjects) || j.subjects[r.ID.Leaf].Device != r.Device {
			continue
		}
		settled[i] = true
		if state := &j.states[r.ID.Leaf]; state.May(r.State) {
			*state = r.State
		}
	}
	return settled, nil
}

func (s *shelf) Expire(context.Context, time.Time) (int64, error) { return 0, nil }

func (s *shelf) state(id reeve.CommandID) reeve.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[id.Job].states[id.Leaf]
}

// A table is a courier with its store and its keys.
type table struct {
	*Courier
	t        testing.TB
	shelf    *shelf
	key      seal.Key
	verifier *seal.Verifier
	log      *bytes.Buffer
	logMu    *sync.Mutex
}

// quick makes the tests not wait.
var quick = rhythm{presence: 10 * time.Millisecond, ledger: 10 * time.Millisecond, sweep: time.Hour}

func lay(t testing.TB, change func(*Options, *rhythm)) *table {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	seed := make([]byte, 32)
	rand.Read(seed)
	b := &table{t: t, shelf: newShelf(), verifier: seal.NewVerifier(&root.PublicKey), log: &bytes.Buffer{}, logMu: &sync.Mutex{}}
	if b.key, err = seal.NewKey(root, seed, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Listen: "127.0.0.1:0", Orders: b.shelf, Presence: b.shelf, Recognise: b.shelf.Recognise,
		Key: func() seal.Key { return b.key },
		Log: slog.New(slog.NewTextHandler(guarded{b.logMu, b.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	r := quick
	if change != nil {
		change(&o, &r)
	}
	if b.Courier, err = open(t.Context(), o, r); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Error("closing:", err)
		}
	})
	return b
}

type guarded struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (g guarded) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.b.Write(p)
}

// device adds a device to the store.
func (b *table) device(no int64) agent {
	b.t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		b.t.Fatal(err)
	}
	public, _ := pair.PublicKey()
	raw, _ := nkeys.Decode(nkeys.PrefixByteUser, []byte(public))
	a := agent{t: b.t, table: b, no: no, pair: pair, key: reeve.Key(raw), address: link.Address(no)}
	b.shelf.locked(func() {
		b.shelf.devices[a.key] = reeve.Device{No: no, Key: a.key, Class: reeve.Class{Standing: reeve.Managed}}
	})
	return a
}

// place stores a job for the devices, as control would.
func (b *table) place(action string, agents ...agent) control.Batch {
	return b.placeID(reeve.NewJobID(time.Now()), action, agents...)
}

func (b *table) placeID(id reeve.JobID, action string, agents ...agent) control.Batch {
	now := time.Now().UTC().Truncate(time.Microsecond)
	batch := control.Batch{Job: reeve.Job{
		ID: id, Account: 1, Action: action, Params: json.RawMessage(`{}`), Targets: len(agents),
		Issued: now, DeliverBy: now.Add(time.Hour), FinishBy: now.Add(2 * time.Hour),
	}}
	j := &shelved{states: make([]reeve.State, len(agents))}
	var leaves []seal.Hash
	for i, a := range agents {
		batch.Placed = append(batch.Placed, reeve.Placed{Device: a.no})
		batch.Targets = append(batch.Targets, reeve.Target{No: a.no, Key: a.key})
		j.subjects = append(j.subjects, reeve.Subject{Device: a.no, Key: a.key})
		leaves = append(leaves, seal.Leaf(uint32(i), a.key[:]))
	}
	batch.Tree = seal.NewTree(leaves)
	batch.Job.Root = batch.Tree.Root()
	batch.Job.Signature = b.key.SignJob(control.Header(batch.Job), uint32(len(agents)), batch.Job.Root)
	batch.Job.SealKey = b.key.Certificate()
	j.job = batch.Job
	b.shelf.locked(func() { b.shelf.jobs[id] = j })
	return batch
}

// agent is the other end, as simple as can be.
type agent struct {
	t       testing.TB
	table   *table
	no      int64
	pair    nkeys.KeyPair
	key     reeve.Key
	address string

	conn     *nats.Conn
	messages chan *nats.Msg
	faults   chan error
	closed   chan struct{}
}

func (a agent) options() []nats.Option {
	public, _ := a.pair.PublicKey()
	return []nats.Option{
		nats.Nkey(public, a.pair.Sign), nats.NoReconnect(), nats.Timeout(20 * time.Second),
		nats.CustomInboxPrefix(link.Subject(a.address, "inbox")),
	}
}

// connect joins the bus and subscribes to everything it may.
func (a agent) connect() agent {
	a.t.Helper()
	a.messages, a.faults, a.closed = make(chan *nats.Msg, 1000), make(chan error, 100), make(chan struct{})
	conn, err := nats.Connect("nats://"+a.table.Addr().String(), append(a.options(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { a.faults <- err }),
		nats.ClosedHandler(func(*nats.Conn) { close(a.closed) }))...)
	if err != nil {
		a.t.Fatal("connecting:", err)
	}
	a.conn = conn
	a.t.Cleanup(conn.Close)
	for _, verb := range []string{link.VerbOrder, link.VerbAck, link.VerbCancel, link.VerbWelcome} {
		if _, err := conn.ChanSubscribe(link.Subject(a.address, verb), a.messages); err != nil {
			a.t.Fatal(err)
		}
	}
	return a
}

func (a agent) hello() link.Hello {
	return link.Hello{
		Protocol: 1, Nonce: []byte("nonce"), Version: "26.11.0", Kind: "persistent", System: "linux",
		Actions: []string{"scan_threats"}, Hostname: "host-" + a.address, MACs: []string{"00:0c:29:cd:c7:b2"},
	}
}

// arrive says Hello and waits for the Welcome.
func (a agent) arrive() agent {
	a.t.Helper()
	a = a.connect()
	a.say(link.VerbHello, a.hello())
	var w link.Welcome
	a.hear(link.VerbWelcome, &w)
	if err := a.table.verifier.CheckNow(w.At, []byte("nonce"), w.Signature, w.SealKey); err != nil {
		a.t.Fatal("the time is not sealed:", err)
	}
	return a
}

func (a agent) say(verb string, v any) {
	a.t.Helper()
	message, err := json.Marshal(v)
	if err == nil {
		err = a.conn.Publish(link.Subject(a.address, verb), message)
	}
	if err == nil {
		err = a.conn.Flush()
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// hear waits for the next message, which must have the verb.
func (a agent) hear(verb string, v any) {
	a.t.Helper()
	select {
	case m := <-a.messages:
		if _, got, _ := link.ParseSubject(m.Subject); got != verb {
			a.t.Fatalf("heard %s, want %s: %s", got, verb, m.Data)
		}
		if err := json.Unmarshal(m.Data, v); err != nil {
			a.t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		a.t.Fatalf("no %s came", verb)
	}
}

// order waits for an order and checks its seal.
func (a agent) order() link.Order {
	a.t.Helper()
	var o link.Order
	a.hear(link.VerbOrder, &o)
	if err := a.table.verifier.CheckJob(o.Header, a.key[:], o.Proof); err != nil {
		a.t.Fatal("the order is not sealed:", err)
	}
	return o
}

// silent checks that nothing has come, after a round trip of its own.
func (a agent) silent() {
	a.t.Helper()
	if err := a.conn.Flush(); err != nil {
		a.t.Fatal(err)
	}
	select {
	case m := <-a.messages:
		a.t.Fatalf("heard %s: %s", m.Subject, m.Data)
	default:
	}
}

// eventually waits until what holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}
