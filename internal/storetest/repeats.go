package storetest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testRepeats(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	key := reeve.RepeatKey{Actor: "app:A", Route: "POST /x", Key: "k1", Body: [32]byte{7}, Until: noon.Add(24 * time.Hour)}

	s.run("what a key remembers", func(w *world) {
		other := w.addAccount("other", 0)
		job := w.job("scan_threats")
		w.check(w.commit(reeve.Work{Job: job, Key: key, Answer: []byte("answer")}))
		for name, test := range map[string]struct {
			account int64
			change  func(k *reeve.RepeatKey)
			found   bool
		}{
			"the same":        {w.account.No, func(*reeve.RepeatKey) {}, true},
			"another body":    {w.account.No, func(k *reeve.RepeatKey) { k.Body[0]++ }, true},
			"another key":     {w.account.No, func(k *reeve.RepeatKey) { k.Key = "k2" }, false},
			"another route":   {w.account.No, func(k *reeve.RepeatKey) { k.Route = "POST /y" }, false},
			"another actor":   {w.account.No, func(k *reeve.RepeatKey) { k.Actor = "app:B" }, false},
			"another account": {other.No, func(*reeve.RepeatKey) {}, false},
			"none":            {w.account.No, func(k *reeve.RepeatKey) { *k = reeve.RepeatKey{} }, false},
		} {
			k := key
			test.change(&k)
			w.check(w.Place(w.ctx, test.account, func(p reeve.Placing) error {
				kept, found, err := p.Kept(k)
				if found != test.found {
					w.t.Errorf("%s: found %v", name, found)
				}
				want := reeve.Kept{Job: job.ID, Body: key.Body, Answer: []byte("answer")}
				if d := cmp.Diff(want, kept); found && d != "" {
					w.t.Errorf("%s: %s", name, d)
				}
				return err
			}))
		}
	})

	s.run("requests without a key are not remembered", func(w *world) {
		for range 2 {
			w.check(w.commit(reeve.Work{Job: w.job("scan_threats")}))
		}
	})

	s.run("a key that is in use is a conflict, and free when it is over", func(w *world) {
		w.check(w.commit(reeve.Work{Job: w.job("scan_threats"), Key: key}))
		late := w.job("scan_threats")
		err := w.commit(reeve.Work{Job: late, Key: key})
		w.wantKind(err, reeve.Conflict)
		if errors.Is(err, reeve.ErrJobIDTaken) {
			w.t.Error("it says that the job's id was taken")
		}
		late.Issued = key.Until // before any sweep
		w.check(w.commit(reeve.Work{Job: late, Key: key}))
	})

	s.run("the sweep forgets keys that are over", func(w *world) {
		job := w.job("scan_threats")
		w.check(w.commit(reeve.Work{Job: job, Key: key}))
		w.expire(key.Until.Add(-time.Microsecond), 0)
		found := func() (found bool) {
			w.inPlacing(func(p reeve.Placing) {
				var err error
				_, found, err = p.Kept(key)
				w.check(err)
			})
			return found
		}
		if !found() {
			w.t.Error("forgotten too early")
		}
		w.expire(key.Until, 0)
		if found() {
			w.t.Error("not forgotten")
		}
	})

	s.run("of repeats at the same time one places and the others see it", func(w *world) {
		var placed, repeated atomic.Int64
		for _, err := range concurrently(8, func(i int) error {
			job := reeve.Job{ID: reeve.FirstJobID(noon) + reeve.JobID(i), Account: w.account.No, Params: []byte("{}"), Issued: noon}
			return w.Place(w.ctx, w.account.No, func(p reeve.Placing) error {
				_, found, err := p.Kept(key)
				if err != nil {
					return err
				}
				if found {
					repeated.Add(1)
					return nil
				}
				placed.Add(1)
				return p.Commit(reeve.Work{Job: job, Key: key, Entry: w.entry("job_placed")})
			})
		}) {
			w.check(err)
		}
		if placed.Load() != 1 || repeated.Load() != 7 {
			w.t.Errorf("%d placed, %d repeated", placed.Load(), repeated.Load())
		}
	})
}
