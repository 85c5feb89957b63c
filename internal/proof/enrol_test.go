package proof

import (
	"testing"
	"time"

	"reeve/internal/swarm"
)

// Whenever the server dies while a crowd enrols, every device ends up with one
// record, and the code is spent once for each.
func TestEnrolmentsSurviveKills(t *testing.T) {
	t.Parallel()
	random := newRandom(t)
	s := newServer(t).start()
	const count = 80
	c := summon(t, s, count, one(func(*swarm.Kind) {}))
	for range 3 {
		before := c.Stats().Enrolled
		eventually(t, time.Minute, "some more have enrolled", func() bool { return c.Stats().Enrolled > min(before+5, count-1) })
		pass(time.Duration(random.Int64N(int64(50*time.Millisecond))), s.done)
		s.kill()
		s.start()
	}
	select {
	case <-c.ready:
	case <-time.After(2 * time.Minute):
		t.Fatalf("the swarm is not ready: %+v", c.Stats())
	}
	names := map[string]bool{}
	for _, d := range s.devices() {
		names[d.Hostname] = true
	}
	codes := collect(t, s.own.Codes(t.Context()))
	if n := len(s.devices()); n != count || len(names) != count || codes[0].Used != count {
		t.Errorf("%d devices enrolled as %d records with %d names, and their code was used %d times", count, n, len(names), codes[0].Used)
	}
}

// Whenever an agent dies while it enrols, it is one device in the end.
func TestKilledWhileEnrolling(t *testing.T) {
	t.Parallel()
	random := newRandom(t)
	s := newServer(t).start()
	a := newAgent(t, s, nil)
	for range 8 {
		a.launch()
		pass(time.Duration(random.Int64N(int64(150*time.Millisecond))), a.done)
		a.kill()
	}
	a.start()
	if devices := s.devices(); len(devices) != 1 || devices[0].ID != a.device() {
		t.Errorf("an agent that was killed while it enrolled is %+v", devices)
	}
}
