package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testRestore(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	restore := func(w *world, now time.Time, devices ...reeve.Device) []string {
		w.t.Helper()
		back, _, err := w.Restore(w.ctx, w.account.No, ids(devices), now, w.entry("devices_restored"))
		w.check(err)
		return back
	}
	standings := func(w *world, devices []reeve.Device) (out []reeve.Standing) {
		for _, d := range devices {
			out = append(out, w.read(d).Class.Standing)
		}
		return out
	}

	s.run("restored devices get the seats that are free", func(w *world) {
		w.account.Seats = 3
		w.check(w.setAccount(w.account, w.entry("account_changed")))
		devices := w.fleet(0, 3)
		w.archive(devices...)
		retire := w.order("retire", devices)
		w.fleet(10, 2)
		if d := cmp.Diff(ids(devices), restore(w, noon, devices...)); d != "" {
			w.t.Error(d)
		}
		want := []reeve.Standing{reeve.Managed, reeve.OutOfLicense, reeve.OutOfLicense}
		if d := cmp.Diff(want, standings(w, devices)); d != "" {
			w.t.Error(d)
		}
		w.counts(retire, reeve.Counts{reeve.Cancelled: 3})
		w.archive(devices[0]) // and the first of those that wait takes its seat
		if got := standings(w, devices[1:]); got[0] != reeve.Managed || got[1] != reeve.OutOfLicense {
			w.t.Errorf("standings %v", got)
		}
	})

	s.run("only what is archived, not due and of the account is restored", func(w *world) {
		devices := w.fleet(0, 3)
		other := w.addAccount("other", 0)
		foreign := w.save(other.No, device(50))
		job := w.archive(devices[0])
		w.place(w.job("delete"), placed(devices[1:2], reeve.Succeeded, 0), reeve.Effect{Standing: new(reeve.Archived)})
		logged := len(w.logged())
		if back := restore(w, job.Issued.AddDate(0, 0, 30), devices[0], devices[2], foreign); len(back) != 0 || len(w.logged()) != logged {
			w.t.Errorf("restored %v, logged %v", back, w.logged())
		}
		if back := restore(w, noon.AddDate(10, 0, 0), devices[1]); len(back) != 1 {
			w.t.Error("a record without a date was not restored")
		}
		if _, _, err := w.DeviceByKey(w.ctx, devices[1].Key); reeve.KindOf(err) != reeve.NotFound {
			w.t.Errorf("the key of an agent that was never ordered to retire: %v", err)
		}
		if rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 1, Newest: true}); err != nil ||
			rows[0].Event != "devices_restored" || rows[0].Device != devices[1].ID {
			w.t.Errorf("logged %+v, %v", rows, err)
		}
	})

	s.run("the trees of jobs keep the keys of restored devices", func(w *world) {
		devices := w.fleet(0, 1)
		scan := w.order("scan_threats", devices)
		w.archive(devices...)
		restore(w, noon, devices...)
		_, subjects, err := w.Sealed(w.ctx, scan.ID)
		w.check(err)
		if !slices.Equal(subjects, []reeve.Subject{{Device: devices[0].No, Key: devices[0].Key}}) {
			w.t.Errorf("subjects %+v", subjects)
		}
	})

	s.run("a restored device has its custom id unless another has it", func(w *world) {
		devices := w.fleet(0, 3)
		one, two := "one", "two"
		describe := func(d reeve.Device, id *string) {
			w.check(w.Describe(w.ctx, w.account.No, d.ID, reeve.Description{CustomID: id}, w.entry("e")))
		}
		describe(devices[0], &one)
		describe(devices[1], &two)
		w.archive(devices[:2]...)
		describe(devices[2], &one)
		restore(w, noon, devices[:2]...)
		if a, b := w.read(devices[0]).CustomID, w.read(devices[1]).CustomID; a != "" || b != two {
			w.t.Errorf("custom ids %q and %q", a, b)
		}
	})
}
