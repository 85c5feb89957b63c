package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testDescribe(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	describe := func(w *world, d reeve.Device, said reeve.Description) error {
		return w.Describe(w.ctx, w.account.No, d.ID, said, w.entry("device_described"))
	}

	s.run("what is said of a device stays apart from what its agent says", func(w *world) {
		d := w.fleet(0, 1)[0]
		nickname, custom, user, team, none := "front desk", "asset-7", "Ann", "Sales", ""
		w.check(describe(w, d, reeve.Description{Nickname: &nickname, CustomID: &custom}))
		w.check(describe(w, d, reeve.Description{LinkedUser: &user, LinkedTeam: &team, Nickname: &none}))
		got := w.read(d)
		want := [4]string{"", custom, user, team}
		if d := cmp.Diff(want, [4]string{got.Nickname, got.CustomID, got.LinkedUser, got.LinkedTeam}); d != "" {
			w.t.Error(d)
		}
		if d := cmp.Diff([]string{"device_described", "device_described"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("a custom id names one device of an account", func(w *world) {
		devices := w.fleet(0, 3)
		other := w.addAccount("other", 0)
		foreign := w.save(other.No, device(50))
		custom, none := "asset-7", ""
		w.check(describe(w, devices[0], reeve.Description{CustomID: &custom}))
		w.check(describe(w, devices[0], reeve.Description{CustomID: &custom}))
		w.check(w.Describe(w.ctx, other.No, foreign.ID, reeve.Description{CustomID: &custom}, entryOf(other.No, "e")))
		w.wantKind(describe(w, devices[1], reeve.Description{CustomID: &custom}), reeve.Conflict)
		w.wantKind(describe(w, foreign, reeve.Description{CustomID: &none}), reeve.NotFound)
		w.check(describe(w, devices[2], reeve.Description{CustomID: &none}))

		find := func() []reeve.Device {
			found, err := w.DevicesByCustomID(w.ctx, w.account.No, []string{custom, "x", none})
			w.check(err)
			return found
		}
		w.same(find(), devices[:1])
		w.archive(devices[0])
		w.same(find(), nil)
		w.check(describe(w, devices[1], reeve.Description{CustomID: &custom}))
		w.same(find(), devices[1:2])
	})
}
