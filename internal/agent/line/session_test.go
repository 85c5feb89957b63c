package line_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"reeve/internal/agent/line"
	"reeve/internal/agent/linetest"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// ears is a Handler that passes everything on.
type ears struct {
	welcomed  chan struct{}
	orders    chan line.Order
	acked     chan []string
	cancelled chan int64
	paused    chan int64 // negative for a pause
	lost      chan error
	dropped   chan error
}

func newEars() ears {
	return ears{
		make(chan struct{}, 100), make(chan line.Order, 100), make(chan []string, 100),
		make(chan int64, 100), make(chan int64, 100), make(chan error, 100), make(chan error, 100),
	}
}

func (e ears) Welcomed()               { e.welcomed <- struct{}{} }
func (e ears) Ordered(o line.Order)    { e.orders <- o }
func (e ears) Acked(commands []string) { e.acked <- commands }
func (e ears) Cancelled(job int64)     { e.cancelled <- job }
func (e ears) Paused(job int64, on bool, _ time.Time) {
	if on {
		job = -job
	}
	e.paused <- job
}
func (e ears) Lost(err error, _ time.Duration) { e.lost <- err }
func (e ears) Settled(link.Notice)             {}
func (e ears) Dropped(_ string, err error)     { e.dropped <- err }

func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// connect enrols an agent and starts its session.
func connect(t *testing.T, s *linetest.Server, change ...func(*link.Enrolled)) (*line.Session, ears) {
	t.Helper()
	door, err := line.Open(s.URL, s.Pin)
	if err != nil {
		t.Fatal(err)
	}
	key := line.NewKey()
	m, err := door.Enrol(t.Context(), key, linetest.Code, link.Hello{Hostname: "one"})
	if err != nil {
		t.Fatal(err)
	}
	door.CloseIdle()
	trust, err := line.NewTrust(m.Root, m.RootCert)
	if err != nil {
		t.Fatal(err)
	}
	e := newEars()
	session := &line.Session{
		Key: key, Trust: trust, Place: m.Place, Handler: e,
		Hello: func() link.Hello { return link.Hello{Hostname: "one", Actions: []string{"scan_threats"}} },
	}
	for _, c := range change {
		c(&session.Place)
	}
	run(t, session)
	return session, e
}

// run runs a session until the test ends or the returned function is called.
func run(t *testing.T, s *line.Session) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func TestSession(t *testing.T) {
	for name, tls := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			s := linetest.Start(t, tls)
			s.SetAhead(48 * time.Hour)
			session, e := connect(t, s)
			address := session.Place.Address
			next(t, e.welcomed)
			if got := s.Hellos()[address]; got.Protocol != link.Protocol || len(got.Actions) != 1 {
				t.Errorf("the server heard %+v", got)
			}
			if now, ok := session.Now(); !ok || now.Sub(s.Now()).Abs() > time.Second {
				t.Errorf("the agent believes it is %v, %v; the server says %v", now, ok, s.Now())
			}

			orders := s.Seal(s.Header(5, "scan_threats", `{"full_scan":1}`), address)
			s.Give(address, orders...)
			o := next(t, e.orders)
			if o.Fault != line.NoFault || o.Command != "000000000000000500000000" || string(o.Params) != `{"full_scan":1}` {
				t.Errorf("got order %+v", o)
			}
			if err := session.Report(link.Report{Command: o.Command, State: "succeeded"}); err != nil {
				t.Error(err)
			}
			if r := next(t, s.Reports()); r.Address != address || r.Command != o.Command || r.State != "succeeded" {
				t.Errorf("the server heard %+v", r)
			}
			if acked := next(t, e.acked); len(acked) != 1 || acked[0] != o.Command {
				t.Errorf("acknowledged: %v", acked)
			}
			s.Cancel(address, 5)
			if job := next(t, e.cancelled); job != 5 {
				t.Errorf("cancelled: %d", job)
			}
			for _, paused := range []bool{true, false} {
				s.Pause(address, 5, paused)
				if job := next(t, e.paused); (job == -5) != paused {
					t.Errorf("paused %v: %d", paused, job)
				}
			}
		})
	}
}

