package sqlstore

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"reeve"
)

// A facet is one of the things that a list is filtered by.
type facet int

const (
	byClass facet = 1 << iota
	byGroup
	byExemption
	byType
	byPresence
	byAdded
	byEnrolled
	byThreat
	bySearch
)

// A finder finds the devices of one query. Of what the query filters by, one
// facet is followed along its index, which gives streams of devices in order of
// their keys; all others are asked of each device that comes along.
type finder struct {
	store   *Store
	db      database // the store's own, or a transaction's view of it
	account int64
	q       reeve.DeviceQuery
	// How long the page is looked for before it may be short, 0 for as long as it takes.
	patience time.Duration

	nothing    bool    // there is no such device
	groups     []int64 // keys of the groups
	classes    []int64 // numbers of the classes asked for that the account has; nil if it is all live ones
	onlyLive   bool    // no archived ones are asked for
	everyClass bool    // the account has no others
	heard      *heard  // nil if it does not matter
	back       bool    // the page is found from its end
	from       *reeve.DeviceRow
	search     search
	and        []search // what one of the names must have as well
}

func (s *Store) newFinder(ctx context.Context, db database, account int64, q reeve.DeviceQuery) (*finder, error) {
	f := &finder{store: s, db: db, account: account, q: q, search: searchFor(account, q), onlyLive: true, heard: heardIn(q)}
	if q.Limit < 1 || f.heard.isNever() {
		f.nothing = true
		return f, nil
	}
	f.begin()
	for _, word := range q.And {
		also := q
		also.Search = word
		f.and = append(f.and, searchFor(account, also))
	}
	if err := f.findGroups(ctx); err != nil || f.nothing {
		return f, err
	}
	return f, f.findClasses(ctx)
}

// begin finds out where the page begins. One that ends before a row begins there
// in the other direction.
func (f *finder) begin() {
	if f.from = f.q.AfterRow; f.q.BeforeRow != nil {
		f.from, f.back, f.q.Desc = f.q.BeforeRow, true, !f.q.Desc
	}
	if f.from != nil && f.q.Sort == reeve.ByRecord {
		f.q.After = f.from.No
	}
}

// findGroups finds the keys of the groups asked for, as far as the caller may know of them.
func (f *finder) findGroups(ctx context.Context) error {
	q := f.q
	named := len(q.GroupIDs)+len(q.GroupNos) > 0
	if !named && q.Within == nil {
		return nil
	}
	b := &binder{db: f.db}
	text := "SELECT no FROM device_groups WHERE account = " + b.put(f.account)
	if named {
		text += " AND (id " + b.among(texts("id", q.GroupIDs)) + " OR no " + b.among(numbers("no", q.GroupNos)) + ")"
	}
	if q.Within != nil {
		text += " AND no " + b.among(numbers("no", q.Within))
	}
	var err error
	f.groups, err = all(ctx, f.db, number, text, b.args...)
	f.nothing = len(f.groups) == 0
	slices.Sort(f.groups)
	return err
}

// classesOf walks from class to class along the index.
const classesOf = `WITH RECURSIVE c (class) AS (SELECT MIN(class) FROM devices WHERE account = $1 UNION ALL
	SELECT (SELECT MIN(d.class) FROM devices AS d WHERE d.account = $1 AND d.class > c.class) FROM c WHERE c.class IS NOT NULL)
	SELECT class FROM c WHERE class IS NOT NULL`

func (f *finder) findClasses(ctx context.Context) error {
	q, known := f.q, &f.store.classes
	narrowed := len(q.Standings)+len(q.Kinds)+len(q.Systems)+len(q.Versions)+len(q.Presence) > 0 ||
		q.Exempt != nil || q.Outdated || !q.ExemptBefore.IsZero()
	if !narrowed && q.Sort == reeve.ByRecord {
		return nil
	}
	found, err := all(ctx, f.db, number, classesOf, f.account)
	if err == nil {
		err = known.know(ctx, f.db, slices.Values(found))
	}
	if err != nil {
		return err
	}
	newest := map[agent]reeve.Version{}
	for _, number := range found {
		class, _ := known.class(number)
		if class.Standing < reeve.Archived && class.Version.Compare(newest[agentOf(class)]) > 0 {
			newest[agentOf(class)] = class.Version
		}
	}
	f.classes, f.everyClass = []int64{}, true
	everyLive := true
	for _, number := range found {
		class, _ := known.class(number)
		isLive := class.Standing < reeve.Archived
		switch {
		case f.wants(class) && (!q.Outdated || class.Version.Compare(newest[agentOf(class)]) < 0):
			f.classes = append(f.classes, number)
			f.onlyLive = f.onlyLive && isLive
		case isLive:
			f.everyClass, everyLive = false, false
		case class.Standing == reeve.Archived:
			f.everyClass = false
		}
	}
	f.nothing = len(f.classes) == 0
	if f.onlyLive && everyLive {
		f.classes = nil
	}
	return nil
}

// An agent is what there are newer and older versions of.
type agent struct {
	kind   reeve.AgentKind
	system reeve.System
}

func agentOf(c reeve.Class) agent { return agent{c.Kind, c.System} }

