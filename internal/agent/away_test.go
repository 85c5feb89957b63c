package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reeve/internal/agent/act"
	"reeve/internal/agent/line"
	"reeve/internal/link"
	"reeve/internal/seal"
)

// lonely gives a loop a session whose server is not there.
func (l *loop) lonely(t *testing.T) {
	t.Helper()
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(&root.PublicKey)
	must(t, err)
	trust, err := line.NewTrust(der, nil)
	must(t, err)
	l.state = &State{dir: l.body.StateDir()}
	l.kick, l.gone = make(chan struct{}, 1), make(chan struct{})
	l.session = &line.Session{Key: line.NewKey(), Trust: trust, Place: link.Enrolled{Agents: "127.0.0.1:0"}, Handler: l,
		Hello: func() link.Hello { return link.Hello{} }}
}

// An hour without a server, with as many commands open as there may be: the
// agent carries them out, keeps the reports on the disk, and neither its memory
// nor its goroutines nor its journal grow beyond their bounds.
func TestAnHourAway(t *testing.T) {
	const size = 4_000 // bytes of an answer
	synctest.Test(t, func(t *testing.T) {
		answer := act.Answers{Identity: map[string]string{"a": strings.Repeat("x", size)}}
		m := &fakeMachine{ask: func(ctx context.Context) (act.Answers, error) {
			line.Pause(ctx, 2*time.Second)
			return answer, nil
		}, renew: func(ctx context.Context) error { line.Pause(ctx, 2*time.Second); return nil }}
		l := aloneLoop(t, m, func() (*Policy, error) { return &Policy{}, nil })
		l.lonely(t)
		now := time.Now()
		orders := maxOpen * 3 / 2
		for i := range orders {
			h := seal.Header{Job: int64(i + 1), Action: []string{"re-identify", "dhcprenew"}[i%2], Params: []byte(`{"fields":[{"name":"a"}]}`),
				Issued: now, DeliverBy: now.Add(24 * time.Hour), FinishBy: now.Add(48 * time.Hour)}
			l.Ordered(line.Order{Header: h, Command: fmt.Sprintf("%016x%08x", i+1, 0)})
		}
		taken := len(l.journal.at(received)) + len(l.journal.at(started)) + len(l.journal.at(finished))
		l.work.Go(l.resend)
		l.work.Go(func() { l.session.Run(l.ctx) })
		var heap, goroutines []int
		for range 6 {
			<-time.After(10 * time.Minute)
			var memory runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&memory)
			heap, goroutines = append(heap, int(memory.HeapAlloc)), append(goroutines, runtime.NumGoroutine())
		}
		if n := len(l.journal.at(finished)); taken != maxOpen || n != taken {
			t.Errorf("%d of %d orders were taken and %d carried out", taken, orders, n)
		}
		// Each command costs an entry; its result is on the disk.
		if grown := heap[5] - heap[0]; grown > 1<<20 || heap[5] > 100<<20 {
			t.Errorf("the heap grew as %v", heap)
		}
		if goroutines[5] > goroutines[0] || goroutines[5] > 20 {
			t.Errorf("goroutines %v", goroutines)
		}
		if most := int64(taken) * (size + 2_000); l.journal.file.size > 2*most+roomToGrow {
			t.Errorf("the journal has %d bytes", l.journal.file.size)
		}
		l.stop(nil)
		l.work.Wait()
	})
}
