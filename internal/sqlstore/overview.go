package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"reeve"
)

// Overview sums up what the indexes have; nothing is kept for it, so it costs
// nobody anything who changes records.
func (s *Store) Overview(ctx context.Context, account int64, q reeve.OverviewQuery) (reeve.Overview, error) {
	v := view{store: s, ctx: ctx, account: account, q: q}
	v.At, v.Standings, v.Systems = q.Now, map[reeve.Standing]int64{}, map[reeve.System]int64{}
	for _, sum := range []func() error{v.findGroups, v.sumDevices, v.sumSeen, v.sumExempt, v.sumJobs, v.sumThreats, v.sumSeats} {
		if err := sum(); err != nil {
			return reeve.Overview{}, err
		}
	}
	return v.Overview, nil
}

// A view is an overview as it is made.
type view struct {
	reeve.Overview
	store    *Store
	ctx      context.Context
	account  int64
	q        reeve.OverviewQuery
	groups   map[int64]reeve.GroupCount // that there are
	archived []int64                    // numbers of the classes of archived devices
}

// devices returns a binder, and a condition on devices d: that they are the account's and
// in the groups asked for.
func (v *view) devices() (*binder, string) {
	b := &binder{db: v.store.db}
	if v.q.Within != nil {
		return b, "d.group_no " + b.among(numbers("no", slices.Collect(maps.Keys(v.groups))))
	}
	return b, "d.account = " + b.put(v.account)
}

func (v *view) findGroups() error {
	type group struct {
		no int64
		reeve.GroupCount
	}
	found, err := all(v.ctx, v.store.db, func(r rows) (g group, err error) { return g, r.Scan(&g.no, &g.ID, &g.Name) },
		"SELECT no, id, name FROM device_groups WHERE account = $1", v.account)
	v.groups = make(map[int64]reeve.GroupCount, len(found))
	for _, g := range found {
		if v.q.Within == nil || slices.Contains(v.q.Within, g.no) {
			v.groups[g.no] = g.GroupCount
		}
	}
	return err
}

// sumDevices counts each class of each group, along the index over them, and adds
// up the rest from there.
func (v *view) sumDevices() error {
	type count struct{ group, class, n int64 }
	b := &binder{db: v.store.db}
	these := b.among(numbers("no", slices.Sorted(maps.Keys(v.groups))))
	counts, err := all(v.ctx, v.store.db, func(r rows) (c count, err error) { return c, r.Scan(&c.group, &c.class, &c.n) },
		"SELECT d.group_no, d.class, COUNT(*) FROM devices AS d WHERE d.group_no "+these+" GROUP BY d.group_no, d.class", b.args...)
	if err != nil {
		return err
	}
	err = v.store.classes.know(v.ctx, v.store.db, func(yield func(int64) bool) {
		for _, c := range counts {
			if !yield(c.class) {
				return
			}
		}
	})
	versions := map[reeve.Version]int64{}
	for _, c := range counts {
		class, _ := v.store.classes.class(c.class)
		if class.Standing > reeve.Archived { // erased
			continue
		}
		v.Standings[class.Standing] += c.n
		if class.Standing == reeve.Archived {
			if !slices.Contains(v.archived, c.class) {
				v.archived = append(v.archived, c.class)
			}
			continue
		}
		v.Devices += c.n
		v.Systems[class.System] += c.n
		if class.Kind != reeve.NoAgent {
			versions[class.Version] += c.n
		}
		g := v.groups[c.group]
		g.Devices += c.n
		v.groups[c.group] = g
	}
	for version, n := range versions {
		v.Versions = append(v.Versions, reeve.VersionCount{Version: version, Devices: n})
	}
	slices.SortFunc(v.Versions, func(a, b reeve.VersionCount) int {
		return cmp.Or(cmp.Compare(b.Devices, a.Devices), b.Version.Compare(a.Version))
	})
	for _, rest := range v.Versions[min(len(v.Versions), v.q.Top):] {
		v.OtherVersions += rest.Devices
	}
	v.Versions = slices.Clip(v.Versions[:min(len(v.Versions), v.q.Top)])
	v.InGroups = make(map[int64]int64, len(v.groups))
	for no, g := range v.groups {
		v.InGroups[no] = g.Devices
	}
	v.Groups = slices.SortedFunc(maps.Values(v.groups), func(a, b reeve.GroupCount) int {
		return cmp.Or(cmp.Compare(b.Devices, a.Devices), cmp.Compare(a.Name, b.Name))
	})
	for _, rest := range v.Groups[min(len(v.Groups), v.q.Top):] {
		v.OtherGroups += rest.Devices
	}
	v.Groups = slices.Clip(v.Groups[:min(len(v.Groups), v.q.Top)])
	return err
}

// sumSeen counts along the index over who was heard when. Archived devices are in
// it as well, and are counted out.
func (v *view) sumSeen() error {
	if v.q.Within != nil {
		b, where := v.devices()
		var err error
		v.Seen, err = v.countHeard(b, "FROM devices AS d CROSS JOIN presence AS p WHERE "+where+" AND "+live+" AND p.device = d.no")
		return err
	}
	for when := range reeve.NumSeen {
		b := &binder{db: v.store.db}
		account := b.put(v.account)
		n, _, err := first(v.ctx, v.store.db, number, "SELECT COUNT(*) FROM presence AS p WHERE p.account = "+account+" AND "+
			v.heard(when).ways("p")[0].within(b, "p.last_seen", "", reach{}), b.args...)
		if err != nil {
			return err
		}
		v.Seen[when] = n
	}
	b := &binder{db: v.store.db}
	list := b.list("k", numbers("class", v.archived))
	gone, err := v.countHeard(b, "FROM "+list+" CROSS JOIN devices AS d CROSS JOIN presence AS p WHERE d.account = "+b.put(v.account)+
		" AND d.class = k.class AND p.device = d.no")
	for when, n := range gone {
		v.Seen[when] -= n
	}
	return err
}

