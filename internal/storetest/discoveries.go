package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testDiscoveries(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	found := func(name, object string, macs ...reeve.MAC) reeve.Device {
		d := reeve.Device{ID: reeve.NewID(), Hostname: name, MACs: macs, AddedAt: noon, LastSeen: noon.Add(time.Minute),
			Class:     reeve.Class{Standing: reeve.Unknown, System: reeve.Windows},
			Facts:     reeve.Facts{OSName: "Windows 11"},
			Discovery: reeve.Discovery{Origin: reeve.ByNeighbour, FirstSeen: noon, SeenBy: []string{"one"}}}
		if object != "" {
			d.Origin, d.Object = reeve.ByDirectory, object
		}
		for _, mac := range macs {
			d.Facts.Networks = append(d.Facts.Networks, reeve.Network{MAC: mac.String(), IPv4: []string{"192.0.2.7"}})
		}
		return d
	}
	add := func(w *world, account int64, finder int64, devices ...reeve.Device) {
		w.t.Helper()
		w.check(w.Discover(w.ctx, account, func(tx reeve.Discovering) error {
			return tx.Add(devices, slices.Repeat([]int64{finder}, len(devices)))
		}))
	}
	read := func(w *world, d reeve.Device) reeve.Device {
		w.t.Helper()
		got, err := w.Device(w.ctx, w.account.No, d.ID)
		w.check(err)
		return got
	}

	s.run("what was found is kept whole, and found by what it has", func(w *world) {
		one, two := found("", "", 5), found("PC1.example.org", "0b", 0)
		two.MACs = nil
		two.Facts.Networks = nil
		add(w, w.account.No, 9, one, two)
		other := w.addAccount("other", 0)
		add(w, other.No, 9, found("pc1.example.org", "0b", 5))
		for _, want := range []reeve.Device{one, two} {
			got := read(w, want)
			if got.No == 0 || got.GroupID == "" {
				w.t.Errorf("%+v has no number or no group", got)
			}
			want.No, want.GroupID, want.GroupName = got.No, got.GroupID, got.GroupName
			if d := cmp.Diff(want, got); d != "" {
				w.t.Error(d)
			}
		}
		found, err := w.Devices(w.ctx, w.account.No, reeve.DeviceQuery{Search: "192.0.2.7", In: []reeve.DeviceName{reeve.InAddress}, Limit: 9})
		w.check(err)
		if len(found) != 1 || found[0].ID != one.ID {
			w.t.Errorf("by address: %+v", found)
		}
		w.check(w.Discover(w.ctx, w.account.No, func(tx reeve.Discovering) error {
			for _, ask := range []struct {
				macs           []reeve.MAC
				objects, names []string
				want           []string
			}{
				{nil, nil, nil, nil},
				{[]reeve.MAC{5, 6}, nil, nil, []string{one.ID}},
				{nil, []string{"0b", "0c"}, nil, []string{two.ID}},
				{nil, nil, []string{"pc1.EXAMPLE.org", "x"}, []string{two.ID}},
				{nil, nil, []string{"pc1"}, nil},
				{[]reeve.MAC{5}, []string{"0b"}, []string{"pc1.example.org"}, []string{one.ID, two.ID}},
			} {
				found, err := tx.Alike(ask.macs, ask.objects, ask.names)
				if err != nil {
					return err
				}
				var ids []string
				for _, d := range found {
					ids = append(ids, d.ID)
				}
				if !slices.Equal(ids, ask.want) {
					w.t.Errorf("alike %v are %v", ask, ids)
				}
			}
			return nil
		}))
	})

	s.run("found again it is changed, and counted until it has an agent", func(w *world) {
		one, two := found("", "", 5), found("two", "", 6)
		add(w, w.account.No, 9, one, two)
		w.check(w.imports(w.account.No, []reeve.Device{{ID: reeve.NewID(), Hostname: "printer", AddedAt: noon}}, w.entry("devices_imported")))
		one = read(w, one)
		one.Hostname, one.MACs, one.Facts.OSVersion, one.Class.System = "named", []reeve.MAC{5, 7}, "10", reeve.MacOS
		one.Object, one.SeenBy = "0d", []string{"two", "one"}
		w.check(w.Discover(w.ctx, w.account.No, func(tx reeve.Discovering) error {
			if err := tx.Update([]reeve.Device{one}); err != nil {
				return err
			}
			early, late := two, one
			early.No, early.LastSeen = read(w, two).No, noon
			late.LastSeen = noon.Add(time.Hour)
			if err := tx.Saw([]reeve.Device{early, late}); err != nil {
				return err
			}
			return tx.Log(w.entry("devices_discovered"))
		}))
		one.LastSeen = noon.Add(time.Hour)
		if d := cmp.Diff(one, read(w, one)); d != "" {
			w.t.Error(d)
		}
		if at := read(w, two).LastSeen; !at.Equal(noon.Add(time.Minute)) {
			w.t.Errorf("seen earlier than it was: %s", at)
		}
		counts := func(finder, all, own int64) {
			w.t.Helper()
			w.check(w.Discover(w.ctx, w.account.No, func(tx reeve.Discovering) error {
				found, err := tx.CountFound()
				var sum int64
				for _, n := range found {
					sum += n
				}
				if sum != all || found[finder] != own {
					w.t.Errorf("found %v, by %d %d; want %d and %d", found, finder, found[finder], all, own)
				}
				return err
			}))
		}
		counts(9, 2, 2)
		counts(8, 2, 0)
		taken := read(w, two)
		taken.Key, taken.Class.Standing, taken.Class.Kind, taken.EnrolledAt = reeve.Key{1}, reeve.Managed, reeve.Persistent, noon
		w.save(w.account.No, taken)
		if got := read(w, taken); got.Origin != reeve.ByAgent || len(got.SeenBy) != 1 {
			w.t.Errorf("with an agent: %+v", got.Discovery)
		}
		counts(9, 1, 1)
	})

	s.run("finders are devices of any account that are not archived", func(w *world) {
		devices := w.fleet(0, 3)
		other := w.addAccount("other", 0)
		foreign := w.save(other.No, device(7))
		w.archive(devices[2])
		got, err := w.Finders(w.ctx, []int64{foreign.No, devices[2].No, devices[0].No, 12345})
		w.check(err)
		want := []reeve.Finder{{Device: devices[0].No, Account: w.account.No, ID: devices[0].ID, Class: devices[0].Class},
			{Device: foreign.No, Account: other.No, ID: foreign.ID, Class: foreign.Class}}
		if d := cmp.Diff(want, got); d != "" {
			w.t.Error(d)
		}
	})

	s.run("an enrolment finds what a directory lists by its name", func(w *world) {
		listed, short, seen, old := found("pc1.example.org", "0a"), found("PC2", "0b"), found("pc1", "", 5), found("pc1", "0c")
		other := w.addAccount("other", 0)
		old.Class.Standing = reeve.Unknown
		add(w, w.account.No, 9, listed, short, seen)
		add(w, other.No, 9, old)
		for name, want := range map[string][]string{
			"pc1": {listed.ID}, "PC1.Example.ORG": {listed.ID}, "pc1.example.com": nil, "pc2.example.org": {short.ID}, "pc": nil, "": nil, "pc1.": {listed.ID},
		} {
			w.check(w.Enrol(w.ctx, func(e reeve.Enrolling) error {
				found, err := e.Listed(w.account.No, name)
				var ids []string
				for _, d := range found {
					ids = append(ids, d.ID)
				}
				if !slices.Equal(ids, want) {
					w.t.Errorf("%q lists %v, want %v", name, ids, want)
				}
				return err
			}))
		}
	})

	s.run("an address that another device has is noted when it comes", func(w *world) {
		devices := w.fleet(0, 3)
		meet := func(at time.Time, d reeve.Device, macs ...reeve.MAC) {
			w.t.Helper()
			w.check(w.Meet(w.ctx, at, []reeve.Meeting{{Device: d.No, Version: d.Class.Version, Hostname: d.Hostname, MACs: macs}}))
		}
		noted := func() (ids []string) {
			rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Events: []string{"devices_duplicate_mac"}, Limit: 99})
			w.check(err)
			for _, row := range rows {
				ids = append(ids, row.About().Devices...)
			}
			return ids
		}
		add(w, w.account.No, 9, found("", "", 77))
		meet(noon, devices[0], 77) // an unknown record is nobody's claim
		meet(noon, devices[1], 78)
		if got := noted(); len(got) != 0 {
			w.t.Errorf("noted %v", got)
		}
		meet(noon, devices[1], 77, 78)
		meet(noon, devices[1], 77, 78)
		meet(noon, devices[1], 78)
		meet(noon, devices[1], 77) // too soon to say it again
		if got := noted(); !slices.Equal(got, []string{devices[1].ID}) {
			w.t.Errorf("noted %v, want %s", got, devices[1].ID)
		}
		meet(noon, devices[2], 77)
		meet(noon.Add(2*time.Hour), devices[1], 1)
		meet(noon.Add(2*time.Hour), devices[1], 77)
		if got := noted(); !slices.Equal(got, []string{devices[1].ID, devices[2].ID, devices[1].ID}) {
			w.t.Errorf("noted %v", got)
		}
		w.chained(w.account.No)
	})
}
