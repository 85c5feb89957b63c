package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testOverviews(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	// What an overview counts is what the list behind it has, for everybody and for
	// whoever sees some groups only.
	s.run("overviews agree with the lists behind them", func(w *world) {
		r := new(dice)
		w.mixture(r, 150)
		groups, err := w.Groups(w.ctx, w.account.No, reeve.GroupQuery{Limit: 9, Page: 1})
		w.check(err)
		now := noon.Add(39*24*time.Hour - time.Hour)
		for _, within := range [][]int64{nil, {groups[0].No}, {groups[1].No, groups[2].No}, {}, {groups[0].No, 4711}} {
			o, err := w.Overview(w.ctx, w.account.No, reeve.OverviewQuery{Now: now, Within: within, Top: 2})
			w.check(err)
			count := func(what string, got int64, narrow func(*reeve.DeviceQuery)) {
				w.t.Helper()
				q := reeve.DeviceQuery{Within: within, Now: now}
				narrow(&q)
				want, err := w.CountFound(w.ctx, w.account.No, q)
				w.check(err)
				if got != want {
					w.t.Errorf("within %v: %d %s, want %d", within, got, what, want)
				}
			}
			count("devices", o.Devices, func(q *reeve.DeviceQuery) {})
			for no, n := range o.InGroups {
				count(fmt.Sprint("in group ", no), n, func(q *reeve.DeviceQuery) { q.GroupNos = []int64{no} })
			}
			for _, g := range groups {
				if _, is := o.InGroups[g.No]; is != (within == nil || slices.Contains(within, g.No)) {
					w.t.Errorf("within %v: group %d is in %v", within, g.No, o.InGroups)
				}
			}
			for standing := reeve.Managed; standing <= reeve.Archived; standing++ {
				count(standing.String(), o.Standings[standing], func(q *reeve.DeviceQuery) { q.Standings = []reeve.Standing{standing} })
			}
			for system := reeve.OtherSystem; system <= reeve.Android; system++ {
				count(system.String(), o.Systems[system], func(q *reeve.DeviceQuery) { q.Systems = []reeve.System{system} })
			}
			for when := range reeve.NumSeen {
				count("seen", o.Seen[when], func(q *reeve.DeviceQuery) { when.Select(q, now) })
			}
			versions, inGroups := o.OtherVersions, o.OtherGroups
			for _, v := range o.Versions {
				versions += v.Devices
				count("of a version", v.Devices, func(q *reeve.DeviceQuery) { q.Versions = []reeve.Version{v.Version} })
			}
			for _, g := range o.Groups {
				inGroups += g.Devices
				count("in a group", g.Devices, func(q *reeve.DeviceQuery) { q.GroupIDs = []string{g.ID} })
			}
			count("in groups", inGroups, func(q *reeve.DeviceQuery) {})
			count("with an agent", versions, func(q *reeve.DeviceQuery) {
				q.Kinds = []reeve.AgentKind{reeve.Persistent, reeve.OnDemand, reeve.Mobile, reeve.DomainController}
			})
			yes := true
			managed := []reeve.Standing{reeve.Managed}
			count("exempt", o.Exempt, func(q *reeve.DeviceQuery) { q.Exempt, q.Standings = &yes, managed })
			count("that end in a day", o.EndInDay, func(q *reeve.DeviceQuery) { q.ExemptBefore = now.Add(24 * time.Hour) })
			count("that end in a week", o.EndInWeek, func(q *reeve.DeviceQuery) { q.ExemptBefore = now.Add(7 * 24 * time.Hour) })
			if len(o.Ending) != min(int(o.EndInWeek), 2) || !slices.IsSortedFunc(o.Ending, func(a, b reeve.Device) int { return a.ExemptUntil.Compare(b.ExemptUntil) }) {
				w.t.Errorf("within %v: the first of %d to end are %+v", within, o.EndInWeek, o.Ending)
			}
			count("infested", o.Infested, func(q *reeve.DeviceQuery) { q.Infested = true })
			if o.Threats != 2*o.Infested || o.InfestedInDay != 0 || o.InfestedInWeek != 0 {
				w.t.Errorf("within %v: %d threats, %d and %d lately", within, o.Threats, o.InfestedInDay, o.InfestedInWeek)
			}
		}
	})

	s.run("open jobs, one's own for whoever sees no others", func(w *world) {
		d := w.fleet(0, 3)
		mine := w.job("fetch_agent_log")
		mine.Caller.Actor = "operator:ann"
		mine = w.place(mine, placed(d, reeve.Queued, 0), reeve.Effect{})
		other, ended := w.order("fetch_agent_log", d[1:]), w.order("fetch_agent_log", d[:1])
		w.report(ended, d[0], 0, reeve.Succeeded)
		for _, c := range []struct {
			q    reeve.OverviewQuery
			open int64
			want []reeve.Job
		}{
			{reeve.OverviewQuery{Top: 9}, 2, []reeve.Job{other, mine}},
			{reeve.OverviewQuery{Top: 1}, 2, []reeve.Job{other}},
			{reeve.OverviewQuery{Top: 9, Actor: "operator:ann"}, 1, []reeve.Job{mine}},
		} {
			c.q.Now = noon
			o, err := w.Overview(w.ctx, w.account.No, c.q)
			w.check(err)
			if diff := cmp.Diff(c.want, o.OpenJobs); diff != "" || o.Open != c.open {
				w.t.Errorf("%+v: %d\n%s", c.q, o.Open, diff)
			}
		}
	})

	s.run("seats, and threats found lately", func(w *world) {
		small := w.addAccount("small", 1)
		w.save(small.No, device(7))
		if o, err := w.Overview(w.ctx, small.No, reeve.OverviewQuery{Now: noon, Top: 1}); err != nil || o.Seats != 1 || o.SeatsUsed != 1 {
			w.t.Errorf("%d of %d seats, %v", o.SeatsUsed, o.Seats, err)
		}
		d := w.fleet(0, 3)
		for i, age := range []time.Duration{time.Hour, 30 * time.Hour, 300 * time.Hour} {
			w.found(w.order("scan_threats", d[i:i+1]), 0, d[i], noon.Add(-age), reeve.Threat{Path: "/a"}, reeve.Threat{Path: "/b"})
		}
		o, err := w.Overview(w.ctx, w.account.No, reeve.OverviewQuery{Now: noon, Top: 1})
		w.check(err)
		if o.Infested != 3 || o.Threats != 6 || o.InfestedInDay != 1 || o.InfestedInWeek != 2 || o.Seats != 0 || o.SeatsUsed != 3 {
			w.t.Errorf("%+v", o)
		}
	})
}