// heard is what one of the stretches of time says.
func (v *view) heard(when reeve.SeenWhen) *heard {
	q := reeve.DeviceQuery{Now: v.q.Now}
	when.Select(&q, v.q.Now)
	return heardIn(q)
}

// countHeard counts for each stretch of time the rows p of presence.
func (v *view) countHeard(b *binder, from string) (counts [reeve.NumSeen]int64, err error) {
	var sums []string
	into := make([]any, reeve.NumSeen)
	for when := range reeve.NumSeen {
		sums = append(sums, "CAST(COALESCE(SUM(CASE WHEN "+v.heard(when).condition(b, "p")+" THEN 1 ELSE 0 END), 0) AS BIGINT)")
		into[when] = &counts[when]
	}
	_, _, err = first(v.ctx, v.store.db, func(r rows) (none struct{}, err error) { return none, r.Scan(into...) },
		"SELECT "+strings.Join(sums, ", ")+" "+from, b.args...)
	return counts, err
}

// sumExempt looks at everyone who is exempt.
func (v *view) sumExempt() error {
	b, where := v.devices()
	now := b.put(micro(v.q.Now))
	soon := func(span time.Duration) string {
		return "CAST(COALESCE(SUM(CASE WHEN e.until < " + b.put(micro(v.q.Now.Add(span))) + " THEN 1 ELSE 0 END), 0) AS BIGINT)"
	}
	from := " FROM exemptions AS e CROSS JOIN devices AS d WHERE e.kind = 0 AND e.until > " + now + " AND d.no = e.device AND d.class & 7 = 0 AND " + where
	_, _, err := first(v.ctx, v.store.db, func(r rows) (none struct{}, err error) {
		return none, r.Scan(&v.Exempt, &v.EndInDay, &v.EndInWeek)
	}, "SELECT COUNT(*), "+soon(day)+", "+soon(7*day)+from, b.args...)
	if err != nil || v.EndInWeek == 0 {
		return err
	}
	b, where = v.devices()
	from = " FROM exemptions AS e CROSS JOIN devices AS d WHERE e.kind = 0 AND e.until > " + b.put(micro(v.q.Now)) + " AND e.until < " +
		b.put(micro(v.q.Now.Add(7*day))) + " AND d.no = e.device AND d.class & 7 = 0 AND " + where
	first, err := all(v.ctx, v.store.db, number, "SELECT e.device"+from+" ORDER BY e.until, e.device LIMIT "+b.put(v.q.Top), b.args...)
	if err != nil {
		return err
	}
	v.Ending, err = v.store.DevicesByNo(v.ctx, v.account, first)
	slices.SortStableFunc(v.Ending, func(a, b reeve.Device) int { return a.ExemptUntil.Compare(b.ExemptUntil) })
	return err
}

const day = 24 * time.Hour

func (v *view) sumJobs() error {
	q := reeve.JobQuery{Open: true, Limit: v.q.Top}
	b := &binder{db: v.store.db}
	where := "j.account = " + b.put(v.account)
	if v.q.Actor != "" {
		q.Actors = []string{v.q.Actor}
		where += " AND j.actor = " + b.put(v.q.Actor)
	}
	n, _, err := first(v.ctx, v.store.db, number, "SELECT COUNT(*) FROM open_jobs AS o CROSS JOIN jobs AS j WHERE j.id = o.job AND "+where, b.args...)
	if err == nil {
		v.Open = n
		v.OpenJobs, err = v.store.Jobs(v.ctx, v.account, q)
	}
	return err
}

func (v *view) sumThreats() error {
	b, where := v.devices()
	since := func(span time.Duration) string {
		return "CAST(COALESCE(SUM(CASE WHEN i.last >= " + b.put(micro(v.q.Now.Add(-span))) + " THEN 1 ELSE 0 END), 0) AS BIGINT)"
	}
	text := "SELECT COUNT(*), CAST(COALESCE(SUM(i.threats), 0) AS BIGINT), " + since(day) + ", " + since(7*day) +
		" FROM infested AS i CROSS JOIN devices AS d WHERE i.account = " + b.put(v.account) + " AND d.no = i.device AND " + live + " AND " + where
	_, _, err := first(v.ctx, v.store.db, func(r rows) (none struct{}, err error) {
		return none, r.Scan(&v.Infested, &v.Threats, &v.InfestedInDay, &v.InfestedInWeek)
	}, text, b.args...)
	return err
}

// sumSeats says of an account without a limit how many are managed: nobody counts them there.
func (v *view) sumSeats() error {
	_, _, err := first(v.ctx, v.store.db, func(r rows) (none struct{}, err error) {
		return none, r.Scan(&v.Seats, &v.SeatsUsed)
	}, "SELECT seats, seats_used FROM accounts WHERE no = $1", v.account)
	if v.Seats == 0 && v.q.Within == nil {
		v.SeatsUsed = v.Standings[reeve.Managed]
	}
	return err
}
