package proof

import (
	"net"
	"testing"
	"time"

	"reeve/internal/swarm"
)

// A server that is told to stop does so at once, whoever is connected.
func TestStopsWithEverybodyConnected(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	c := muster(t, s, 50, one(func(*swarm.Kind) {}))
	newAgent(t, s, nil).start()

	// One request waits for news, one connection is idle, and one has not said a
	// word yet.
	type reply struct {
		status int
		err    error
	}
	waiting := make(chan reply, 2)
	for _, path := range []string{"/api/v1/log?after=1000000&wait=30s", "/api/v1/log?after=1000001&wait=30s"} {
		go func() {
			status, _, err := s.ask(t.Context(), "GET", path, "")
			waiting <- reply{status, err}
		}()
	}
	for _, address := range []string{s.listen, s.agents} {
		silent, err := net.Dial("tcp", address)
		must(t, err)
		defer silent.Close()
	}
	pass(time.Second, s.done) // nothing tells that the requests have arrived

	code, took := s.terminate(t)
	t.Logf("stopped in %s", took)
	if code != 0 || took > 4*time.Second {
		t.Errorf("ended with %d in %s", code, took)
	}
	for range 2 {
		if r := <-waiting; r.err != nil || r.status != 200 {
			t.Errorf("a request that waited was answered %d, %v", r.status, r.err)
		}
	}
	s.start()
	eventually(t, 20*time.Second, "the agents are back", func() bool { return c.Stats().Connected == 50 })
}
