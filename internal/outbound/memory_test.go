package outbound

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/trail"
)

// A memory is a store whose logs are made by hand, account 1's unless a row says
// otherwise. The suite of storetest says what real stores do; this one works under
// a clock of the test, and gives the numbers of removed outlets again.
type memory struct {
	trail.Store // nil: of what is not below, no test has need

	mu      sync.Mutex
	account reeve.Account
	rows    []reeve.AuditEntry
	jobs    map[reeve.JobID]reeve.Job
	done    map[reeve.JobID][]reeve.Command
	outlets []reeve.Outlet
	holder  map[int64]string
	until   map[int64]time.Time
	saves   int
}

func newMemory() *memory {
	return &memory{account: reeve.Account{No: 1}, jobs: map[reeve.JobID]reeve.Job{}, done: map[reeve.JobID][]reeve.Command{},
		holder: map[int64]string{}, until: map[int64]time.Time{}}
}

func (m *memory) append(e reeve.AuditEntry) {
	e.Account = cmp.Or(e.Account, 1)
	e.Seq = m.head(e.Account) + 1
	if e.At.IsZero() {
		e.At = time.Now()
	}
	m.rows = append(m.rows, e)
}

// head returns the number of the last row of an account's log.
func (m *memory) head(account int64) (n int64) {
	for _, row := range m.rows {
		if row.Account == account {
			n++
		}
	}
	return n
}

// event appends a row.
func (m *memory) event(e reeve.AuditEntry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.append(e)
}

// enrol appends the row of an enrolment.
func (m *memory) enrol(device string) {
	m.event(reeve.AuditEntry{Event: "device_enrolled", Device: device, Detail: `{"standing":"managed"}`})
}

// delete appends the row of a job that deleted these many devices.
func (m *memory) delete(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := reeve.JobID(1000 + len(m.rows))
	m.jobs[id] = reeve.Job{ID: id, Account: 1, Action: "delete"}
	for leaf := range n {
		m.done[id] = append(m.done[id], reeve.Command{ID: reeve.CommandID{Job: id, Leaf: int32(leaf)}, State: reeve.Succeeded,
			DeviceID: fmt.Sprintf("%032d", leaf)})
	}
	m.append(reeve.AuditEntry{Event: "job_placed", Job: id, Detail: `{"action":"delete"}`})
}

func (m *memory) events() (out []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.rows {
		out = append(out, row.Event)
	}
	return out
}

func (m *memory) outlet() reeve.Outlet {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.outlets[0]
	o.Head = m.head(o.Account)
	return o
}

func (m *memory) Log(_ context.Context, account int64, q reeve.LogQuery) (out []reeve.AuditEntry, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.rows {
		if row.Account == account && row.Seq > q.After && len(out) < q.Limit && (len(q.Events) == 0 || slices.Contains(q.Events, row.Event)) {
			out = append(out, row)
		}
	}
	return out, nil
}

// LogKinds tells every row a kind of its own.
func (m *memory) LogKinds(_ context.Context, account int64) (kinds []reeve.LogKind, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.rows {
		if row.Account == account {
			kinds = append(kinds, reeve.LogKind{No: row.Seq, Event: row.Event, Source: row.Source, Action: row.About().Action})
		}
	}
	return kinds, nil
}

func (m *memory) Head(_ context.Context, account int64) (reeve.Checkpoint, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return reeve.Checkpoint{Seq: m.head(account)}, true, nil
}

func (m *memory) Job(_ context.Context, _ int64, id reeve.JobID) (reeve.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.jobs[id], nil
}

func (m *memory) Commands(_ context.Context, _ int64, job reeve.JobID, _ []reeve.State, from int32, limit int) ([]reeve.Command, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.done[job]
	return all[min(int(from), len(all)):min(int(from)+limit, len(all))], nil
}

func (m *memory) Account(context.Context, int64) (reeve.Account, error) { return m.account, nil }

func (m *memory) AddOutlet(_ context.Context, o reeve.Outlet, _ reeve.AuditEntry) (reeve.Outlet, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o.No, o.Account, o.Version, o.Enabled = int64(len(m.outlets)+1), cmp.Or(o.Account, 1), 1, true
	o.Place.Seq = m.head(o.Account) + 1
	m.outlets = append(m.outlets, o)
	return o, nil
}

func (m *memory) Outlets(context.Context, int64) ([]reeve.Outlet, error) { return m.outlets, nil }

