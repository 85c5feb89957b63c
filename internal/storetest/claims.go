package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"reeve"
)

func testClaims(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	key := reeve.RepeatKey{Actor: "app:A", Route: "POST /x/1", Key: "k1", Body: [32]byte{7}, Until: noon.Add(24 * time.Hour)}
	lease := noon.Add(time.Minute)
	claim := func(w *world, c reeve.Claim, now time.Time) reeve.Standstill {
		w.t.Helper()
		found, err := w.Claim(w.ctx, c, now, now.Add(time.Minute))
		w.check(err)
		return found
	}
	change := func(w *world, c reeve.Claim) error { return w.Append(c.Within(w.ctx), w.entry("change")) }

	s.run("a key is claimed once, per account, actor and route", func(w *world) {
		mine := reeve.NewClaim(w.account.No, key)
		if found := claim(w, mine, noon); !found.Mine {
			w.t.Fatalf("not granted: %+v", found)
		}
		if found := claim(w, reeve.NewClaim(w.account.No, key), noon); found.Mine || found.State != reeve.Claimed || found.Body != key.Body || !found.Lease.Equal(lease) {
			w.t.Errorf("granted twice: %+v", found)
		}
		for name, set := range map[string]func(*reeve.Claim){
			"key":     func(c *reeve.Claim) { c.Key.Key = "k2" },
			"route":   func(c *reeve.Claim) { c.Key.Route = "POST /x/2" },
			"actor":   func(c *reeve.Claim) { c.Key.Actor = "app:B" },
			"account": func(c *reeve.Claim) { c.Account++ },
		} {
			other := reeve.NewClaim(w.account.No, key)
			set(&other)
			if found := claim(w, other, noon); !found.Mine {
				w.t.Errorf("another %s: %+v", name, found)
			}
		}
	})

	s.run("a lease that passed is taken over with the same body, and its holder changes nothing any more", func(w *world) {
		first, second := reeve.NewClaim(w.account.No, key), reeve.NewClaim(w.account.No, key)
		other := reeve.NewClaim(w.account.No, key)
		other.Key.Body[0]++
		claim(w, first, noon)
		if found := claim(w, second, lease.Add(-time.Microsecond)); found.Mine {
			w.t.Error("taken over too early")
		}
		if found := claim(w, other, lease); found.Mine || found.Body != key.Body {
			w.t.Errorf("taken over by another body: %+v", found)
		}
		if found := claim(w, second, lease); !found.Mine {
			w.t.Errorf("not taken over: %+v", found)
		}
		before, _, err := w.Head(w.ctx, w.account.No)
		w.check(err)
		w.wantKind(change(w, first), reeve.Conflict)
		w.wantKind(w.Answer(w.ctx, first, []byte("late")), reeve.Conflict)
		after, _, err := w.Head(w.ctx, w.account.No)
		w.check(err)
		if before.Seq != after.Seq {
			w.t.Error("the first holder changed something")
		}
		w.check(change(w, second))
	})

	s.run("what has changed is never claimed again", func(w *world) {
		first := reeve.NewClaim(w.account.No, key)
		claim(w, first, noon)
		w.check(change(w, first))
		w.check(change(w, first)) // it may do so in several steps
		w.check(w.Release(w.ctx, first))
		if found := claim(w, reeve.NewClaim(w.account.No, key), noon); found.Mine || found.State != reeve.Spent || found.Lease.After(noon) {
			w.t.Errorf("%+v", found)
		}
	})

	s.run("a change that fails spends nothing", func(w *world) {
		first := reeve.NewClaim(w.account.No, key)
		claim(w, first, noon)
		err := w.SetGroup(first.Within(w.ctx), w.account.No, reeve.Group{ID: "none", Name: "x"}, w.entry("group_changed"))
		w.wantKind(err, reeve.NotFound)
		w.check(w.Release(w.ctx, first))
		if found := claim(w, reeve.NewClaim(w.account.No, key), noon); !found.Mine {
			w.t.Errorf("not free again: %+v", found)
		}
	})

	s.run("an answer is kept for its key and body alone, until its time is over", func(w *world) {
		first := reeve.NewClaim(w.account.No, key)
		claim(w, first, noon)
		w.check(w.Answer(w.ctx, first, []byte("the answer")))
		if found := claim(w, reeve.NewClaim(w.account.No, key), lease); found.Mine || found.State != reeve.Answered || string(found.Answer) != "the answer" {
			w.t.Errorf("%+v", found)
		}
		other := reeve.NewClaim(w.account.No, key)
		other.Key.Body[0]++
		if found := claim(w, other, lease); found.Mine || found.Body != key.Body || string(found.Answer) == "the answer" {
			w.t.Errorf("with another body: %+v", found)
		}
		if found := claim(w, other, key.Until); !found.Mine { // before any sweep
			w.t.Errorf("when its time is over: %+v", found)
		}
	})

	s.run("the sweep forgets claims", func(w *world) {
		first := reeve.NewClaim(w.account.No, key)
		claim(w, first, noon)
		w.check(change(w, first))
		w.expire(key.Until, 0)
		if found := claim(w, reeve.NewClaim(w.account.No, key), noon); !found.Mine {
			w.t.Errorf("%+v", found)
		}
	})

	s.run("of claims at the same time one is granted", func(w *world) {
		var granted atomic.Int64
		for _, err := range concurrently(8, func(int) error {
			found, err := w.Claim(w.ctx, reeve.NewClaim(w.account.No, key), noon, lease)
			if found.Mine {
				granted.Add(1)
			}
			return err
		}) {
			w.check(err)
		}
		if granted.Load() != 1 {
			w.t.Errorf("%d were granted", granted.Load())
		}
	})
}
