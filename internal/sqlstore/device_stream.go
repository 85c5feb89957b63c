package sqlstore

import (
	"context"
	"slices"
	"strings"

	"reeve"
)

// A stream is a way to meet devices in order of their keys, along one index. One
// with keys stands for as many streams, of which each is in order.
type stream struct {
	grants facet // what is true of every device in it
	from   string
	no     string // the column that has the device's key
	own    func(b *binder) string
	asked  func(b *binder) string // what besides is asked of each device; nil for nothing
	keys   []column               // a and b, which own calls k.a and k.b; nil for one stream
	asIs   bool                   // see database.queryAsIs
	shared bool                   // devices of other accounts are in it as well
}

// A part is a stream within a statement.
type part struct{ keys, from, no, where string }

// bare is a stream as it is, without anything else being asked of its devices.
func (f *finder) bare(b *binder, s stream) part {
	p := part{from: s.from, no: s.no, where: s.own(b)}
	switch {
	case s.keys == nil:
	case s.keys[0].len() == 1:
		for _, k := range s.keys {
			var value any
			if k.texts != nil {
				value = k.texts[0]
			} else {
				value = k.numbers[0]
			}
			p.where = strings.ReplaceAll(p.where, "k."+k.name, b.put(value))
		}
	default:
		p.keys = b.list("k", s.keys...)
	}
	return p
}

// build is a stream of what the query selects.
func (f *finder) build(b *binder, s stream) part {
	p := f.bare(b, s)
	where := append([]string{p.where}, f.conditions(b, s.grants)...)
	if s.no != "d.no" {
		p.from += " CROSS JOIN devices AS d"
		where = append(where, "d.no = "+s.no)
	}
	if s.asked != nil {
		where = append(where, s.asked(b))
	}
	p.where = strings.Join(where, " AND ")
	return p
}

// fixed is a condition without arguments of its own.
func fixed(condition string) func(*binder) string {
	return func(*binder) string { return condition }
}

// maxStreams is how many streams are merged; beyond it devices are met by record.
const maxStreams = 500

// streams chooses along what to go: a search if it has an index, else of several
// facets the one that the fewest devices have.
func (f *finder) streams(ctx context.Context) ([]stream, error) {
	if f.search.wanted != "" {
		found, err := f.searchStreams(ctx)
		if err != nil || found != nil {
			return found, err
		}
	}
	var ways [][]stream
	for _, find := range []func(context.Context) ([]stream, error){f.exemptStreams, f.classStreams, f.typeStreams,
		f.presenceStreams, f.addedStreams, f.enrolledStreams, f.threatStreams} {
		way, err := find(ctx)
		if err != nil {
			return nil, err
		}
		if way != nil {
			ways = append(ways, way)
		}
	}
	switch len(ways) {
	case 0:
		return []stream{{grants: 0, from: "devices AS d", no: "d.no", own: func(b *binder) string { return "d.account = " + b.put(f.account) }}}, nil
	case 1:
		return ways[0], nil
	}
	var best []stream
	fewest := int64(fewEnough)
	for _, way := range ways {
		var n int64
		for _, s := range way {
			more, err := f.count(ctx, s, fewest)
			if err != nil {
				return nil, err
			}
			n += more
		}
		if best == nil || n < fewest {
			best, fewest = way, n
		}
	}
	return best, nil
}