func (m *memory) SetOutlet(_ context.Context, o reeve.Outlet, _ reeve.AuditEntry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	had := &m.outlets[o.No-1]
	had.Enabled, had.Settings, had.Failures = o.Enabled, o.Settings, 0
	had.Version++
	return nil
}

// RemoveOutlet removes the last outlet; no test has need of more.
func (m *memory) RemoveOutlet(context.Context, int64, string, reeve.AuditEntry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	no := int64(len(m.outlets))
	m.outlets = m.outlets[:no-1]
	delete(m.holder, no)
	delete(m.until, no)
	return nil
}

func (m *memory) ClaimOutlets(_ context.Context, node string, now, until time.Time) (out []reeve.Outlet, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range m.outlets {
		if o.Enabled && (m.holder[o.No] == node || !now.Before(m.until[o.No])) {
			m.holder[o.No], m.until[o.No] = node, until
			o.Head = m.head(o.Account)
			out = append(out, o)
		}
	}
	return out, nil
}

func (m *memory) Advance(_ context.Context, node string, o reeve.Outlet, entries ...reeve.AuditEntry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.outlets, func(had reeve.Outlet) bool { return had.ID == o.ID })
	if i < 0 || m.holder[o.No] != node || m.outlets[i].Version != o.Version {
		return reeve.Errorf(reeve.Conflict, "lost")
	}
	m.outlets[i].Enabled, m.outlets[i].Flow = o.Enabled, o.Flow
	m.saves++
	for _, e := range entries {
		m.append(e)
	}
	return nil
}

func (m *memory) ReleaseOutlets(_ context.Context, node string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for no, holder := range m.holder {
		if holder == node {
			m.until[no] = time.Time{}
		}
	}
	return nil
}

// A receiver answers pushes without a network and remembers them.
type receiver struct {
	mu     sync.Mutex
	answer func(n int, p received) (status int, err error) // nil is 204
	got    []received
	begun  time.Time
	atOnce int // most requests under way together
	now    int
}

type received struct {
	after              time.Duration // since the first
	id, device, status string
	key                string
	millis             int64
}

// crowd is how many requests there were at the same time, at most.
func (r *receiver) crowd() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.atOnce
}

func (r *receiver) RoundTrip(q *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	var body struct {
		DeviceID  string `json:"device_id"`
		Status    string `json:"status"`
		Timestamp int64  `json:"timestamp"`
	}
	if err := json.Unmarshal(text, &body); err != nil || q.Header.Get("Content-Type") != "application/json" {
		return nil, fmt.Errorf("a push of type %s: %s", q.Header.Get("Content-Type"), text)
	}
	r.mu.Lock()
	if r.begun.IsZero() {
		r.begun = time.Now()
	}
	p := received{time.Since(r.begun), q.Header.Get("X-Reeve-Delivery"), body.DeviceID, body.Status, q.Header.Get("Authorization"), body.Timestamp}
	r.got = append(r.got, p)
	n := len(r.got)
	r.now++
	r.atOnce = max(r.atOnce, r.now)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.now--
	}()
	status := http.StatusNoContent
	if r.answer != nil {
		if status, err = r.answer(n, p); err != nil {
			return nil, err
		}
	}
	if status == 0 { // it hangs
		<-q.Context().Done()
		return nil, q.Context().Err()
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}, Request: q}, nil
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// webhook adds a webhook that sends everything to the receiver.
func (m *memory) webhook(t *testing.T) {
	t.Helper()
	if _, err := m.AddOutlet(t.Context(), reeve.Outlet{ID: "hook", Kind: reeve.WebhookOutlet, Events: reeve.WebhookStatuses,
		Settings: reeve.OutletSettings{URL: "https://nac.example.org/hook"}, Sealed: []byte("key-123")}, reeve.AuditEntry{}); err != nil {
		t.Fatal(err)
	}
}

// sender returns a Sender over the store whose requests go to the receiver.
func (m *memory) sender(t *testing.T, r http.RoundTripper) *Sender {
	s := New(Config{
		Store: m, Folder: t.TempDir(), Log: slog.New(slog.DiscardHandler),
		Open: func(_ string, sealed []byte) (string, error) { return string(sealed), nil },
		Line: func(e reeve.AuditEntry) ([]byte, error) { return json.Marshal(e) },
	})
	s.transport = r
	return s
}

// run runs a sender until stop, which waits for its end.
func run(t *testing.T, s *Sender) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() { s.Run(ctx) })
	return func() { cancel(); wait.Wait() }
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock: nobody waits
}
