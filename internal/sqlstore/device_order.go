package sqlstore

import (
	"context"
	"slices"
	"strings"

	"reeve"
)

// An ordering is a table that has devices in an order: along an index over what
// ways name, column and key.
type ordering struct {
	table, column, no string
	value             func(reeve.DeviceRow) any // of the column
	row               func(no int64, value any) reeve.DeviceRow
	granted           facet // what ways say
	ways              func(*finder) []way
}

// There is an index over presence for the devices that are online, and one for
// the others: who asks for those that are away does not pass over all that are not.
var orderings = map[reeve.DeviceSort]ordering{
	reeve.ByHostname: {table: "device_names AS o", column: "o.folded", no: "o.device", value: foldedOf, row: rowOfFolded,
		ways: func(f *finder) []way {
			return []way{{where: func(b *binder) string { return "o.account = " + b.put(f.account) }}}
		}},
	reeve.ByLastSeen: {table: "presence AS o", column: "o.last_seen", no: "o.device",
		value: func(row reeve.DeviceRow) any { return micro(row.LastSeen) },
		row: func(no int64, value any) reeve.DeviceRow {
			seen, _ := value.(int64)
			return reeve.DeviceRow{No: no, LastSeen: fromMicro(seen)}
		},
		granted: byPresence, ways: func(f *finder) []way {
			ways := f.heard.ways("o")
			for i, w := range ways {
				ways[i].where = func(b *binder) string { return "o.account = " + b.put(f.account) + " AND " + w.where(b) }
			}
			return ways
		}},
}

// ofGroups has the devices of each group in the order of their hostnames: sites
// name their devices alike, and whoever sees one group alone sees all lists so.
var ofGroups = ordering{table: "devices AS d", column: "d.folded", no: "d.no", value: foldedOf, row: rowOfFolded,
	granted: byGroup, ways: func(f *finder) (ways []way) {
		for _, group := range f.groups {
			ways = append(ways, way{where: func(b *binder) string { return "d.group_no = " + b.put(group) }})
		}
		return ways
	}}

// mostGroups is how many groups are gone along at once.
const mostGroups = 16

func foldedOf(row reeve.DeviceRow) any { return fold(clean(row.Hostname)) }

func rowOfFolded(no int64, value any) reeve.DeviceRow {
	folded, _ := value.(string)
	return reeve.DeviceRow{No: no, Hostname: folded}
}

// ordering is the one that the query asks for, false for that of the records.
func (f *finder) ordering() (ordering, bool) {
	if f.q.Sort == reeve.ByHostname && len(f.groups) > 0 && len(f.groups) <= mostGroups {
		return ofGroups, true
	}
	o, ok := orderings[f.q.Sort]
	return o, ok
}

// asked is what the statement along an ordering meets, and what it asks of it.
func (o ordering) asked(f *finder, b *binder) (from string, where []string) {
	switch {
	case o.no == "d.no":
		return o.table, f.conditions(b, o.granted)
	case f.isFree(o):
		return o.table, nil
	default:
		return o.table + " CROSS JOIN devices AS d", append([]string{"d.no = " + o.no}, f.conditions(b, o.granted)...)
	}
}

// isFree reports whether no device has to be looked at that comes along an order.
func (f *finder) isFree(o ordering) bool { return f.facets()&^o.granted == 0 && f.everyClass }

func (f *finder) offset() int { return max(f.q.Page-1, 0) * f.q.Limit }

// numbered is a page by its number.
func (f *finder) numbered(ctx context.Context) ([]int64, error) {
	if keys, few, err := f.gatherSorted(ctx, fewEnough); few || err != nil {
		return keys, err
	}
	if o, ok := f.ordering(); ok {
		return f.walk(ctx, o, nil, f.q.Limit)
	}
	b := &binder{db: f.db}
	order, _ := f.direction()
	where := append([]string{"d.account = " + b.put(f.account)}, f.conditions(b, 0)...)
	return all(ctx, f.db, number, "SELECT d.no FROM devices AS d WHERE "+strings.Join(where, " AND ")+" ORDER BY d.no"+order+
		" LIMIT "+b.put(f.q.Limit)+" OFFSET "+b.put(f.offset()), b.args...)
}

// gather returns all keys, unless there are more than most.
func (f *finder) gather(ctx context.Context, most int) (keys []int64, few bool, err error) {
	streams, err := f.fewStreams(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, s := range streams {
		if asked := f.mostAsked(s, most); asked > 0 {
			if n, err := f.count(ctx, s, asked); err != nil || n == asked {
				return nil, false, err
			}
		}
		b := &binder{db: f.db}
		found, err := f.numbers(ctx, s, "SELECT "+s.no+f.all(b, s)+" LIMIT "+b.put(most+1), b.args)
		if err != nil {
			return nil, false, err
		}
		if keys = append(keys, found...); len(keys) > most {
			return nil, false, nil
		}
	}
	return keys, true, nil
}

// fewStreams are streams of all that are meant, in any order: times that are less
// than a day apart are best gone along by themselves.
func (f *finder) fewStreams(ctx context.Context) ([]stream, error) {
	if f.heard == nil || f.search.wanted != "" {
		return f.streams(ctx)
	}
	var n int64
	var streams []stream
	for _, w := range orderings[reeve.ByLastSeen].ways(f) {
		s := stream{grants: byPresence, asIs: true, from: "presence AS o", no: "o.device", own: func(b *binder) string {
			return w.within(b, "o.last_seen", "o.device", reach{})
		}}
		more, err := f.count(ctx, s, fewEnough)
		if err != nil {
			return nil, err
		}
		if n += more; n >= fewEnough {
			return f.streams(ctx)
		}
		streams = append(streams, s)
	}
	return streams, nil
}

// mostAsked is how many devices of a stream are met at most to gather so many of
// them, 0 for any number.
func (f *finder) mostAsked(s stream, most int) int64 {
	switch {
	case f.patience > 0:
		return fewEnough
	case most > mostAsked && f.facets()&^s.grants != 0:
		return mostAsked
	}
	return 0
}

// all is the part of a statement that meets every device of a stream.
func (f *finder) all(b *binder, s stream) string {
	p := f.build(b, s)
	if p.keys != "" {
		p.from = p.keys + " CROSS JOIN " + p.from
	}
	return " FROM " + p.from + " WHERE " + p.where
}

// sort is the page of these devices.
func (f *finder) sort(ctx context.Context, keys []int64) ([]int64, error) {
	f.order(keys)
	keys = slices.Compact(keys)
	if o, ok := f.ordering(); ok {
		b := &binder{db: f.db}
		order, _ := f.direction()
		list := b.list("k", numbers("a", keys))
		var behind []string
		for _, r := range f.reaches(o, f.from, nil) {
			behind = append(behind, way{where: fixed("TRUE")}.within(b, o.column, o.no, r))
		}
		var err error
		keys, err = all(ctx, f.db, number, "SELECT "+o.no+" FROM "+list+" CROSS JOIN "+o.table+" WHERE "+o.no+" = k.a AND ("+strings.Join(behind, " OR ")+
			") ORDER BY "+o.column+order+", "+o.no+order+" LIMIT "+b.put(f.offset()+f.q.Limit), b.args...)
		if err != nil {
			return nil, err
		}
	} else if f.q.After > 0 {
		keys = slices.DeleteFunc(keys, func(key int64) bool { return key == f.q.After || key < f.q.After != f.q.Desc })
	}
	from := min(f.offset(), len(keys))
	return keys[from:min(from+f.q.Limit, len(keys))], nil
}