func (f *finder) wants(c reeve.Class) bool {
	q := f.q
	isIn := func(n int, contains bool) bool { return n == 0 || contains }
	return (len(q.Standings) > 0 || c.Standing < reeve.Archived) &&
		isIn(len(q.Standings), slices.Contains(q.Standings, c.Standing)) &&
		isIn(len(q.Kinds), slices.Contains(q.Kinds, c.Kind)) &&
		isIn(len(q.Systems), slices.Contains(q.Systems, c.System)) &&
		isIn(len(q.Versions), slices.Contains(q.Versions, c.Version)) &&
		(q.ExemptBefore.IsZero() || c.Standing == reeve.Managed) &&
		(len(q.Presence) == 0 || c.Kind != reeve.NoAgent)
}

// isNarrow reports whether the query leaves out live devices.
func (f *finder) isNarrow() bool { return f.facets() != 0 }

// facets are those that the query filters by.
func (f *finder) facets() (all facet) {
	for facet, is := range map[facet]bool{
		byClass: f.classes != nil, byGroup: f.groups != nil, byExemption: f.q.Exempt != nil || !f.q.ExemptBefore.IsZero(),
		byType: len(f.q.Types) > 0, byPresence: f.heard != nil, byAdded: !f.q.Added.IsZero(), byEnrolled: !f.q.Enrolled.IsZero(),
		byThreat: f.q.Infested, bySearch: f.search.wanted != "",
	} {
		if is {
			all |= facet
		}
	}
	return all
}

// oneByOne ends a subquery that is asked about one device after the other: without
// it PostgreSQL may begin with the subquery, and meet all that it has.
const oneByOne = " LIMIT 1 OFFSET 0"

// conditions say of the device d what the query asks for, but for what is
// granted already. A plus keeps the planner from going along that index.
func (f *finder) conditions(b *binder, granted facet) []string {
	var all []string
	asks := func(facet facet, is bool, condition func() string) {
		if is && granted&facet == 0 {
			all = append(all, condition())
		}
	}
	asks(byClass, f.onlyLive, func() string { return live })
	asks(byClass, f.classes != nil, func() string { return "+d.class " + b.among(numbers("class", f.classes)) })
	asks(byGroup, f.groups != nil, func() string { return "+d.group_no " + b.among(numbers("no", f.groups)) })
	asks(byExemption, f.q.Exempt != nil, func() string {
		is := "EXISTS"
		if !*f.q.Exempt {
			is = "NOT EXISTS"
		}
		return "(d.class & 7 <> 0 OR " + is + " (SELECT 1 FROM exemptions AS x WHERE x.device = d.no AND x.kind = 0 AND x.until > " + b.put(micro(f.q.Now)) + oneByOne + "))"
	})
	asks(byExemption, !f.q.ExemptBefore.IsZero(), func() string {
		return "EXISTS (SELECT 1 FROM exemptions AS x WHERE x.device = d.no AND " + f.endingSoon(b, "x") + oneByOne + ")"
	})
	asks(byType, len(f.q.Types) > 0, func() string {
		return "EXISTS (SELECT 1 FROM device_names AS x WHERE x.device = d.no AND x.type " + b.among(texts("type", f.q.Types)) + oneByOne + ")"
	})
	asks(byPresence, f.heard != nil, func() string {
		return "EXISTS (SELECT 1 FROM presence AS x WHERE x.device = d.no AND " + f.heard.condition(b, "x") + oneByOne + ")"
	})
	asks(byAdded, !f.q.Added.IsZero(), func() string { return within(b, "+d.added", f.q.Added) })
	asks(byEnrolled, !f.q.Enrolled.IsZero(), func() string { return within(b, "+d.enrolled", f.q.Enrolled) })
	asks(byThreat, f.q.Infested, func() string { return "EXISTS (SELECT 1 FROM infested AS x WHERE x.device = d.no" + oneByOne + ")" })
	for _, also := range f.and {
		all = append(all, also.condition(b))
	}
	asks(bySearch, f.search.wanted != "", func() string { return f.search.condition(b) })
	return all
}

// endingSoon says of a row of exemptions that it is in force and ends before the
// time asked for.
func (f *finder) endingSoon(b *binder, row string) string {
	return row + ".kind = 0 AND " + row + ".until > " + b.put(micro(f.q.Now)) + " AND " + row + ".until < " + b.put(micro(f.q.ExemptBefore))
}

// within says of a column that it is a time in a span.
func within(b *binder, column string, span reeve.Span) string {
	low, high := bounds(span)
	return column + " >= " + b.put(low) + " AND " + column + " < " + b.put(high)
}

// bounds are those of a span in the numbers that are stored; never is in none.
func bounds(span reeve.Span) (low, high int64) {
	low, high = max(1, micro(span.Since)), micro(span.Until)
	if span.Until.IsZero() {
		high = math.MaxInt64
	}
	return low, high
}

// A binder numbers the arguments of a statement.
type binder struct {
	db   querier
	args []any
}

func (b *binder) put(arg any) string {
	b.args = append(b.args, arg)
	return "$" + strconv.Itoa(len(b.args))
}

func (b *binder) among(values column) string {
	text, arg := b.db.among(len(b.args)+1, values)
	b.args = append(b.args, arg)
	return text
}

func (b *binder) list(name string, columns ...column) string {
	text, args := b.db.list(name, len(b.args)+1, columns...)
	b.args = append(b.args, args...)
	return text
}
