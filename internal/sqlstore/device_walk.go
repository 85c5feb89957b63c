package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"reeve"
)

// How a page is looked for in an order of which devices nothing is known but how
// they stand in it. First those are met that come next, glance of them: what many
// devices have fills a page there. Then all that are meant are gathered and
// sorted, if they are fewEnough; else step by step the next ones are met. Only
// where the order has to do with what is asked for, such as a system whose
// hostnames begin alike, that takes long. Who has patience for a while gets what
// was found by then; for whoever waits, someMore are gathered after walkFirst.
const (
	glance    = 1000
	fewEnough = 5000
	longest   = 4000 // step
	walkFirst = 10_000
	someMore  = 120_000
	mostAsked = 30_000 // are gathered if more is asked of each than what they are met along
)

// walkOn returns the keys of a page in an order, and where it stopped if there may
// be more of them behind.
func (f *finder) walkOn(ctx context.Context, o ordering) ([]int64, *reeve.DeviceRow, error) {
	if f.isFree(o) {
		keys, err := f.walk(ctx, o, nil, f.q.Limit)
		return keys, nil, err
	}
	var keys []int64
	began, first, step, met := time.Now(), f.from, glance, 0
	for most := fewEnough; ; {
		turn := time.Now()
		last, err := f.walkEnd(ctx, o, step)
		if err != nil {
			return nil, nil, err
		}
		found, err := f.walk(ctx, o, last, f.q.Limit-len(keys))
		if keys = append(keys, found...); err != nil || last == nil || len(keys) == f.q.Limit {
			return keys, nil, err
		}
		met += step
		if f.patience == 0 || time.Since(turn) < f.patience/8 {
			step = min(2*step, longest)
		}
		if most == fewEnough || most == someMore && met >= walkFirst {
			at := f.from
			f.from = first
			sorted, done, err := f.gatherSorted(ctx, most)
			if done || err != nil {
				return sorted, nil, err
			}
			f.from, most = at, f.further(most)
		}
		if f.from = last; f.patience > 0 && time.Since(began) >= f.patience {
			return keys, last, nil
		}
	}
}

// further is how many are gathered after so many were too few.
func (f *finder) further(most int) int {
	if most == fewEnough && f.patience == 0 {
		return someMore
	}
	return 0
}

// gatherSorted is the page, if all that are meant are few.
func (f *finder) gatherSorted(ctx context.Context, most int) ([]int64, bool, error) {
	if !f.isNarrow() {
		return nil, false, nil
	}
	keys, few, err := f.gather(ctx, most)
	if few && err == nil {
		keys, err = f.sort(ctx, keys)
	}
	return keys, few, err
}

// A reach is a part of an order, in which the index is gone along in one go: the
// devices with values between two, or some of those with the same value.
type reach struct {
	over, under any        // values, exclusive; nil is no bound
	at          any        // the value, if it is the same
	keys        []keyBound // of those
}

// A keyBound says on which side of a key others are.
type keyBound struct {
	than string
	no   int64
}

// reaches are what lies behind one place and not behind another, either of which
// may be nil, one after the other in the order.
func (f *finder) reaches(o ordering, from, last *reeve.DeviceRow) []reach {
	_, behind := f.direction()
	upTo := map[string]string{" > ": " <= ", " < ": " >= "}[behind]
	var between reach
	var first, rest []reach
	if from != nil {
		between.over = o.value(*from)
		first = []reach{{at: between.over, keys: []keyBound{{behind, from.No}}}}
	}
	if last != nil {
		between.under = o.value(*last)
		rest = []reach{{at: between.under, keys: []keyBound{{upTo, last.No}}}}
	}
	if from != nil && last != nil && between.over == between.under {
		return []reach{{at: between.over, keys: []keyBound{{behind, from.No}, {upTo, last.No}}}}
	}
	if f.q.Desc {
		between.over, between.under = between.under, between.over
	}
	return slices.Concat(first, []reach{between}, rest)
}

// A way is some of what an order has, in which a device stands but once: what is
// said of it besides its values, and between which these are.
type way struct {
	where     func(*binder) string
	low, high any // the second exclusive; nil is no bound
}

