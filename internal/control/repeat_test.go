package control_test

import (
	"context"
	"crypto/sha256"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

func keyed(o control.Order, key, body string) control.Order {
	o.Key, o.Route, o.Body = key, "POST /o/api/v3.3/devices/action", sha256.Sum256([]byte(body))
	return o
}

func TestRepeats(t *testing.T) {
	w := newWorld(t)
	a, b := w.enrol(t, w.linux()), w.enrol(t, w.machine(reeve.OnDemand, reeve.Windows, "7.6.231.0"))
	o := keyed(order("dhcprenew", b.ID, reeve.NewID(), a.ID, a.ID), "key", "body")
	first := w.place(t, o)
	w.clock.advance(time.Hour)
	for range 3 {
		again := w.place(t, o)
		if !again.Repeated || again.Job.ID != first.Job.ID || !slices.Equal(again.Outcomes, first.Outcomes) {
			t.Fatalf("the repeat answers %+v; want %+v", again, first)
		}
		if !again.Job.Issued.Equal(first.Job.Issued) || again.Job.Targets != first.Job.Targets {
			t.Errorf("the repeat tells of the job %+v; want that of the first", again.Job)
		}
	}
	if len(w.jobs(t)) != 1 || len(w.wake.placed) != 1 {
		t.Errorf("%d jobs, %d batches; want one", len(w.jobs(t)), len(w.wake.placed))
	}

	_, err := w.Place(t.Context(), w.admin, keyed(o, "key", "another body"))
	wantKind(t, "the key with another body", err, reeve.Conflict)

	// A key belongs to who used it and where.
	elsewhere := o
	elsewhere.Route = "POST /api/v1/jobs"
	if p := w.place(t, elsewhere); p.Repeated {
		t.Error("the key counts on another route")
	}
	p, err := w.Place(t.Context(), callerOf(w.admin.Account, "ANOTHER", reeve.Write), o)
	if err != nil || p.Repeated {
		t.Errorf("the key counts for another app: %+v, %v", p.Repeated, err)
	}
	if p := w.place(t, keyed(o, "", "body")); p.Repeated {
		t.Error("no key is taken for a key")
	}
	if len(w.jobs(t)) != 4 {
		t.Errorf("%d jobs; want 4", len(w.jobs(t)))
	}

	// The sweep forgets a key after a day.
	w.clock.advance(23 * time.Hour)
	if _, err := w.store.Expire(t.Context(), w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	if p := w.place(t, o); p.Repeated {
		t.Error("a key of the day before is remembered")
	}
}

func TestRepeatOfAll(t *testing.T) {
	w := newWorld(t)
	w.enrol(t, w.linux())
	o := keyed(control.Order{Action: "exempt", All: true}, "key", "body")
	first := w.place(t, o)
	w.enrol(t, w.linux())
	again := w.place(t, o)
	if !again.Repeated || again.Outcomes != nil || again.Job.ID != first.Job.ID || again.Job.Targets != 1 {
		t.Errorf("the repeat answers %+v", again)
	}
}

// A key that was used with a request that failed is free.
func TestErrorsKeepNoKey(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	_, err := w.Place(t.Context(), w.admin, keyed(control.Order{Action: "exempt", Group: reeve.NewID()}, "key", "body"))
	wantKind(t, "an unknown group", err, reeve.NotFound)
	if p := w.place(t, keyed(order("exempt", d.ID), "key", "body")); p.Repeated {
		t.Error("the key of a failed request is kept")
	}
}

func TestConcurrentRepeats(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	o := keyed(order("scan_threats", d.ID), "key", "body")
	o.Params = []byte(`{"full_scan":1}`)
	answers := make([]control.Placement, 8)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() {
			var err error
			if answers[i], err = w.Place(t.Context(), w.admin, o); err != nil {
				t.Errorf("repeat %d: %v", i, err)
			}
		})
	}
	wait.Wait()
	placed := 0
	for _, p := range answers {
		if !p.Repeated {
			placed++
		}
		if p.Job.ID != answers[0].Job.ID || !reflect.DeepEqual(p.Outcomes, answers[0].Outcomes) {
			t.Errorf("the answers differ: %+v and %+v", p, answers[0])
		}
	}
	if placed != 1 || len(w.jobs(t)) != 1 || len(w.wake.placed) != 1 {
		t.Errorf("%d were not repeats; %d jobs, %d batches", placed, len(w.jobs(t)), len(w.wake.placed))
	}
}

