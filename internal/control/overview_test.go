package control_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
	"reeve/internal/control"
)

// A slowStore takes a second to sum up what it is asked, and says as of when.
type slowStore struct {
	control.Store
	asked []reeve.OverviewQuery
	err   error
}

func (s *slowStore) Overview(_ context.Context, account int64, q reeve.OverviewQuery) (reeve.Overview, error) {
	s.asked = append(s.asked, q)
	time.Sleep(time.Second) // of the bubble's clock: nobody waits
	return reeve.Overview{At: q.Now, Devices: account}, s.err
}

// What is made at once is made for everybody who looks.
func TestOverviewsOfFewDevicesAreOfNow(t *testing.T) {
	w := newWorld(t)
	v, err := w.View(w.admin)
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(3) {
		groups, at, err := v.CountedGroups(t.Context(), reeve.GroupQuery{Limit: 9, Page: 1, Sort: "devices"}, true)
		if err != nil || len(groups) != 1 || groups[0].Devices != n || !at.Equal(w.clock.Now()) {
			t.Errorf("%+v as of %v, %v; want %d devices", groups, at, err, n)
		}
		w.enrol(t, w.linux())
	}
}

// Within the bubble time passes only when everybody waits for it.
func TestOverviewsAreMadeWhileSomebodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{}
		c := control.New(store, nil, nil, control.Options{})
		ann := reeve.Caller{Account: 7, Actor: "operator:ann", Source: reeve.FromConsole, Scopes: reeve.Scopes{reeve.Read}}
		look := func(caller reeve.Caller) (age, waited time.Duration, err error) {
			t.Helper()
			v, err := c.View(caller)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			o, err := v.Overview(t.Context())
			return time.Since(o.At), time.Since(began), err
		}
		for _, step := range []struct {
			what        string
			after       time.Duration
			age, waited time.Duration
			made        int // in all, begun by now
		}{
			{"the first waits", 0, time.Second, time.Second, 1},
			{"the next sees the same", 4 * time.Second, 5 * time.Second, 0, 1},
			{"so long as making it took little of the time", 10 * time.Second, 15 * time.Second, 0, 1},
			{"then a new one is made, and the old one shown", 10 * time.Second, 25 * time.Second, 0, 2},
			{"once", 0, 25 * time.Second, 0, 2},
			{"until it is there", 2 * time.Second, 2 * time.Second, 0, 2},
			{"nobody looked for long", 2 * time.Minute, time.Second, time.Second, 3},
		} {
			time.Sleep(step.after) // of the bubble's clock: nobody waits
			age, waited, err := look(ann)
			synctest.Wait()
			if err != nil || age != step.age || waited != step.waited || len(store.asked) != step.made {
				t.Errorf("%s: %v old after %v, %d made, %v; want %v after %v, %d made", step.what, age, waited, len(store.asked), err, step.age, step.waited, step.made)
			}
		}
		soon := func() (bool, time.Duration) {
			t.Helper()
			v, _ := c.View(reeve.Caller{Account: 9, Source: reeve.FromConsole, Scopes: reeve.Scopes{reeve.Read}})
			began := time.Now()
			_, ready, err := v.OverviewSoon(t.Context())
			if err != nil {
				t.Error(err)
			}
			return ready, time.Since(began)
		}
		if ready, waited := soon(); ready || waited > 50*time.Millisecond {
			t.Errorf("a page waits %v for the first; it is there: %v", waited, ready)
		}
		time.Sleep(time.Second) // of the bubble's clock, until it is made: nobody waits
		synctest.Wait()
		if ready, waited := soon(); !ready || waited > 0 {
			t.Errorf("a page waits %v for what is there; it is: %v", waited, ready)
		}
		store.err = errors.New("the disk is gone")
		time.Sleep(2 * time.Minute) // of the bubble's clock: nobody waits
		if _, _, err := look(ann); !errors.Is(err, store.err) {
			t.Errorf("a failure is shown as %v", err)
		}
		store.err = nil
		if _, _, err := look(ann); err != nil {
			t.Errorf("a failure is kept: %v", err)
		}
		waiting, stop := context.WithCancel(t.Context())
		stop()
		v, _ := c.View(reeve.Caller{Account: 8, Source: reeve.FromConsole, Scopes: reeve.Scopes{reeve.Read}})
		if _, err := v.Overview(waiting); !errors.Is(err, context.Canceled) {
			t.Errorf("whoever goes away is answered %v", err)
		}
		time.Sleep(time.Hour) // of the bubble's clock, until what is being made is there: nobody waits
	})
}
