package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testGroups(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a group is kept as it was made", func(w *world) {
		g := w.group("Lab")
		got, err := w.Group(w.ctx, w.account.No, g.ID)
		w.check(err)
		if d := cmp.Diff(g, got); d != "" || g.No == 0 || g.Default {
			w.t.Errorf("%+v %s", g, d)
		}
		other := w.addAccount("other", 0)
		_, err = w.Group(w.ctx, other.No, g.ID)
		w.wantKind(err, reeve.NotFound)
		w.wantKind(w.SetGroup(w.ctx, other.No, g, entryOf(other.No, "group_changed")), reeve.NotFound)
		w.wantKind(w.removeGroup(other.No, g.ID), reeve.NotFound)
	})

	s.run("whoever sees some groups has those, and devices of the account's own only", func(w *world) {
		lab, office := w.group("Lab"), w.group("Office")
		w.fleet(0, 1)
		own, err := w.Account(w.ctx, w.account.No)
		w.check(err)
		other := w.addAccount("other", 0)
		found, err := w.Groups(w.ctx, w.account.No, reeve.GroupQuery{Limit: 9, Page: 1, Within: []int64{office.No, lab.No, other.DefaultGroup}})
		w.check(err)
		if len(found) != 2 || found[0].No != lab.No || found[1].No != office.No {
			w.t.Errorf("within two groups there are %+v", found)
		}
		for what, q := range map[string]reeve.DeviceQuery{
			"named":  {GroupNos: []int64{own.DefaultGroup}},
			"within": {Within: []int64{own.DefaultGroup}},
		} {
			if n, err := w.CountFound(w.ctx, w.account.No, q); err != nil || n != 1 {
				w.t.Errorf("%s: %d, %v", what, n, err)
			}
			if n, err := w.CountFound(w.ctx, other.No, q); err != nil || n != 0 {
				w.t.Errorf("%s, in another account: %d, %v", what, n, err)
			}
		}
	})

	s.run("a name is taken once in an account", func(w *world) {
		w.group("Lab")
		g := w.group("Office")
		_, err := w.AddGroup(w.ctx, w.account.No, reeve.Group{ID: reeve.NewID(), Name: "Lab"}, w.entry("group_created"))
		w.wantKind(err, reeve.Conflict)
		g.Name = "Default"
		w.wantKind(w.SetGroup(w.ctx, w.account.No, g, w.entry("group_changed")), reeve.Conflict)
		other := w.addAccount("other", 0)
		_, err = w.AddGroup(w.ctx, other.No, reeve.Group{ID: reeve.NewID(), Name: "Lab"}, entryOf(other.No, "group_created"))
		w.check(err)
	})

	s.run("name and description change", func(w *world) {
		g := w.group("Lab")
		g.Name, g.Description, g.Modified = "Laboratory", "", noon.Add(time.Hour)
		w.check(w.SetGroup(w.ctx, w.account.No, g, w.entry("group_changed")))
		got, err := w.Group(w.ctx, w.account.No, g.ID)
		w.check(err)
		if d := cmp.Diff(g, got); d != "" {
			w.t.Error(d)
		}
	})

	s.run("another group becomes the default", func(w *world) {
		g := w.group("Lab")
		g.Default = true
		w.check(w.SetGroup(w.ctx, w.account.No, g, w.entry("group_changed")))
		a, err := w.Account(w.ctx, w.account.No)
		w.check(err)
		if got := w.read(w.save(w.account.No, device(0))).GroupName; got != "Lab" || a.DefaultGroup != g.No {
			w.t.Errorf("a new device is in %q", got)
		}
		w.wantKind(w.removeGroup(w.account.No, g.ID), reeve.Invalid)
	})

	s.run("the devices of a group that goes are in the default group", func(w *world) {
		g := w.group("Lab")
		d := device(0)
		d.GroupID = g.ID
		d = w.save(w.account.No, d)
		w.check(w.removeGroup(w.account.No, g.ID))
		if got := w.read(d).GroupName; got != "Default" {
			w.t.Errorf("group %q", got)
		}
		_, err := w.Group(w.ctx, w.account.No, g.ID)
		w.wantKind(err, reeve.NotFound)
		groups, err := w.Groups(w.ctx, w.account.No, reeve.GroupQuery{Limit: 9, Page: 1})
		w.check(err)
		w.wantKind(w.removeGroup(w.account.No, groups[0].ID), reeve.Invalid)
		if d := cmp.Diff([]string{"group_created", "group_removed"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("who says no to what would be moved keeps the group", func(w *world) {
		g := w.group("Lab")
		in := make([]reeve.Device, 3)
		for i := range in {
			d := device(i)
			d.GroupID = g.ID
			in[i] = w.save(w.account.No, d)
		}
		w.archive(in[2])
		w.save(w.account.No, device(9))
		logged := len(w.logged())
		no := reeve.Errorf(reeve.Unapproved, "no")
		err := w.RemoveGroup(w.ctx, w.account.No, g.ID, func(a reeve.Account, going reeve.Group) (reeve.AuditEntry, error) {
			if a.No != w.account.No || going.No != g.No || going.Name != "Lab" || going.Devices != 2 {
				w.t.Errorf("asked about %+v in %+v", going, a)
			}
			return reeve.AuditEntry{}, no
		})
		w.wantKind(err, reeve.Unapproved)
		if got := w.read(in[0]).GroupName; got != "Lab" || len(w.logged()) != logged {
			w.t.Errorf("the device is in %q, and the log has %d rows after %d", got, len(w.logged()), logged)
		}
	})

	s.run("devices are counted unless nobody wants to know", func(w *world) {
		w.save(w.account.No, device(0))
		for uncounted, want := range map[bool]int64{false: 1, true: 0} {
			groups, err := w.Groups(w.ctx, w.account.No, reeve.GroupQuery{Limit: 9, Page: 1, Uncounted: uncounted})
			w.check(err)
			if len(groups) != 1 || int64(groups[0].Devices) != want {
				w.t.Errorf("uncounted %v: %+v, want %d devices", uncounted, groups, want)
			}
		}
	})

	s.run("who has counted devices is believed", func(w *world) {
		lab, office := w.group("Lab"), w.group("Office")
		w.save(w.account.No, device(0))
		groups, err := w.Groups(w.ctx, w.account.No, reeve.GroupQuery{Limit: 2, Page: 1, Sort: "devices", Desc: true, Counted: map[int64]int64{lab.No: 5, office.No: 7}})
		w.check(err)
		if len(groups) != 2 || groups[0].No != office.No || groups[0].Devices != 7 || groups[1].No != lab.No || groups[1].Devices != 5 {
			w.t.Errorf("%+v", groups)
		}
	})

	s.run("lists are searched, sorted and cut into pages", func(w *world) {
		for i, name := range []string{"delta", "Älpha", "Beta", "älm"} {
			g := w.group(name)
			g.Modified = noon.Add(time.Duration(10-i) * time.Minute)
			w.check(w.SetGroup(w.ctx, w.account.No, g, w.entry("group_changed")))
			for n := range i {
				d := device(10*i + n)
				d.GroupID = g.ID
				w.save(w.account.No, d)
			}
		}
		w.archive(w.save(w.account.No, device(99)))
		for name, test := range map[string]struct {
			query reeve.GroupQuery
			want  []string
		}{
			"all by name":    {reeve.GroupQuery{}, []string{"Beta", "Default", "delta", "älm", "Älpha"}},
			"name backwards": {reeve.GroupQuery{Desc: true, Sort: "name"}, []string{"Älpha", "älm", "delta", "Default", "Beta"}},
			"search":         {reeve.GroupQuery{Search: "ÄL"}, []string{"älm", "Älpha"}},
			"by devices":     {reeve.GroupQuery{Sort: "devices"}, []string{"Default", "delta", "Älpha", "Beta", "älm"}},
			"by change":      {reeve.GroupQuery{Sort: "modified"}, []string{"Default", "älm", "Beta", "Älpha", "delta"}},
			"second page":    {reeve.GroupQuery{Limit: 2, Page: 2}, []string{"delta", "älm"}},
			"last page":      {reeve.GroupQuery{Limit: 2, Page: 3}, []string{"Älpha"}},
			"behind it":      {reeve.GroupQuery{Limit: 2, Page: 4}, nil},
		} {
			if test.query.Limit == 0 {
				test.query.Limit, test.query.Page = 100, 1
			}
			groups, err := w.Groups(w.ctx, w.account.No, test.query)
			w.check(err)
			var names []string
			counts := map[string]int64{"Beta": 2, "Älpha": 1, "älm": 3}
			for _, g := range groups {
				names = append(names, g.Name)
				if g.Devices != counts[g.Name] {
					w.t.Errorf("%s: %d devices in %s, want %d", name, g.Devices, g.Name, counts[g.Name])
				}
			}
			if d := cmp.Diff(test.want, names); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
		}
	})
}

func (w *world) removeGroup(account int64, id string) error {
	return w.RemoveGroup(w.ctx, account, id, func(reeve.Account, reeve.Group) (reeve.AuditEntry, error) {
		return entryOf(account, "group_removed"), nil
	})
}

// archive deletes a device as the action does.
func (w *world) archive(devices ...reeve.Device) reeve.Job {
	w.t.Helper()
	archived := reeve.Archived
	job := w.job("delete")
	job.Signature, job.SealKey, job.DeliverBy, job.FinishBy = nil, nil, job.Issued, job.Issued
	return w.place(job, placed(devices, reeve.Succeeded, reeve.NoReason),
		reeve.Effect{Standing: &archived, EraseAt: job.Issued.Add(30 * 24 * time.Hour)})
}
