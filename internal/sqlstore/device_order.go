package sqlstore

import (
	"context"
	"slices"
	"strings"

	"reeve"
)

// An ordering is a table that has devices in an order: along an index over
// account, column and key.
type ordering struct {
	table, column, no string
	value             func(reeve.DeviceRow) any // of the column
	granted           facet                     // what ways say
	ways              func(*finder, *binder) []string
}

// There is an index over presence for the devices that are online, and one for
// the others: who asks for those that are away does not pass over all that are not.
var orderings = map[reeve.DeviceSort]ordering{
	reeve.ByHostname: {table: "device_names AS o", column: "o.folded", no: "o.device",
		value: func(row reeve.DeviceRow) any { return fold(clean(row.Hostname)) },
		ways:  func(*finder, *binder) []string { return []string{"TRUE"} }},
	reeve.ByLastSeen: {table: "presence AS o", column: "o.last_seen", no: "o.device",
		value:   func(row reeve.DeviceRow) any { return micro(row.LastSeen) },
		granted: byPresence, ways: func(f *finder, b *binder) []string { return f.heard.ways(b, "o") }},
}

// How devices are found that something is asked of. First those are met that come
// next in the order, glance of them: what many devices have fills a page there.
// Then they are gathered and sorted, if they are fewEnough; then walkFirst of those
// that come next are met. Only where the order has to do with what is asked for,
// such as a group whose hostnames begin alike, that does not fill the page either,
// and someMore are gathered.
const (
	glance    = 1000
	fewEnough = 5000
	walkFirst = 10_000
	someMore  = 120_000
	mostAsked = 30_000 // are gathered if more is asked of each than what they are met along
)

// sorted returns the keys of a page in an order, or of one that is found by its
// number.
func (f *finder) sorted(ctx context.Context) ([]int64, error) {
	o, ordered := orderings[f.q.Sort]
	ordered = ordered && f.offset() == 0 && !f.isFree(o)
	for _, try := range []struct{ met, gathered int }{{glance, fewEnough}, {walkFirst, someMore}} {
		if !f.isNarrow() || !ordered && try.gathered == someMore {
			break
		}
		if ordered {
			keys, done, err := f.walkFor(ctx, o, try.met)
			if done || err != nil {
				return keys, err
			}
		}
		keys, few, err := f.gather(ctx, try.gathered)
		if err != nil {
			return nil, err
		}
		if few {
			return f.sort(ctx, keys)
		}
	}
	text, args := f.walk(nil)
	return all(ctx, f.db, firstNumber, text, args...)
}

// firstNumber scans the first of two columns.
func firstNumber(r rows) (n int64, err error) { return n, r.Scan(&n, new(any)) }

func (f *finder) offset() int { return max(f.q.Page-1, 0) * f.q.Limit }

// gather returns all keys, unless there are more than most.
func (f *finder) gather(ctx context.Context, most int) (keys []int64, few bool, err error) {
	streams, err := f.streams(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, s := range streams {
		if most > mostAsked && f.facets()&^s.grants != 0 {
			if n, err := f.count(ctx, s, mostAsked); err != nil || n == mostAsked {
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
	if o, ok := orderings[f.q.Sort]; ok {
		b := &binder{db: f.db}
		order, than := f.direction()
		list := b.list("k", numbers("a", keys))
		where := o.no + " = k.a"
		if f.from != nil {
			where += " AND (" + strings.Join(f.behind(b, o, than), " OR ") + ")"
		}
		var err error
		keys, err = all(ctx, f.db, number, "SELECT "+o.no+" FROM "+list+" CROSS JOIN "+o.table+" WHERE "+where+
			" ORDER BY "+o.column+order+", "+o.no+order+" LIMIT "+b.put(f.offset()+f.q.Limit), b.args...)
		if err != nil {
			return nil, err
		}
	}
	from := min(f.offset(), len(keys))
	return keys[from:min(from+f.q.Limit, len(keys))], nil
}

// behind says in two stretches what follows the row where the page begins: the
// rest of those with the same value, and those beyond. Each goes along the index.
func (f *finder) behind(b *binder, o ordering, than string) []string {
	if f.from == nil {
		return []string{"TRUE"}
	}
	value, no := b.put(o.value(*f.from)), b.put(f.from.No)
	return []string{o.column + " = " + value + " AND " + o.no + than + no, o.column + than + value}
}

// isFree reports whether no device has to be looked at that comes along an order.
func (f *finder) isFree(o ordering) bool { return f.facets()&^o.granted == 0 && f.everyClass }

// walkFor looks for a page among the next devices in the order, and reports
// whether that is all of it.
func (f *finder) walkFor(ctx context.Context, o ordering, met int) ([]int64, bool, error) {
	last, found, err := f.walkEnd(ctx, o, met)
	if err != nil {
		return nil, false, err
	}
	text, args := f.walk(last)
	keys, err := all(ctx, f.db, firstNumber, text, args...)
	return keys, !found || len(keys) == f.q.Limit, err
}

// walkEnd returns the value up to which a walk past so many goes, false if it may
// go to the end.
func (f *finder) walkEnd(ctx context.Context, o ordering, met int) (any, bool, error) {
	b := &binder{db: f.db}
	text := f.along(b, o, o.table, []string{"o.account = " + b.put(f.account)}, met+1) + " LIMIT 1 OFFSET " + b.put(met)
	return first(ctx, f.db, func(r rows) (v any, err error) { return v, r.Scan(new(int64), &v) }, text, b.args...)
}

// walk is the statement for a page along the index of an order, up to a value
// unless that is nil.
func (f *finder) walk(last any) (string, []any) {
	b := &binder{db: f.db}
	order, than := f.direction()
	o, ok := orderings[f.q.Sort]
	if !ok {
		where := append([]string{"d.account = " + b.put(f.account)}, f.conditions(b, 0)...)
		return "SELECT d.no, 0 FROM devices AS d WHERE " + strings.Join(where, " AND ") + " ORDER BY d.no" + order +
			" LIMIT " + b.put(f.q.Limit) + " OFFSET " + b.put(f.offset()), b.args
	}
	from, where := o.table, []string{"o.account = " + b.put(f.account)}
	if last != nil {
		where = append(where, b.put(last)+strings.TrimRight(than, " ")+"= "+o.column)
	}
	if !f.isFree(o) {
		from += " CROSS JOIN devices AS d"
		where = append(append(where, "d.no = "+o.no), f.conditions(b, o.granted)...)
	}
	return f.along(b, o, from, where, f.offset()+f.q.Limit) + " LIMIT " + b.put(f.q.Limit) + " OFFSET " + b.put(f.offset()), b.args
}

// along is a statement that goes along the index of an order, in several places
// at once. In each it is told to stop in time, since PostgreSQL would not.
func (f *finder) along(b *binder, o ordering, from string, where []string, most int) string {
	order, than := f.direction()
	stretches, limit := f.behind(b, o, than), b.put(most)
	var arms []string
	for _, way := range o.ways(f, b) {
		for _, stretch := range stretches {
			arms = append(arms, "SELECT no, value FROM (SELECT "+o.no+" AS no, "+o.column+" AS value FROM "+from+" WHERE "+
				strings.Join(append(slices.Clone(where), way, stretch), " AND ")+
				" ORDER BY "+o.column+order+", "+o.no+order+" LIMIT "+limit+") AS arm")
		}
	}
	return strings.Join(arms, " UNION ALL ") + " ORDER BY value" + order + ", no" + order
}