// has reports whether the way can have devices of the reach.
func (w way) has(r reach) bool {
	return r.at == nil || (w.low == nil || compare(r.at, w.low) >= 0) && (w.high == nil || compare(r.at, w.high) < 0)
}

// within says of a row that it is in a reach of the way. Of two bounds it names the
// closer one, since SQLite goes along an index from the first that it is told.
func (w way) within(b *binder, column, no string, r reach) string {
	where := w.where(b)
	if r.at != nil {
		where += " AND " + column + " = " + b.put(r.at)
		for _, k := range r.keys {
			where += " AND " + no + k.than + b.put(k.no)
		}
		return where
	}
	switch {
	case r.over != nil && (w.low == nil || compare(r.over, w.low) >= 0):
		where += " AND " + column + " > " + b.put(r.over)
	case w.low != nil:
		where += " AND " + column + " >= " + b.put(w.low)
	}
	switch {
	case r.under != nil && (w.high == nil || compare(r.under, w.high) <= 0):
		where += " AND " + column + " < " + b.put(r.under)
	case w.high != nil:
		where += " AND " + column + " < " + b.put(w.high)
	}
	return where
}

// compare compares values of one column.
func compare(a, b any) int {
	if n, ok := a.(int64); ok {
		return cmp.Compare(n, b.(int64))
	}
	return strings.Compare(a.(string), b.(string))
}

// walk returns the next keys along an order, up to a place unless that is nil.
func (f *finder) walk(ctx context.Context, o ordering, last *reeve.DeviceRow, limit int) (keys []int64, err error) {
	order, _ := f.direction()
	for _, r := range f.reaches(o, f.from, last) {
		if len(keys) == limit {
			break
		}
		b := &binder{db: f.db}
		from, asked := o.asked(f, b)
		most := b.put(f.offset() + limit - len(keys))
		var arms []string
		for _, w := range o.ways(f) {
			if !w.has(r) {
				continue
			}
			arms = append(arms, "SELECT no, value FROM (SELECT "+o.no+" AS no, "+o.column+" AS value FROM "+from+" WHERE "+
				strings.Join(append(slices.Clone(asked), w.within(b, o.column, o.no, r)), " AND ")+
				" ORDER BY "+o.column+order+", "+o.no+order+" LIMIT "+most+") AS arm")
		}
		if len(arms) == 0 {
			continue
		}
		found, err := all(ctx, f.db, firstNumber, strings.Join(arms, " UNION ALL ")+" ORDER BY value"+order+", no"+order+
			" LIMIT "+b.put(limit-len(keys))+" OFFSET "+b.put(f.offset()), b.args...)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	return keys, nil
}

// firstNumber scans the first of two columns.
func firstNumber(r rows) (n int64, err error) { return n, r.Scan(&n, new(any)) }

// walkEnd returns the place at which a step of so many devices ends, nil if it may
// go to the end of the order. A step along several ways ends where the first does.
func (f *finder) walkEnd(ctx context.Context, o ordering, step int) (end *reeve.DeviceRow, err error) {
	order, _ := f.direction()
	for _, r := range f.reaches(o, f.from, nil) {
		for _, w := range o.ways(f) {
			if !w.has(r) {
				continue
			}
			b := &binder{db: f.db}
			row, found, err := first(ctx, f.db, func(r rows) (reeve.DeviceRow, error) {
				var no int64
				var value any
				err := r.Scan(&no, &value)
				return o.row(no, value), err
			}, "SELECT "+o.no+", "+o.column+" FROM "+o.table+" WHERE "+w.within(b, o.column, o.no, r)+
				" ORDER BY "+o.column+order+", "+o.no+order+" LIMIT 1 OFFSET "+b.put(step-1), b.args...)
			if err != nil {
				return nil, err
			}
			if found && (end == nil || cmp.Or(compare(o.value(row), o.value(*end)), cmp.Compare(row.No, end.No)) < 0 != f.q.Desc) {
				end = &row
			}
		}
		if end != nil {
			return end, nil
		}
	}
	return nil, nil
}
