package control_test

import (
	"slices"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

func TestRestore(t *testing.T) {
	w := newWorld(t)
	// Of these agents the first hears nothing, and the second its order to retire.
	a, b, printer := w.enrol(t, w.linux()), w.enrol(t, w.linux()), w.imported(t, 0x0a0000000001)[0]
	account, err := w.store.Account(t.Context(), w.admin.Account)
	must(err)
	account.Settings.RestoreDays = 3
	must(w.setAccount(t.Context(), w.admin, account))
	all := []string{a.ID, b.ID, printer.ID}
	w.place(t, order("delete", all...))
	batch := w.wake.placed[len(w.wake.placed)-1]
	leaf := slices.IndexFunc(batch.Placed, func(p reeve.Placed) bool { return p.Device == b.No })
	must(w.store.Sent(t.Context(), noon, []reeve.CommandID{{Job: batch.Job.ID, Leaf: int32(leaf)}}))
	w.clock.advance(72*time.Hour - time.Microsecond)

	restored, err := w.Restore(t.Context(), w.admin, append(all[:3:3], reeve.NewID(), "x", all[0], "x"))
	if err != nil || !slices.Equal(restored.IDs, all) {
		t.Fatalf("restored %v, %v; want %v", restored, err, all)
	}
	wantReasons(t, restored, "not_found", "not_found")
	for id, want := range map[string]reeve.Class{
		a.ID:       a.Class,
		b.ID:       {Standing: reeve.Unknown, System: reeve.Linux},
		printer.ID: {Standing: reeve.Unknown},
	} {
		if got := w.device(t, id); got.Class != want || !got.ArchivedAt.IsZero() {
			t.Errorf("%s came back as %+v", got.Hostname, got.Class)
		}
	}
	if d, _, err := w.Recognise(t.Context(), a.Key); err != nil || d.ID != a.ID {
		t.Errorf("the key of the first: %v, %v", d.ID, err)
	}
	_, _, err = w.Recognise(t.Context(), b.Key)
	wantKind(t, "the key of the second", err, reeve.Denied)
	if orders := w.wake.cancelled[batch.Job.ID]; len(orders) != 1 || orders[0].Device != a.No {
		t.Errorf("delivery was told of %+v", orders)
	}
	rows := w.audit(t, w.admin.Account, "devices_restored")
	if len(rows) != 1 || rows[0].Actor != w.admin.Actor {
		t.Errorf("the log says %+v", rows)
	}

	// What is back is not restored again, nor erased; and what was retired enrols
	// beside its old record.
	restored, err = w.Restore(t.Context(), w.admin, all)
	must(err)
	wantReasons(t, restored, "not_deleted", "not_deleted", "not_deleted")
	e := w.linux()
	e.Key, e.MACs = b.Key, b.MACs
	if again := w.enrol(t, e); again.ID == b.ID {
		t.Error("an enrolment took over a record that had a key")
	}
	w.wake.placed = nil
	w.place(t, order("delete", b.ID, a.ID))
	if len(w.wake.placed) != 1 || len(w.wake.placed[0].Placed) != 1 {
		t.Errorf("deleted once more, they are told to retire: %+v", w.wake.placed)
	}
	w.clock.advance(72 * time.Hour)
	restored, err = w.Restore(t.Context(), w.admin, []string{a.ID})
	must(err)
	wantReasons(t, restored, "erased") // or as good as that
	_, err = w.store.Expire(t.Context(), w.clock.Now())
	must(err)
	restored, err = w.Restore(t.Context(), w.admin, []string{a.ID})
	must(err)
	wantReasons(t, restored, "not_found")
	if d, _, err := w.Recognise(t.Context(), b.Key); err != nil || d.ID == b.ID {
		t.Errorf("erasing the old record took the key of the new: %v, %v", d.ID, err)
	}
}

func wantReasons(t *testing.T, restored control.Restored, want ...string) {
	t.Helper()
	var reasons []string
	for _, u := range restored.Refused {
		reasons = append(reasons, u.Reason)
	}
	if !slices.Equal(reasons, want) {
		t.Errorf("refused %+v, want %v", restored.Refused, want)
	}
}
