package proof

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/swarm"
)

func TestKills(t *testing.T) {
	t.Parallel()
	survive(t, newServer(t), 5)
}

func TestKillsOnPostgres(t *testing.T) {
	t.Parallel()
	survive(t, newServer(t, "--database", freshSchema(t)), 2)
}

func TestKillsProof(t *testing.T) {
	if !isProof() {
		return
	}
	t.Run("SQLite", func(t *testing.T) { survive(t, newServer(t), 100) })
	t.Run("PostgreSQL", func(t *testing.T) { survive(t, newServer(t, "--database", freshSchema(t)), 20) })
}

// survive kills a server again and again while clients place jobs and agents
// carry them out. Then everything that was answered must be there, done at most
// once, and ended; and of what was not answered there must be all or nothing.
func survive(t *testing.T, s *server, kills int) {
	random := newRandom(t)
	s.start()
	s.grant()
	fleet := swarm.Fleet{Kinds: slices.Concat(
		one(func(k *swarm.Kind) {
			k.Share, k.Offline = 9, 0.1
			k.Work = map[string]swarm.Work{"scan_threats": {Max: 300 * time.Millisecond, Fails: 0.1}}
		}).Kinds,
		one(func(k *swarm.Kind) { k.Agent = "on_demand" }).Kinds,
	)}
	c := muster(t, s, 40, fleet)
	l := newLoad(s, rand.New(rand.NewPCG(random.Uint64(), 1)))
	stop := l.place(4)
	for range kills {
		// One kill of four comes while the server is starting.
		if random.IntN(4) > 0 {
			s.ready()
		}
		pass(time.Duration(random.Int64N(int64(1200*time.Millisecond))), s.done)
		if !s.running() {
			t.Fatalf("the server ended by itself: %v\n%s", s.err, s.log.tail())
		}
		s.kill()
		s.launch()
	}
	// A stop under load loses no more than a kill does, and ends well.
	s.ready()
	pass(300*time.Millisecond, s.done)
	if code, took := s.terminate(t); code != 0 || took > 10*time.Second {
		t.Errorf("told to stop under load, the server ended with %d after %s", code, took)
	}
	s.start()
	l.back = time.Now()
	stop()
	l.check(t, c)
	s.checkLog()
	s.terminate(t)
	s.checkLog()
}

// checkLog verifies the log, which must have one row for each job.
func (s *server) checkLog() {
	s.t.Helper()
	more := s.more
	if len(more) == 0 || more[0] != "--database" {
		more = nil
	}
	if out, code := s.verify(more...); code != 0 || !strings.Contains(out, "intact") {
		s.t.Errorf("log verify ended with %d: %s", code, out)
	}
	if !s.running() {
		return
	}
	rows := map[string]int{}
	for after := int64(0); ; {
		entries, err := s.own.LogAfter(s.t.Context(), client.LogFilter{Events: []string{"job_placed"}}, after, 0)
		must(s.t, err)
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			rows[e.Job]++
			after = e.Seq
		}
	}
	jobs := collect(s.t, s.own.Jobs(s.t.Context(), client.JobFilter{}))
	for _, j := range jobs {
		if rows[j.ID] != 1 {
			s.t.Errorf("the log has %d rows on job %s", rows[j.ID], j.ID)
		}
	}
	if len(rows) != len(jobs) {
		s.t.Errorf("the log has rows on %d jobs, of which there are %d", len(rows), len(jobs))
	}
}

// isProof reports whether the long tests were asked for.
func isProof() bool { return os.Getenv("REEVE_PROOF") != "" }
