package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"reeve"
)

func testPrune(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a log loses whole stretches up to a checkpoint, and what is left is as it was", func(w *world) {
		rapid.Check(w.t.(*testing.T), func(t *rapid.T) {
			account := w.addAccount("log "+rapid.StringMatching("[a-z]{12}").Draw(t, "name"), 0).No
			at := noon
			for range rapid.IntRange(1, 5).Draw(t, "stretches") {
				for range rapid.IntRange(0, 4).Draw(t, "rows") {
					e := entryOf(account, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "event"))
					e.At = at
					w.check(w.Append(w.ctx, e))
				}
				head, _, err := w.Head(w.ctx, account)
				w.check(err)
				head.At = at
				if err := w.AddCheckpoint(w.ctx, head); reeve.KindOf(err) != reeve.Conflict { // nothing came since the last
					w.check(err)
				}
				at = at.Add(time.Hour)
			}
			rows := w.rows(account)
			signed, err := w.Checkpoints(w.ctx, account)
			w.check(err)
			before := noon.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "before"))*time.Hour + 1000)
			var cut reeve.Checkpoint
			for _, c := range signed {
				if c.At.Before(before) {
					cut = c
				}
			}
			removed, err := w.PruneLog(w.ctx, account, before, reeve.AuditEntry{Account: account, At: at, Event: reeve.LogPruned})
			w.check(err)
			left := w.rows(account)
			if removed != cut.Seq {
				t.Fatalf("%d rows were removed, want %d", removed, cut.Seq)
			}
			if cut.Seq == 0 {
				if len(left) != len(rows) {
					t.Fatalf("%d rows of %d are left", len(left), len(rows))
				}
				return
			}
			for i, row := range rows[cut.Seq:] {
				if left[i] != row {
					t.Fatalf("row %d changed", row.Seq)
				}
			}
			last := left[len(left)-1]
			var told reeve.Pruned
			if err := json.Unmarshal([]byte(last.Detail), &told); err != nil || told.Through != cut.Seq || told.Rows != removed ||
				len(left) != len(rows)-int(removed)+1 || left[0].Prev != cut.Hash {
				t.Fatalf("after row %d, %d rows: %+v", cut.Seq, len(left), last)
			}
			if again, err := w.PruneLog(w.ctx, account, before, reeve.AuditEntry{Account: account, At: at, Event: reeve.LogPruned}); again != 0 || err != nil {
				t.Fatalf("%d rows more, %v", again, err)
			}
			kinds, err := w.LogKinds(w.ctx, account)
			w.check(err)
			for _, k := range kinds {
				var want []int64
				for _, row := range left {
					if row.Event == k.Event {
						want = append(want, row.Seq)
					}
				}
				n, err := w.CountEvents(w.ctx, account, []int64{k.No}, time.Time{}, time.Time{})
				w.check(err)
				if n != int64(len(want)) {
					t.Fatalf("%d events %s are counted, want %d", n, k.Event, len(want))
				}
				for i := range want {
					seq, _, found, err := w.FindEvent(w.ctx, account, []int64{k.No}, time.Time{}, time.Time{}, int64(i))
					w.check(err)
					if seq != want[i] || !found {
						t.Fatalf("event %d of %s is in row %d, want %d", i, k.Event, seq, want[i])
					}
				}
			}
		})
	})

	s.run("a checkpoint that is not of its row prunes nothing", func(w *world) {
		w.check(w.Append(w.ctx, w.entry("e"), w.entry("e")))
		w.check(w.AddCheckpoint(w.ctx, reeve.Checkpoint{Account: w.account.No, Seq: 2, Hash: [32]byte{1}, At: noon, Signature: []byte("x")}))
		_, err := w.PruneLog(w.ctx, w.account.No, noon.Add(time.Hour), w.entry(reeve.LogPruned))
		w.wantKind(err, reeve.Conflict)
		if n := w.chained(w.account.No); n != 3 {
			w.t.Errorf("%d rows are left", n)
		}
	})

	s.run("a job goes once nothing needs it", func(w *world) {
		everything := reeve.ExemptAll
		devices := w.fleet(0, 2)
		done, open, ends := w.order("scan_threats", devices), w.order("scan_threats", devices), w.job("exempt")
		for leaf, d := range devices {
			w.report(done, d, leaf, reeve.Succeeded)
		}
		ends.DeliverBy, ends.FinishBy = ends.Issued, ends.Issued
		ends = w.place(ends, placed(devices, reeve.Succeeded, 0), reeve.Effect{Exempt: &everything, ExemptUntil: noon.Add(10000 * time.Hour)})
		left := func() (ids []reeve.JobID) {
			jobs, err := w.Jobs(w.ctx, w.account.No, reeve.JobQuery{Limit: 9})
			w.check(err)
			for _, j := range jobs {
				ids = append(ids, j.ID)
			}
			return ids
		}
		prune := func(before time.Time, want int64) {
			w.t.Helper()
			n, err := w.PruneJobs(w.ctx, w.account.No, before)
			w.check(err)
			if n != want {
				w.t.Errorf("%d jobs and commands went, want %d; %v are left", n, want, left())
			}
		}
		later := noon.Add(100 * time.Hour)
		prune(later, 0) // rows of the log name them
		head, _, err := w.Head(w.ctx, w.account.No)
		w.check(err)
		head.At = noon
		w.check(w.AddCheckpoint(w.ctx, head))
		e := w.entry(reeve.LogPruned)
		e.At = later
		_, err = w.PruneLog(w.ctx, w.account.No, later, e)
		w.check(err)
		prune(noon, 0) // placed later
		prune(later, 3)
		prune(later, 0)
		if got := left(); len(got) != 2 || got[0] != ends.ID || got[1] != open.ID {
			w.t.Errorf("left are %v", got)
		}
		found, err := w.CommandsByID(w.ctx, w.account.No, []reeve.CommandID{{Job: done.ID}, {Job: open.ID}})
		w.check(err)
		if len(found) != 1 {
			w.t.Errorf("commands %+v", found)
		}
	})

	s.run("a job with very many commands goes bit by bit, and is gone at once", func(w *world) {
		const many = 12_000
		devices := w.fleet(0, 2)
		places := make([]reeve.Placed, many)
		for i := range places {
			places[i] = reeve.Placed{Device: devices[i%2].No, State: reeve.Failed, Reason: reeve.NoReason}
		}
		great := w.job("exempt")
		great.DeliverBy, great.FinishBy = great.Issued, great.Issued
		great = w.place(great, places, reeve.Effect{})
		kept := w.place(w.job("exempt"), placed(devices, reeve.Succeeded, 0), reeve.Effect{})
		later := noon.Add(100 * time.Hour)
		head, _, err := w.Head(w.ctx, w.account.No)
		w.check(err)
		head.At = noon
		w.check(w.AddCheckpoint(w.ctx, head))
		e := w.entry(reeve.LogPruned)
		e.At = later
		_, err = w.PruneLog(w.ctx, w.account.No, later, e)
		w.check(err)
		before := kept.Issued
		var steps, removed int64
		for more := int64(1); more > 0; steps++ {
			more, err = w.PruneJobs(w.ctx, w.account.No, before)
			w.check(err)
			removed += more
			_, err := w.Job(w.ctx, w.account.No, great.ID)
			w.wantKind(err, reeve.NotFound)
			_, _, err = w.Command(w.ctx, w.account.No, reeve.CommandID{Job: great.ID})
			w.wantKind(err, reeve.NotFound)
			if w.report(great, devices[0], 0, reeve.Succeeded) {
				w.t.Error("a report is settled that names no command")
			}
			history, err := w.DeviceCommands(w.ctx, w.account.No, devices[0].No, 0, 10)
			w.check(err)
			if len(history) != 1 || history[0].ID.Job != kept.ID {
				w.t.Fatalf("the device's history is %+v", history)
			}
		}
		if removed != many+1 || steps < 3 {
			w.t.Errorf("%d jobs and commands went in %d steps", removed, steps-1)
		}
	})
}

// rows returns a whole log.
func (w *world) rows(account int64) []reeve.AuditEntry {
	w.t.Helper()
	rows, err := w.Log(w.ctx, account, reeve.LogQuery{Limit: 1000})
	w.check(err)
	return rows
}