// count returns how many devices a stream has, up to most, whatever else is
// asked of them.
func (f *finder) count(ctx context.Context, s stream, most int64) (int64, error) {
	b := &binder{db: f.db}
	p := f.bare(b, s)
	if p.keys != "" {
		p.from = p.keys + " CROSS JOIN " + p.from
	}
	n, err := f.numbers(ctx, s, "SELECT COUNT(*) FROM (SELECT 1 AS one FROM "+p.from+" WHERE "+p.where+" LIMIT "+b.put(most)+") AS counted", b.args)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// classStreams go along the classes, within the groups if there are any.
func (f *finder) classStreams(ctx context.Context) ([]stream, error) {
	if f.groups != nil {
		return f.groupStreams(ctx)
	}
	if f.classes == nil || len(f.classes) > maxStreams {
		return nil, nil
	}
	return []stream{f.ofClasses(f.classes)}, nil
}

func (f *finder) ofClasses(classes []int64) stream {
	return stream{grants: byClass, from: "devices AS d", no: "d.no", own: fixed("d.account = k.a AND d.class = k.b"),
		keys: []column{numbers("a", slices.Repeat([]int64{f.account}, len(classes))), numbers("b", classes)}}
}

func (f *finder) groupStreams(ctx context.Context) ([]stream, error) {
	b := &binder{db: f.db}
	list := b.list("k", numbers("a", f.groups))
	type pair struct{ group, class int64 }
	found, err := all(ctx, f.db, func(r rows) (p pair, err error) { return p, r.Scan(&p.group, &p.class) },
		`WITH RECURSIVE c (a, class) AS (SELECT k.a, (SELECT MIN(d.class) FROM devices AS d WHERE d.group_no = k.a) FROM `+list+` UNION ALL
			SELECT c.a, (SELECT MIN(d.class) FROM devices AS d WHERE d.group_no = c.a AND d.class > c.class) FROM c WHERE c.class IS NOT NULL)
		SELECT a, class FROM c WHERE class IS NOT NULL`, b.args...)
	if err == nil {
		err = f.store.classes.know(ctx, f.db, func(yield func(int64) bool) {
			for _, p := range found {
				if !yield(p.class) {
					return
				}
			}
		})
	}
	if err != nil {
		return nil, err
	}
	groups, classes := []int64{}, []int64{}
	for _, p := range found {
		if class, _ := f.store.classes.class(p.class); f.wants(class) {
			groups, classes = append(groups, p.group), append(classes, p.class)
		}
	}
	if len(groups) > maxStreams {
		return nil, nil
	}
	if len(groups) == 0 {
		return []stream{}, nil
	}
	return []stream{{grants: byClass | byGroup, from: "devices AS d", no: "d.no", own: fixed("d.group_no = k.a AND d.class = k.b"),
		keys: []column{numbers("a", groups), numbers("b", classes)}}}, nil
}

// exemptStreams are the exempt devices, and those that are not managed, which
// may be without one.
func (f *finder) exemptStreams(ctx context.Context) ([]stream, error) {
	s := stream{grants: byExemption, shared: true, from: "exemptions AS t", no: "t.device",
		asked: func(b *binder) string { return "d.account = " + b.put(f.account) }}
	switch {
	case f.q.Exempt != nil && !*f.q.Exempt:
		return nil, nil
	case !f.q.ExemptBefore.IsZero():
		s.own = func(b *binder) string { return f.endingSoon(b, "t") }
		return []stream{s}, nil
	case f.q.Exempt == nil:
		return nil, nil
	}
	others, err := f.unmanaged(ctx)
	if err != nil || len(others) > maxStreams {
		return nil, err
	}
	s.own = func(b *binder) string { return "t.kind = 0 AND t.until > " + b.put(micro(f.q.Now)) }
	way := []stream{s}
	if len(others) > 0 {
		other := f.ofClasses(others)
		other.grants |= byExemption
		way = append(way, other)
	}
	return way, nil
}

// unmanaged are the classes asked for of other devices than managed ones.
func (f *finder) unmanaged(ctx context.Context) ([]int64, error) {
	found := f.classes
	if found == nil {
		var err error
		if found, err = all(ctx, f.db, number, classesOf, f.account); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(class int64) bool {
		standing := standingOf(class)
		return standing == reeve.Managed || f.classes == nil && standing >= reeve.Archived
	}), nil
}

func (f *finder) typeStreams(context.Context) ([]stream, error) {
	types := slices.Compact(slices.Sorted(slices.Values(f.q.Types)))
	if len(types) == 0 || len(types) > maxStreams || slices.Contains(types, "") {
		return nil, nil
	}
	return []stream{{grants: byType, from: "device_names AS t", no: "t.device",
		own:  fixed("t.account = k.a AND t.type = k.b AND t.type <> ''"),
		keys: []column{numbers("a", slices.Repeat([]int64{f.account}, len(types))), texts("b", types)}}}, nil
}

// dayOf is the day on which a device that is away was heard last, as the index
// over it has it.
func dayOf(row string) string {
	return "(CASE WHEN " + row + ".online = 1 THEN -1 ELSE " + row + ".last_seen / 86400000000 END)"
}

const microsInDay = 24 * 60 * 60 * 1_000_000

// days returns on which days there are rows of the account in a table, going from
// day to day along the index over them; partly says what rows are in the index.
func (f *finder) days(ctx context.Context, table, day, partly string, wanted func(day int64) bool) ([]int64, error) {
	found, err := all(ctx, f.db, number, `WITH RECURSIVE c (day) AS (
			SELECT (SELECT `+day+` FROM `+table+` WHERE `+partly+`account = $1 ORDER BY `+day+` LIMIT 1) UNION ALL
			SELECT (SELECT `+day+` FROM `+table+` WHERE `+partly+`account = $1 AND `+day+` > c.day ORDER BY `+day+` LIMIT 1)
			FROM c WHERE c.day IS NOT NULL)
		SELECT day FROM c WHERE day IS NOT NULL`, f.account)
	return slices.DeleteFunc(found, func(day int64) bool { return !wanted(day) }), err
}

// alongDays are the streams of these days; of the first and the last of them,
// each device is asked.
func (f *finder) alongDays(days []int64, s stream, day, partly string, asked func(b *binder) string) []stream {
	switch {
	case len(days) == 0:
		return []stream{}
	case len(days) > maxStreams:
		return nil
	}
	table, _, _ := strings.Cut(s.no, ".")
	s.own = fixed(partly + table + ".account = k.a AND " + day + " = k.b")
	s.asked = asked
	s.keys = []column{numbers("a", slices.Repeat([]int64{f.account}, len(days))), numbers("b", days)}
	return []stream{s}
}

func (f *finder) presenceStreams(ctx context.Context) ([]stream, error) {
	if f.heard == nil {
		return nil, nil
	}
	days, err := f.days(ctx, "presence AS t", dayOf("t"), "", f.heard.on)
	if err != nil {
		return nil, err
	}
	s := stream{grants: byPresence, from: "presence AS t", no: "t.device"}
	return f.alongDays(days, s, dayOf("t"), "", func(b *binder) string { return f.heard.condition(b, "t") }), nil
}

func (f *finder) addedStreams(ctx context.Context) ([]stream, error) {
	return f.spanStreams(ctx, f.q.Added, byAdded, "d.added")
}

func (f *finder) enrolledStreams(ctx context.Context) ([]stream, error) {
	return f.spanStreams(ctx, f.q.Enrolled, byEnrolled, "d.enrolled")
}

// spanStreams go along the days of a time that records have.
func (f *finder) spanStreams(ctx context.Context, span reeve.Span, grants facet, column string) ([]stream, error) {
	if span.IsZero() {
		return nil, nil
	}
	day := "(" + column + " / 86400000000)"
	asked := func(b *binder) string { return within(b, column, span) }
	low, high := bounds(span)
	days, err := f.days(ctx, "devices AS d", day, column+" <> 0 AND ", func(day int64) bool { return day >= low/microsInDay && day <= (high-1)/microsInDay })
	if err != nil {
		return nil, err
	}
	s := stream{grants: grants, from: "devices AS d", no: "d.no"}
	return f.alongDays(days, s, day, column+" <> 0 AND ", asked), nil
}

// threatStreams are the devices on which scans found something.
func (f *finder) threatStreams(context.Context) ([]stream, error) {
	if !f.q.Infested {
		return nil, nil
	}
	return []stream{{grants: byThreat, from: "infested AS t", no: "t.device", own: func(b *binder) string {
		return "t.account = " + b.put(f.account)
	}}}, nil
}