// Where several writers run at once, a key may be taken between looking and
// committing: the one who comes late answers as a repeat does.
func TestLateRepeat(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	o := keyed(order("dhcprenew", d.ID), "key", "body")
	var first control.Placement
	late := w.control(&lateStore{Store: w.store, before: func() { first = w.place(t, o) }})
	again, err := late.Place(t.Context(), w.admin, o)
	if err != nil || !again.Repeated || again.Job.ID != first.Job.ID || !slices.Equal(again.Outcomes, first.Outcomes) {
		t.Errorf("the late one is answered %+v, %v; want %+v", again, err, first)
	}

	o.Key = "another key"
	late = w.control(&lateStore{Store: w.store, before: func() { w.place(t, o) }})
	_, err = late.Place(t.Context(), w.admin, keyed(o, o.Key, "another body"))
	wantKind(t, "the late one with another body", err, reeve.Conflict)
	if len(w.jobs(t)) != 2 {
		t.Errorf("%d jobs; want 2", len(w.jobs(t)))
	}
}

// A random job id that was used before costs another attempt, which leaves
// nothing of the first.
func TestJobIDTaken(t *testing.T) {
	w := newWorld(t)
	a, b := w.enrol(t, w.linux()), w.enrol(t, w.machine(reeve.OnDemand, reeve.Windows, "7.6.231.0"))
	store := &takenStore{Store: w.store, attempts: 3}
	p, err := w.control(store).Place(t.Context(), w.admin, order("dhcprenew", a.ID, b.ID, reeve.NewID()))
	if err != nil || store.attempts != 0 || slices.Contains(store.taken, p.Job.ID) {
		t.Fatalf("the job is %v after %v, %v", p.Job.ID, store.taken, err)
	}
	checkJob(t, w, p, 3, 1, 1)
	if len(w.jobs(t)) != 1 || len(w.wake.placed) != 1 || len(w.wake.placed[0].Placed) != 2 {
		t.Errorf("%d jobs, %d batches", len(w.jobs(t)), len(w.wake.placed))
	}
}

// A takenStore says of the first ids that they are taken.
type takenStore struct {
	control.Store
	attempts int
	taken    []reeve.JobID
}

func (s *takenStore) Place(ctx context.Context, account int64, fn func(reeve.Placing) error) error {
	return s.Store.Place(ctx, account, func(tx reeve.Placing) error { return fn(takenPlacing{tx, s}) })
}

type takenPlacing struct {
	reeve.Placing
	store *takenStore
}

func (p takenPlacing) Commit(w reeve.Work) error {
	if p.store.attempts > 0 {
		p.store.attempts--
		p.store.taken = append(p.store.taken, w.Job.ID)
		return reeve.ErrJobIDTaken
	}
	return p.Placing.Commit(w)
}

// A lateStore lets somebody else commit first, and hides it from the first
// placing, which began before.
type lateStore struct {
	control.Store
	once   sync.Once
	before func()
}

func (s *lateStore) Place(ctx context.Context, account int64, fn func(reeve.Placing) error) error {
	blind := false
	s.once.Do(func() {
		s.before()
		blind = true
	})
	return s.Store.Place(ctx, account, func(tx reeve.Placing) error {
		if blind {
			tx = blindPlacing{tx}
		}
		return fn(tx)
	})
}

type blindPlacing struct{ reeve.Placing }

func (blindPlacing) Kept(reeve.RepeatKey) (reeve.Kept, bool, error) { return reeve.Kept{}, false, nil }
