package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testDevices(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("an import sees what is alike, and nobody imports meanwhile", func(w *world) {
		named := func(name string, macs ...reeve.MAC) reeve.Device {
			return reeve.Device{ID: reeve.NewID(), Hostname: name, MACs: macs, AddedAt: noon}
		}
		w.check(w.imports(w.account.No, []reeve.Device{named("printer"), named("printer", 1), named("Camera"), named("door", 2)}, w.entry("devices_imported")))
		other := w.addAccount("other", 0)
		w.check(w.imports(other.No, []reeve.Device{named("printer"), named("door", 2)}, entryOf(other.No, "devices_imported")))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				err := w.Import(w.ctx, w.account.No, func(tx reeve.Importing) error {
					found, err := tx.Alike([]reeve.MAC{2, 3}, []string{"printer", "camera", "fridge"})
					if err != nil || len(found) == 3 {
						return err
					}
					if len(found) != 2 || found[0].Hostname != "door" || found[1].Hostname != "printer" || len(found[1].MACs) != 0 {
						w.t.Errorf("alike are %+v", found)
					}
					return tx.Add([]reeve.Device{named("fridge")}, w.entry("devices_imported"))
				})
				if err != nil {
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if got := w.logged(); len(got) != 2 {
			w.t.Errorf("logged %v", got)
		}
	})

	s.run("devices are found by key, in order, and none of another account", func(w *world) {
		a, b := w.save(w.account.No, device(0)), w.save(w.account.No, device(1))
		other := w.addAccount("other", 0)
		found, err := w.DevicesByNo(w.ctx, w.account.No, []int64{b.No, a.No, b.No + 99})
		w.check(err)
		if len(found) != 2 || found[0].ID != a.ID || found[1].ID != b.ID {
			w.t.Errorf("%+v", found)
		}
		if found, err = w.DevicesByNo(w.ctx, other.No, []int64{a.No}); err != nil || len(found) != 0 {
			w.t.Errorf("of another account: %+v, %v", found, err)
		}
	})

	s.run("imported devices are unknown and in the default group", func(w *world) {
		devices := []reeve.Device{
			{ID: reeve.NewID(), Hostname: "b", MACs: []reeve.MAC{2, 1}, AddedAt: noon, Class: reeve.Class{System: reeve.Linux}},
			{ID: reeve.NewID(), Hostname: "a", AddedAt: noon},
		}
		w.check(w.imports(w.account.No, devices, w.entry("devices_imported")))
		if devices[0].No == 0 || devices[0].No >= devices[1].No {
			w.t.Errorf("keys %d and %d", devices[0].No, devices[1].No)
		}
		got := w.read(devices[0])
		want := devices[0]
		want.Class, want.MACs = reeve.Class{Standing: reeve.Unknown, System: reeve.Linux}, []reeve.MAC{1, 2}
		want.GroupID, want.GroupName, want.Origin = got.GroupID, "Default", reeve.ByImport
		if d := cmp.Diff(want, got); d != "" {
			w.t.Error(d)
		}
	})

	s.run("an import is stored whole or not at all", func(w *world) {
		id := reeve.NewID()
		for _, devices := range [][]reeve.Device{
			{{ID: id}, {ID: reeve.NewID()}, {ID: id}},
			{{ID: reeve.NewID()}, {ID: w.fleet(0, 1)[0].ID}},
		} {
			w.wantKind(w.imports(w.account.No, devices, w.entry("devices_imported")), reeve.Conflict)
		}
		counts, err := w.CountDevices(w.ctx, w.account.No)
		w.check(err)
		if d := cmp.Diff(map[reeve.Standing]int64{reeve.Managed: 1}, counts); d != "" {
			w.t.Error(d)
		}
		if events := w.logged(); len(events) != 0 {
			w.t.Errorf("log: %v", events)
		}
	})

	s.run("more devices than fit one statement", func(w *world) {
		devices := make([]reeve.Device, 12_345)
		for i := range devices {
			devices[i] = reeve.Device{ID: reeve.NewID(), Hostname: "x", MACs: []reeve.MAC{reeve.MAC(i + 1)}, AddedAt: noon}
		}
		w.check(w.imports(w.account.No, devices, w.entry("devices_imported")))
		w.check(w.Place(w.ctx, w.account.No, func(p reeve.Placing) error {
			found, err := p.FindIDs(ids(devices))
			if err == nil && !slices.IsSortedFunc(found, func(a, b reeve.Match) int { return int(a.Target.No - b.Target.No) }) {
				w.t.Error("not in order")
			}
			for _, m := range found {
				if devices[m.Entry].No != m.Target.No {
					w.t.Fatalf("entry %d is device %d, not %d", m.Entry, devices[m.Entry].No, m.Target.No)
				}
			}
			if len(found) != len(devices) {
				w.t.Errorf("found %d of %d", len(found), len(devices))
			}
			return err
		}))
	})

	s.run("a device is found by id and MAC, in its account, until it is archived", func(w *world) {
		other := w.addAccount("other", 0)
		devices := w.fleet(0, 3)
		foreign := device(50)
		foreign.MACs = devices[1].MACs
		foreign = w.save(other.No, foreign)
		w.archive(devices[2])

		_, err := w.Device(w.ctx, w.account.No, foreign.ID)
		w.wantKind(err, reeve.NotFound)
		_, err = w.Device(w.ctx, w.account.No, devices[2].ID)
		w.wantKind(err, reeve.NotFound)
		asked := append(ids(devices), foreign.ID, "", "x", devices[0].ID)
		found, err := w.DevicesByID(w.ctx, w.account.No, asked)
		w.check(err)
		w.same(found, devices[:2])
		found, err = w.DevicesEver(w.ctx, w.account.No, asked)
		w.check(err)
		var ever []string
		for _, d := range found {
			ever = append(ever, d.ID)
		}
		if !slices.Contains(ever, devices[2].ID) || len(ever) != 3 {
			w.t.Errorf("with the archived one: %v", ever)
		}
		found, err = w.DevicesByMAC(w.ctx, w.account.No, []reeve.MAC{devices[1].MACs[0], devices[2].MACs[0], 0})
		w.check(err)
		w.same(found, devices[1:2])
		found, err = w.DevicesByID(w.ctx, w.account.No, nil)
		w.check(err)
		w.same(found, nil)
	})

	s.run("lists are pages by key, filtered", func(w *world) {
		g := w.group("Lab")
		var devices []reeve.Device
		for i := range 10 {
			d := device(i)
			if i%2 == 1 {
				d.GroupID = g.ID
			}
			if i == 4 || i == 5 {
				d.Class.Standing = reeve.Ignored
			}
			devices = append(devices, w.save(w.account.No, d))
		}
		w.archive(devices[9])
		w.save(w.addAccount("other", 0).No, device(50))
		for name, test := range map[string]struct {
			query reeve.DeviceQuery
			want  []int
		}{
			"everything":         {reeve.DeviceQuery{}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}},
			"a page":             {reeve.DeviceQuery{Limit: 3}, []int{0, 1, 2}},
			"the next":           {reeve.DeviceQuery{Limit: 3, After: devices[2].No}, []int{3, 4, 5}},
			"of a group":         {reeve.DeviceQuery{GroupIDs: []string{g.ID}}, []int{1, 3, 5, 7}},
			"of no group":        {reeve.DeviceQuery{GroupIDs: []string{reeve.NewID()}}, nil},
			"ignored":            {reeve.DeviceQuery{Standings: []reeve.Standing{reeve.Ignored}}, []int{4, 5}},
			"ignored in a group": {reeve.DeviceQuery{Standings: []reeve.Standing{reeve.Unknown, reeve.Ignored}, GroupIDs: []string{g.ID}}, []int{5}},
			"archived":           {reeve.DeviceQuery{Standings: []reeve.Standing{reeve.Archived}}, []int{9}},
			"by name":            {reeve.DeviceQuery{Search: "OST-3"}, []int{3}},
			"by nothing of it":   {reeve.DeviceQuery{Search: "ost_3"}, nil},
			"by name, page":      {reeve.DeviceQuery{Search: "host", Limit: 2, After: devices[6].No}, []int{7, 8}},
		} {
			if test.query.Limit == 0 {
				test.query.Limit = 100
			}
			found, err := w.Devices(w.ctx, w.account.No, test.query)
			w.check(err)
			var got []int
			for _, d := range found {
				got = append(got, slices.IndexFunc(devices, func(v reeve.Device) bool { return v.No == d.No }))
			}
			if d := cmp.Diff(test.want, got); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
		}
	})

	s.run("names are searched in any case and taken literally", func(w *world) {
		for i, name := range []string{"Straße-ÄÖ", "100%_sure!", "plain"} {
			d := device(i)
			d.Hostname = name
			w.save(w.account.No, d)
		}
		for search, want := range map[string]int{"ße-äö": 1, "ÄÖ": 1, "%": 1, "0%_S": 1, "_": 1, "sure!": 1, "a": 2, "'": 0, `\`: 0} {
			found, err := w.Devices(w.ctx, w.account.No, reeve.DeviceQuery{Search: search, Limit: 9})
			w.check(err)
			if len(found) != want {
				w.t.Errorf("%q finds %d, want %d", search, len(found), want)
			}
		}
	})

	s.run("devices are counted by standing", func(w *world) {
		devices := w.fleet(0, 5)
		w.check(w.imports(w.account.No, []reeve.Device{{ID: reeve.NewID(), AddedAt: noon}}, w.entry("devices_imported")))
		job := w.archive(devices[3:]...)
		want := map[reeve.Standing]int64{reeve.Managed: 3, reeve.Unknown: 1, reeve.Archived: 2}
		counts, err := w.CountDevices(w.ctx, w.account.No)
		w.check(err)
		if d := cmp.Diff(want, counts); d != "" {
			w.t.Error(d)
		}
		_, err = w.Expire(w.ctx, job.Issued.Add(31*24*time.Hour)) // erases them
		w.check(err)
		delete(want, reeve.Archived)
		counts, err = w.CountDevices(w.ctx, w.account.No)
		w.check(err)
		if d := cmp.Diff(want, counts); d != "" {
			w.t.Error(d)
		}
	})
}

// same checks which devices were found, in any order.
func (w *world) same(got, want []reeve.Device) {
	w.t.Helper()
	a, b := numbers(got), numbers(want)
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		w.t.Errorf("found devices %v, want %v", a, b)
	}
}
