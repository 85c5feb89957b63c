package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

// testFinding is about the devices that a placing is for, where the order names
// none of them.
func testFinding(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a filter finds what a list of devices has, in order and in parts", func(w *world) {
		lab := w.group("Lab")
		var devices []reeve.Device
		for i := range 12 {
			d := device(i)
			if i%3 == 0 {
				d.GroupID = lab.ID
			}
			if i == 9 {
				d.Key, d.Class.Standing = reeve.Key{}, reeve.Unknown
			}
			devices = append(devices, w.save(w.account.No, d))
		}
		w.save(w.addAccount("other", 0).No, device(50))
		w.archive(devices[6])
		w.place(w.job("exempt"), placed(devices[1:2], reeve.Succeeded, 0), reeve.Effect{Exempt: new(reeve.ExemptAll), ExemptUntil: reeve.Forever})
		for name, q := range map[string]reeve.DeviceQuery{
			"everything":     {},
			"a group":        {GroupIDs: []string{lab.ID}},
			"no such group":  {GroupIDs: []string{reeve.NewID()}},
			"a standing":     {Standings: []reeve.Standing{reeve.Unknown}},
			"systems":        {Systems: []reeve.System{reeve.Windows, reeve.MacOS}},
			"a system there": {Systems: []reeve.System{reeve.Windows}, GroupIDs: []string{lab.ID}},
			"a name":         {Search: "host-1"},
			"a short name":   {Search: "1"},
			"an address":     {Search: "02:00:00:00:00:0b", In: []reeve.DeviceName{reeve.InMAC}},
			"exempt":         {Exempt: new(true), Standings: []reeve.Standing{reeve.Managed}, Now: noon},
			"away":           {Presence: []reeve.Presence{reeve.Disconnected, reeve.Unseen}, Now: noon, UnseenAfter: time.Hour},
		} {
			q.Limit = 100
			listed, err := w.Devices(w.ctx, w.account.No, q)
			w.check(err)
			w.inPlacing(func(p reeve.Placing) {
				got := []int64{}
				for q.Limit = 2; ; {
					part, err := p.Find(q)
					w.check(err)
					for _, target := range part {
						d := devices[target.No-devices[0].No]
						if target.Key != d.Key || p.Class(target.Class) != d.Class {
							w.t.Errorf("%s: target %+v of class %+v, want %+v", name, target, p.Class(target.Class), d)
						}
						got = append(got, target.No)
					}
					if len(part) < q.Limit {
						break
					}
					q.After = got[len(got)-1]
				}
				if d := cmp.Diff(numbers(listed), got); d != "" {
					w.t.Errorf("%s: %s", name, d)
				}
			})
		}
	})

	s.run("where a later job changed the same, an earlier one cannot be taken back", func(w *world) {
		devices := w.fleet(0, 6)
		first := w.place(w.job("exempt"), placed(devices, reeve.Succeeded, 0), reeve.Effect{})
		w.place(w.job("exempt"), placed(devices[1:2], reeve.Succeeded, 0), reeve.Effect{})
		w.place(w.job("unexempt"), placed(devices[2:3], reeve.Succeeded, 0), reeve.Effect{})
		w.place(w.job("unexempt"), placed(devices[3:4], reeve.NotApplicable, reeve.WrongKind), reeve.Effect{})
		w.place(w.job("ignore"), placed(devices[4:5], reeve.Succeeded, 0), reeve.Effect{})
		early := w.job("unexempt") // approved long after it was proposed
		early.ID, early.Issued = first.ID-1, first.Issued.Add(time.Hour)
		early.DeliverBy, early.FinishBy = early.Issued, early.Issued
		w.place(early, placed(devices[5:6], reeve.Succeeded, 0), reeve.Effect{})
		w.inPlacing(func(p reeve.Placing) {
			var got []int32
			for q := (reeve.EndedQuery{Job: first.ID, States: []reeve.State{reeve.Succeeded}, Unless: []string{"exempt", "unexempt"}, Limit: 2}); ; {
				part, err := p.Ended(q)
				w.check(err)
				for _, m := range part {
					got = append(got, m.Entry)
				}
				if len(part) < q.Limit {
					break
				}
				q.From = got[len(got)-1] + 1
			}
			if d := cmp.Diff([]int32{0, 3, 4}, got); d != "" {
				w.t.Error(d)
			}
		})
	})

	s.run("of what a job deleted, what was restored and deleted again is another's", func(w *world) {
		devices := w.fleet(0, 3)
		first := w.archive(devices...)
		_, _, err := w.Restore(w.ctx, w.account.No, ids(devices[:2]), noon, w.entry("devices_restored"))
		w.check(err)
		w.archive(devices[1])
		w.inPlacing(func(p reeve.Placing) {
			got, err := p.Deleted(reeve.EndedQuery{Job: first.ID, Limit: 10})
			w.check(err)
			if d := cmp.Diff([]reeve.Gone{{Leaf: 2, ID: devices[2].ID}}, got); d != "" {
				w.t.Error(d)
			}
		})
		other := w.addAccount("other", 0)
		w.check(w.Place(w.ctx, other.No, func(p reeve.Placing) error {
			got, err := p.Deleted(reeve.EndedQuery{Job: first.ID, Limit: 10})
			if len(got) != 0 {
				w.t.Errorf("another account sees %v", got)
			}
			return err
		}))
	})
}
