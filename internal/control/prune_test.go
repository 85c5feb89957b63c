package control_test

import (
	"strings"
	"testing"
	"time"

	"reeve"
)

// What was pruned leaves a log that can be verified, and what was removed
// behind the server's back one that cannot.
func TestPrunedLog(t *testing.T) {
	const own = " account = 1 AND "
	for name, test := range map[string]struct {
		change func(w *logWorld)
		fault  string
	}{
		"nothing else":                     {func(*logWorld) {}, ""},
		"its checkpoint removed":           {func(w *logWorld) { w.exec(t, "DELETE FROM checkpoints WHERE"+own+"seq = $1", w.middle) }, "does not follow a checkpoint"},
		"more removed, up to a checkpoint": {func(w *logWorld) { w.exec(t, "DELETE FROM audit WHERE"+own+"seq <= $1", w.end) }, "no row says"},
		"more removed":                     {func(w *logWorld) { w.exec(t, "DELETE FROM audit WHERE"+own+"seq = $1", w.middle+1) }, "does not follow a checkpoint"},
		"a row edited":                     {func(w *logWorld) { w.exec(t, "UPDATE audit SET actor = 'x' WHERE"+own+"seq = $1", w.end) }, "was edited"},
	} {
		w := newLogWorld(t)
		if got := w.checkpoint(t); got != w.end { // a second one
			t.Fatalf("the log ends at row %d", got)
		}
		removed, err := w.store.PruneLog(t.Context(), w.admin.Account, w.clock.Now(), reeve.AuditEntry{
			Account: w.admin.Account, At: w.clock.Now(), Event: reeve.LogPruned})
		if err != nil || removed != 0 {
			t.Fatalf("%s: pruned %d rows that are not older, %v", name, removed, err)
		}
		w.exec(t, "UPDATE checkpoints SET at = at - 1 WHERE"+own+"seq = $1", w.middle) // the store's choice, not the signature
		if removed, err = w.store.PruneLog(t.Context(), w.admin.Account, w.clock.Now(), reeve.AuditEntry{
			Account: w.admin.Account, At: w.clock.Now(), Event: reeve.LogPruned}); err != nil || removed != w.middle {
			t.Fatalf("%s: pruned %d rows, %v", name, removed, err)
		}
		w.exec(t, "UPDATE checkpoints SET at = at + 1 WHERE"+own+"seq = $1", w.middle)
		test.change(w)
		got := w.verify(t)
		if (test.fault == "") != (got.Fault == "") || !strings.Contains(got.Fault, test.fault) {
			t.Errorf("%s: %+v; want %q", name, got, test.fault)
		}
		if test.fault == "" {
			if got.From != w.middle+1 || got.Rows != 3 {
				t.Errorf("%s: %+v", name, got)
			}
			if got = w.verify(t, w.copies...); got.Fault != "" {
				t.Errorf("with checkpoints from outside: %s", got.Fault)
			}
			forged := w.copies[0]
			forged.Hash[0]++
			forged.Signature = w.key.SignCheckpoint(forged.Account, forged.Seq, forged.Hash, forged.At)
			if got = w.verify(t, forged); got.Fault == "" {
				t.Error("a log that begins behind another history is intact")
			}
		}
	}
}

func TestRunPrunes(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		defer run(t, w.Control)()
		d := w.enrol(t, w.linux())
		job := w.place(t, order("exempt", d.ID)).Job
		w.pass(time.Hour) // signs a checkpoint
		count := func() int {
			rows, err := w.store.Log(t.Context(), w.admin.Account, reeve.LogQuery{Limit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			return len(rows)
		}
		all := count()
		w.pass(100 * 24 * time.Hour)
		if got := count(); got != all {
			t.Fatalf("%d rows of %d are left without a setting", got, all)
		}
		a, err := w.store.Account(t.Context(), w.admin.Account)
		if err != nil {
			t.Fatal(err)
		}
		a.Settings.KeepLogDays = 40
		if err := w.setAccount(t.Context(), w.admin, a); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		rows, err := w.store.Log(t.Context(), w.admin.Account, reeve.LogQuery{Limit: 1000})
		if err != nil || len(rows) != 2 || rows[0].Event != "account_changed" || rows[1].Event != reeve.LogPruned {
			t.Fatalf("%+v, %v", rows, err)
		}
		if _, err := w.store.Job(t.Context(), w.admin.Account, job.ID); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("the job is still there: %v", err)
		}
		if v, err := w.store.Device(t.Context(), w.admin.Account, d.ID); err != nil || v.ExemptUntil != reeve.Forever {
			t.Errorf("what the job did is gone: %+v, %v", v.ExemptUntil, err)
		}
	})
}

// An export that is behind keeps the log from being pruned, for a week and not
// for ever; one that is switched off does not.
func TestPruningWaitsForOutlets(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		defer run(t, w.Control)()
		if _, err := w.ChangeAccount(t.Context(), w.admin, func(a *reeve.Account) { a.Settings.KeepLogDays = 10 }); err != nil {
			t.Fatal(err)
		}
		export, err := w.CreateExport(t.Context(), w.admin, fileSpec("archive"))
		if err != nil {
			t.Fatal(err)
		}
		first := func() int64 {
			rows, err := w.store.Log(t.Context(), w.admin.Account, reeve.LogQuery{Limit: 1})
			if err != nil || len(rows) == 0 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			return rows[0].Seq
		}
		w.enrol(t, w.linux())
		w.pass(time.Hour) // signs a checkpoint
		w.pass(14 * 24 * time.Hour)
		if got := first(); got > export.Place.Seq {
			t.Fatalf("the log begins at row %d, and row %d was not sent", got, export.Place.Seq)
		}
		w.pass(7 * 24 * time.Hour)
		if got := first(); got <= export.Place.Seq {
			t.Errorf("a dead export keeps row %d", got)
		}
	})
}
