package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testOutlets(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("an outlet is kept as it was made and begins at the log's end", func(w *world) {
		w.check(w.Append(w.ctx, w.entry("e"), w.entry("e")))
		o := outlet(w.account.No, "siem")
		made := w.outlet(o)
		o.No, o.Version, o.Place.Seq, o.Head = made.No, 1, 4, 3
		if d := cmp.Diff(o, made); d != "" || made.No == 0 {
			w.t.Errorf("%+v %s", made, d)
		}
		got, err := w.Outlets(w.ctx, w.account.No)
		w.check(err)
		o.Head = 4 // its own entry
		if d := cmp.Diff([]reeve.Outlet{o}, got); d != "" {
			w.t.Error(d)
		}
		_, err = w.AddOutlet(w.ctx, outlet(w.account.No, "siem"), w.entry("export_created"))
		w.wantKind(err, reeve.Conflict)
		_, err = w.AddOutlet(w.ctx, outlet(w.account.No+100, "siem"), w.entry("export_created"))
		w.wantKind(err, reeve.NotFound)
		if d := cmp.Diff([]string{"e", "e", "export_created"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("a change raises the version, forgets failures and keeps the place", func(w *world) {
		o := w.outlet(outlet(w.account.No, "siem"))
		claimed := w.claim("node", noon)
		claimed[0].Failures, claimed[0].LastError = 7, "no answer"
		w.check(w.Advance(w.ctx, "node", claimed[0]))
		o.Name, o.Enabled, o.Events, o.Sealed, o.Settings = "other", false, nil, nil, reeve.OutletSettings{Address: "[::1]:514"}
		w.check(w.SetOutlet(w.ctx, o, w.entry("export_changed")))
		got, err := w.Outlets(w.ctx, w.account.No)
		w.check(err)
		o.Version, o.Head, o.LastError, o.Events, o.Sealed = 2, 3, "no answer", []string{}, nil
		if d := cmp.Diff(o, got[0]); d != "" {
			w.t.Error(d)
		}
		w.outlet(outlet(w.account.No, "siem"))
		o.Name = "siem"
		w.wantKind(w.SetOutlet(w.ctx, o, w.entry("export_changed")), reeve.Conflict)
	})

	s.run("outlets belong to their account", func(w *world) {
		o := w.outlet(outlet(w.account.No, "siem"))
		other := w.addAccount("other", 0)
		w.outlet(outlet(other.No, "siem"))
		foreign := o
		foreign.Account = other.No
		w.wantKind(w.SetOutlet(w.ctx, foreign, entryOf(other.No, "export_changed")), reeve.NotFound)
		w.wantKind(w.RemoveOutlet(w.ctx, other.No, o.ID, entryOf(other.No, "export_removed")), reeve.NotFound)
		w.check(w.RemoveOutlet(w.ctx, w.account.No, o.ID, w.entry("export_removed")))
		w.wantKind(w.RemoveOutlet(w.ctx, w.account.No, o.ID, w.entry("export_removed")), reeve.NotFound)
		left, err := w.Outlets(w.ctx, w.account.No)
		w.check(err)
		if len(left) != 0 {
			w.t.Errorf("left: %+v", left)
		}
	})

	s.run("one node at a time holds an outlet", func(w *world) {
		w.outlet(outlet(w.account.No, "siem"))
		off := outlet(w.account.No, "off")
		off.Enabled = false
		w.outlet(off)
		for _, step := range []struct {
			node  string
			after time.Duration
			want  int
		}{
			{"a", 0, 1}, {"b", 0, 0}, {"a", 2 * time.Minute, 1}, {"b", 9 * time.Minute, 0},
			{"a", 6 * time.Minute, 1}, // renewed
			{"b", 10 * time.Minute, 0}, {"b", 16 * time.Minute, 1}, {"a", 17 * time.Minute, 0},
		} {
			if got := w.claim(step.node, noon.Add(step.after)); len(got) != step.want {
				w.t.Errorf("%s after %v: %d outlets, want %d", step.node, step.after, len(got), step.want)
			}
		}
		w.check(w.ReleaseOutlets(w.ctx, "a"))
		if got := w.claim("a", noon.Add(17*time.Minute)); len(got) != 0 {
			w.t.Error("a node gave away what another holds")
		}
		w.check(w.ReleaseOutlets(w.ctx, "b"))
		if got := w.claim("a", noon.Add(17*time.Minute)); len(got) != 1 {
			w.t.Error("what was released cannot be had")
		}
	})

	s.run("one of many wins a claim", func(w *world) {
		w.outlet(outlet(w.account.No, "siem"))
		won := make([]int, 8)
		for _, err := range concurrently(len(won), func(i int) error {
			got, err := w.ClaimOutlets(w.ctx, string(rune('a'+i)), noon, noon.Add(time.Minute))
			won[i] = len(got)
			return err
		}) {
			w.check(err)
		}
		total := 0
		for _, n := range won {
			total += n
		}
		if total != 1 {
			w.t.Errorf("%v hold it", won)
		}
	})

	s.run("only who holds the outlet as it is now moves it on", func(w *world) {
		made := w.outlet(outlet(w.account.No, "siem"))
		o := w.claim("a", noon)[0]
		o.Place, o.LastSuccess, o.LastFailure = reeve.Place{Seq: 9, Leaf: 8}, noon, noon.Add(time.Second)
		o.Failures, o.LastError, o.Enabled = 3, "why", false
		w.wantKind(w.Advance(w.ctx, "b", o, w.entry("webhook_failed")), reeve.Conflict)
		w.check(w.Advance(w.ctx, "a", o, w.entry("webhook_disabled")))
		got, err := w.Outlets(w.ctx, w.account.No)
		w.check(err)
		o.Head = 3
		if d := cmp.Diff(o, got[0]); d != "" {
			w.t.Error(d)
		}
		w.check(w.SetOutlet(w.ctx, made, w.entry("export_changed")))
		w.wantKind(w.Advance(w.ctx, "a", o), reeve.Conflict)
		if d := cmp.Diff([]string{"export_created", "webhook_disabled", "export_changed"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("a removed outlet is not the one that is made at once after it", func(w *world) {
		other := w.addAccount("other", 0)
		for _, account := range []int64{w.account.No, other.No, w.account.No} {
			had := w.outlet(outlet(w.account.No, "siem"))
			was := w.claim("a", noon)[0]
			w.check(w.RemoveOutlet(w.ctx, had.Account, had.ID, w.entry("export_removed")))
			made := w.outlet(outlet(account, "next"))
			if now := w.claim("a", noon); len(now) != 1 || now[0].ID != made.ID || made.No == had.No {
				w.t.Fatalf("claimed %+v, want %+v after %+v", now, made, had)
			}
			for _, lost := range []int64{had.No, made.No} { // even by the number that is in use
				was.No, was.Place.Seq, was.LastError, was.Enabled = lost, 99, "no answer", false
				w.wantKind(w.Advance(w.ctx, "a", was, w.entry("webhook_disabled")), reeve.Conflict)
			}
			got, err := w.Outlets(w.ctx, account)
			w.check(err)
			if got[0].Place != made.Place || got[0].LastError != "" || !got[0].Enabled {
				w.t.Errorf("the new one has %+v", got[0])
			}
			w.check(w.RemoveOutlet(w.ctx, account, made.ID, entryOf(account, "export_removed")))
		}
	})
}

// outlet describes an export with every field that is kept.
func outlet(account int64, name string) reeve.Outlet {
	return reeve.Outlet{
		Account: account, ID: reeve.NewID(), Kind: reeve.S3Outlet, Name: name, Enabled: true, Events: []string{"job_placed", "reports"},
		Settings: reeve.OutletSettings{URL: "https://s3.example.org", Bucket: "logs", Gzip: true, Every: 60}, Sealed: []byte{1, 0, 2},
		Created: noon,
	}
}

func (w *world) outlet(o reeve.Outlet) reeve.Outlet {
	w.t.Helper()
	made, err := w.AddOutlet(w.ctx, o, entryOf(o.Account, "export_created"))
	w.check(err)
	return made
}

// claim claims for ten minutes.
func (w *world) claim(node string, now time.Time) []reeve.Outlet {
	w.t.Helper()
	got, err := w.ClaimOutlets(w.ctx, node, now, now.Add(10*time.Minute))
	w.check(err)
	return got
}
