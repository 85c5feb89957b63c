package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testPresence(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a hello changes what the agent speaks for, and nothing else", func(w *world) {
		devices := w.fleet(0, 3)
		want := w.read(devices[1])
		want.Class.Version, want.Class.Abilities = reeve.Version{27, 1, 2, 3}, reeve.AbilitiesOf([]string{"retire", "dhcprenew"})
		want.Hostname, want.MACs, want.PublicIP = "renamed", []reeve.MAC{5, 6}, "192.0.2.9"
		want.Facts = reeve.Facts{OSName: "Debian", Networks: []reeve.Network{{Name: "eth0", MAC: "x"}}}
		want.Online, want.LastSeen = true, noon.Add(time.Hour)
		meeting := reeve.Meeting{Device: want.No, Version: want.Class.Version, Abilities: want.Class.Abilities,
			Hostname: "renamed", MACs: []reeve.MAC{6, 5}, Facts: want.Facts, Address: "192.0.2.9"}
		old := meeting
		old.Hostname = "outdated"
		nobody := meeting
		nobody.Device = devices[2].No + 100
		w.check(w.Meet(w.ctx, noon.Add(time.Hour), []reeve.Meeting{old, nobody, meeting}))
		for range 2 { // a repeat changes nothing
			if d := cmp.Diff(want, w.read(devices[1])); d != "" {
				w.t.Error(d)
			}
			w.check(w.Meet(w.ctx, noon.Add(time.Hour), []reeve.Meeting{meeting}))
		}
		if got := w.read(devices[0]); got.Online || got.Hostname != "host-0" {
			w.t.Errorf("another device: %+v", got)
		}
		found, err := w.Devices(w.ctx, w.account.No, reeve.DeviceQuery{Search: "RENAMED", Limit: 9})
		w.check(err)
		w.same(found, devices[1:2])
		w.check(w.Meet(w.ctx, noon, nil))
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Events: []string{"device_changed"}, Limit: 9})
		w.check(err)
		told := reeve.AuditEntry{Account: w.account.No, Event: "device_changed", Source: reeve.FromAgent, Actor: "device:" + want.ID, Device: want.ID,
			Address: "192.0.2.9", Outcome: "ok", At: noon.Add(time.Hour), Detail: `{"hostname":"renamed","hostname_was":"host-1",` +
				`"macs_added":["00:00:00:00:00:05","00:00:00:00:00:06"],"macs_removed":["` + devices[1].MACs[0].String() + `"],` +
				`"version":"27.1.2.3","version_was":"` + devices[1].Class.Version.String() + `"}`}
		if len(rows) != 1 {
			w.t.Fatalf("%d rows: %+v", len(rows), rows)
		}
		told.Seq, told.Prev, told.Hash = rows[0].Seq, rows[0].Prev, rows[0].Hash
		if d := cmp.Diff(told, rows[0]); d != "" {
			w.t.Error(d)
		}
	})

	s.run("a hello does not bring a deleted device back", func(w *world) {
		devices := w.fleet(0, 1)
		w.archive(devices...)
		w.check(w.Meet(w.ctx, noon, []reeve.Meeting{{Device: devices[0].No, Version: reeve.Version{99}}}))
		got, _, err := w.DeviceByKey(w.ctx, devices[0].Key)
		w.check(err)
		if got.Class.Standing != reeve.Archived || got.Class.Version != (reeve.Version{99}) {
			w.t.Errorf("%+v", got.Class)
		}
	})

	s.run("devices come and go", func(w *world) {
		devices := w.fleet(0, 3)
		w.check(w.Meet(w.ctx, noon, []reeve.Meeting{{Device: devices[0].No, Hostname: "x", Address: "192.0.2.9"}}))
		w.check(w.Seen(w.ctx, noon.Add(time.Minute), []int64{devices[1].No, devices[0].No, devices[1].No, 12345}, true))
		w.check(w.Seen(w.ctx, noon.Add(time.Hour), []int64{devices[0].No}, false))
		a, b, c := w.read(devices[0]), w.read(devices[1]), w.read(devices[2])
		if a.Online || !a.LastSeen.Equal(noon.Add(time.Hour)) || a.PublicIP != "192.0.2.9" {
			w.t.Errorf("left: %+v", a)
		}
		if !b.Online || !b.LastSeen.Equal(noon.Add(time.Minute)) {
			w.t.Errorf("came: %+v", b)
		}
		if c.Online || !c.LastSeen.IsZero() {
			w.t.Errorf("never came: %+v", c)
		}
		w.check(w.NobodyOnline(w.ctx))
		if b := w.read(devices[1]); b.Online || !b.LastSeen.Equal(noon.Add(time.Minute)) {
			w.t.Errorf("after a restart: %+v", b)
		}
		w.check(w.Seen(w.ctx, noon, nil, true))
	})

	s.run("hellos, comings and goings of the same devices do not disturb each other", func(w *world) {
		devices := w.fleet(0, 20)
		for _, err := range concurrently(8, func(i int) error {
			if i%2 == 0 {
				return w.Seen(w.ctx, noon, numbers(devices), i%4 == 0)
			}
			var batch []reeve.Meeting
			for n := range devices {
				d := devices[(n*7+i)%len(devices)]
				batch = append(batch, reeve.Meeting{Device: d.No, Version: reeve.Version{uint32(i)}, Hostname: d.Hostname, MACs: d.MACs})
			}
			return w.Meet(w.ctx, noon, batch)
		}) {
			w.check(err)
		}
	})
}