func TestFaultyOrders(t *testing.T) {
	s := linetest.Start(t, false)
	session, e := connect(t, s)
	_, other := connect(t, s)
	next(t, e.welcomed)
	next(t, other.welcomed)
	address := session.Place.Address

	sealed := func(change func(*seal.Header)) link.Order {
		h := s.Header(5, "scan_threats", `{"path":"/srv"}`)
		change(&h)
		return s.Seal(h, s.Addresses()...)[0]
	}
	tampered := func(change func(*link.Order)) link.Order {
		o := sealed(func(*seal.Header) {})
		change(&o)
		return o
	}
	ago := func(d time.Duration) time.Time { return s.Now().Add(-d) }
	for name, tt := range map[string]struct {
		order link.Order
		want  line.Fault
	}{
		"as sealed":      {tampered(func(*link.Order) {}), line.NoFault},
		"action":         {tampered(func(o *link.Order) { o.Header.Action = "retire" }), line.Forged},
		"parameters":     {tampered(func(o *link.Order) { o.Header.Params = []byte(`{"path":"/"}`) }), line.Forged},
		"deadline":       {tampered(func(o *link.Order) { o.Header.DeliverBy = o.Header.DeliverBy.Add(time.Hour) }), line.Forged},
		"job":            {tampered(func(o *link.Order) { o.Header.Job++ }), line.Forged},
		"leaf":           {tampered(func(o *link.Order) { o.Proof.Leaf++ }), line.Forged},
		"leaves":         {tampered(func(o *link.Order) { o.Proof.Leaves++ }), line.Forged},
		"path":           {tampered(func(o *link.Order) { o.Proof.Path = nil }), line.Forged},
		"signature":      {tampered(func(o *link.Order) { o.Proof.Signature[0] ^= 1 }), line.Forged},
		"seal key":       {tampered(func(o *link.Order) { o.Proof.SealKey = nil }), line.Forged},
		"other account":  {sealed(func(h *seal.Header) { h.Account++ }), line.Forged},
		"another device": {s.Seal(s.Header(5, "retire", `{}`), s.Addresses()...)[1], line.Forged},
		"just in time":   {sealed(func(h *seal.Header) { h.DeliverBy = ago(4 * time.Minute) }), line.NoFault},
		"too late":       {sealed(func(h *seal.Header) { h.DeliverBy = ago(6 * time.Minute) }), line.TooLate},
		"another server": {linetest.Start(t, false).Seal(s.Header(5, "retire", `{}`), address)[0], line.Forged},
	} {
		s.Give(address, tt.order)
		if got := next(t, e.orders); got.Fault != tt.want {
			t.Errorf("%s: fault %q, want %q", name, got.Fault, tt.want)
		}
	}
}

// A server that comes back finds its agents again, and they learn the time anew.
func TestReconnect(t *testing.T) {
	s := linetest.Start(t, true)
	session, e := connect(t, s)
	next(t, e.welcomed)
	s.StopBus()
	next(t, e.lost)
	if err := session.Report(link.Report{Command: "x"}); !errors.Is(err, line.ErrAway) {
		t.Errorf("a report without a connection: %v", err)
	}
	s.SetAhead(time.Hour)
	s.StartBus()
	next(t, e.welcomed)
	if now, _ := session.Now(); now.Sub(s.Now()).Abs() > time.Second {
		t.Errorf("after the reconnect it is %v, the server says %v", now, s.Now())
	}
}

// A server that has taken to TLS since the agent enrolled is followed there.
func TestMoreThanPromised(t *testing.T) {
	s := linetest.Start(t, true)
	session, e := connect(t, s, func(place *link.Enrolled) { place.TLS = false })
	next(t, e.welcomed)
	if session.Place.TLS {
		t.Error("the test is not what it says")
	}
}

func TestGoodbye(t *testing.T) {
	s := linetest.Start(t, true)
	door, _ := line.Open(s.URL, s.Pin)
	key := line.NewKey()
	m, err := door.Enrol(t.Context(), key, linetest.Code, link.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	trust, _ := line.NewTrust(m.Root, m.RootCert)
	e := newEars()
	stop := run(t, &line.Session{Key: key, Trust: trust, Place: m.Place, Handler: e, Hello: func() link.Hello { return link.Hello{} }})
	next(t, e.welcomed)
	stop()
	linetest.Eventually(t, "the server heard the goodbye", func() bool { return s.Byes()[m.Place.Address] == 1 })
}

func TestRefusedKey(t *testing.T) {
	s := linetest.Start(t, false)
	session, e := connect(t, s)
	next(t, e.welcomed)
	s.Refuse(session.Place.Address, true)
	s.StopBus()
	s.StartBus()
	for err := next(t, e.lost); !errors.Is(err, line.ErrRefused); err = next(t, e.lost) {
	}
}

// An agent that pinned one server does not talk to another, on either door.
func TestWrongBus(t *testing.T) {
	s, other := linetest.Start(t, true), linetest.Start(t, true)
	door, _ := line.Open(s.URL, s.Pin)
	key := line.NewKey()
	m, err := door.Enrol(t.Context(), key, linetest.Code, link.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	otherDoor, _ := line.Open(other.URL, other.Pin)
	elsewhere, err := otherDoor.Enrol(t.Context(), key, linetest.Code, link.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	trust, _ := line.NewTrust(m.Root, m.RootCert)
	e := newEars()
	run(t, &line.Session{Key: key, Trust: trust, Place: elsewhere.Place, Handler: e, Hello: func() link.Hello { return link.Hello{} }})
	next(t, e.lost)
	if n := other.Byes()[elsewhere.Place.Address]; n != 0 || len(e.welcomed) > 0 {
		t.Error("the agent spoke to a server that it did not pin")
	}
}
