package courier

import (
	"context"
	"fmt"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/line"
	"reeve/internal/keys"
	"reeve/internal/link"
)

// listener is what the agent's program makes of its line.
type listener struct {
	session  *line.Session
	welcomed chan struct{}
	orders   chan line.Order
	acks     chan []string
	cancels  chan int64
	pauses   chan int64 // negative for going on
	faults   chan error
}

func (l *listener) Welcomed()               { l.welcomed <- struct{}{} }
func (l *listener) Ordered(o line.Order)    { l.orders <- o }
func (l *listener) Acked(commands []string) { l.acks <- commands }
func (l *listener) Cancelled(job int64)     { l.cancels <- job }
func (l *listener) Settled(link.Notice)     {}
func (l *listener) Paused(job int64, on bool, _ time.Time) {
	l.pauses <- map[bool]int64{true: job, false: -job}[on]
}
func (l *listener) Lost(err error, _ time.Duration) {
	if err != nil {
		l.faults <- err
	}
}
func (l *listener) Dropped(verb string, err error) { l.faults <- fmt.Errorf("%s: %w", verb, err) }

// The agent's own end of the line understands this one, over TLS with the
// server's own keys.
func TestRealLine(t *testing.T) {
	own, err := keys.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	b := lay(t, func(o *Options, _ *rhythm) {
		o.Key = own.Seal
		if o.TLS, err = own.AgentsTLS(link.ServerName, o.Listen); err != nil {
			t.Fatal(err)
		}
	})
	b.key = own.Seal()
	trust, err := line.NewTrust(own.Root(), own.RootCert())
	if err != nil {
		t.Fatal(err)
	}
	key := line.NewKey()
	public := reeve.Key(key.Public())
	b.shelf.locked(func() { b.shelf.devices[public] = reeve.Device{No: 5, Key: public} })
	l := &listener{
		welcomed: make(chan struct{}, 10), orders: make(chan line.Order, 10), acks: make(chan []string, 10),
		cancels: make(chan int64, 10), pauses: make(chan int64, 10), faults: make(chan error, 10),
	}
	l.session = &line.Session{
		Key: key, Trust: trust, Handler: l,
		Place: link.Enrolled{Account: 1, Address: link.Address(5), Agents: b.Addr().String(), TLS: true},
		Hello: func() link.Hello { return link.Hello{Version: "26.11.0", Kind: "persistent", System: "linux"} },
	}
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.session.Run(ctx)
	}()
	wait(t, l.welcomed, l)
	job := b.place("scan_threats", agent{no: 5, key: public})
	b.Placed(job)
	o := wait(t, l.orders, l)
	if o.Fault != line.NoFault || o.Action != "scan_threats" {
		t.Fatalf("ordered %+v", o)
	}
	if err := l.session.Report(link.Report{Command: o.Command, State: "succeeded"}); err != nil {
		t.Fatal(err)
	}
	if acked := wait(t, l.acks, l); len(acked) != 1 || acked[0] != o.Command {
		t.Errorf("acknowledged %v", acked)
	}
	b.Cancelled(job.Job.ID, time.Now().UTC().Truncate(time.Microsecond), []reeve.Order{{Device: 5}})
	if got := wait(t, l.cancels, l); got != int64(job.Job.ID) {
		t.Errorf("cancelled %d", got)
	}
	for _, paused := range []bool{true, false} {
		b.Paused(paused, time.Now().UTC().Truncate(time.Microsecond), []reeve.Order{{ID: reeve.CommandID{Job: job.Job.ID}, Device: 5}})
		if got := wait(t, l.pauses, l); (got == int64(job.Job.ID)) != paused {
			t.Errorf("paused %v: %d", paused, got)
		}
	}
	b.Left([]int64{5})
	wait(t, l.faults, nil) // the connection ended
	wait(t, l.welcomed, nil)
	leave()
	<-done
	eventually(t, "the goodbye is noticed", func() bool { return !b.Online(5) })
}

func wait[T any](t *testing.T, c chan T, l *listener) (v T) {
	t.Helper()
	var faults chan error
	if l != nil {
		faults = l.faults
	}
	select {
	case v = <-c:
	case err := <-faults:
		t.Fatal(err)
	case <-time.After(20 * time.Second):
		t.Fatal("it never came")
	}
	return v
}
