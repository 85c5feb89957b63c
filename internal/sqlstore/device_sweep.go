package sqlstore

import (
	"context"
	"slices"
	"strings"
	"time"

	"reeve"
)

// A sweep meets the devices of some streams in the order of their keys, a stretch
// of keys at a time. A stretch that takes little of the time is followed by a
// longer one: few of the keys are those of a rare thing, or of a small account.
const (
	firstSweep = 4000 // keys
	sweepMore  = 4    // times as many
)

// sweep returns the keys of a page in the order of the keys themselves, and where
// it stopped if there may be more of them.
func (f *finder) sweep(ctx context.Context, streams []stream) (keys []int64, on *reeve.DeviceRow, err error) {
	order, _ := f.direction()
	tried := false
	at, err := f.stretchByStretch(ctx, f.q.After, func(low, high int64) (bool, error) {
		b := &binder{db: f.db}
		found, err := f.numbers(ctx, streams[0], f.between(b, streams, low, high)+" ORDER BY no"+order+" LIMIT "+b.put(f.q.Limit-len(keys)), b.args)
		if keys = append(keys, found...); tried || err != nil || len(keys) == f.q.Limit {
			return len(keys) == f.q.Limit, err
		}
		tried = true
		few, done, err := f.gatherSorted(ctx, fewEnough)
		if done {
			keys = few
		}
		return done, err
	})
	if at > 0 {
		on = &reeve.DeviceRow{No: at}
	}
	return keys, on, err
}

// countUpTo counts the devices of the streams, up to most of them, and reports whether
// these are all.
func (f *finder) countUpTo(ctx context.Context, streams []stream, most int64) (n int64, all bool, err error) {
	tried := false
	at, err := f.stretchByStretch(ctx, 0, func(low, high int64) (bool, error) {
		b := &binder{db: f.db}
		found, err := f.numbers(ctx, streams[0], "SELECT COUNT(*) FROM ("+f.between(b, streams, low, high)+" LIMIT "+b.put(most-n)+") AS counted", b.args)
		if err != nil {
			return false, err
		}
		if n += found[0]; n == most || tried {
			return n == most, nil
		}
		tried = true
		keys, few, err := f.gather(ctx, fewEnough)
		if few {
			n = min(int64(len(slices.Compact(slices.Sorted(slices.Values(keys))))), most)
		}
		return few, err
	})
	return n, at == 0 && n < most, err
}

// stretchByStretch does something for each stretch of keys behind the given one,
// both ends inclusive, until that is done, every key was met or the patience is
// spent; then it returns where, and otherwise 0.
func (f *finder) stretchByStretch(ctx context.Context, after int64, do func(low, high int64) (done bool, err error)) (int64, error) {
	last, _, err := first(ctx, f.db, number, "SELECT COALESCE(MAX(no), 0) FROM devices")
	if err != nil {
		return 0, err
	}
	if f.q.Desc && after == 0 {
		after = last + 1
	}
	began := time.Now()
	for step := int64(firstSweep); ; {
		turn := time.Now()
		low, high := after+1, after+step
		if f.q.Desc {
			low, high = after-step, after-1
		}
		done, err := do(low, high)
		if done || err != nil || low <= 1 && f.q.Desc || high >= last && !f.q.Desc {
			return 0, err
		}
		if after = high; f.q.Desc {
			after = low
		}
		spent := time.Since(turn)
		switch {
		case f.patience > 0 && time.Since(began) >= f.patience:
			return after, nil
		case f.patience == 0 || spent < f.patience/16:
			step *= sweepMore
		}
	}
}

// between selects the keys of the streams from one key to another.
func (f *finder) between(b *binder, streams []stream, low, high int64) string {
	from, to := b.put(low), b.put(high)
	within := func(no string) string { return no + " >= " + from + " AND " + no + " <= " + to }
	return f.union(b, streams, func(s stream) string {
		if s.no == "d.no" {
			return within(s.no)
		}
		return within(s.no) + " AND " + within("d.no") // PostgreSQL does not conclude it from their being equal
	})
}

// union selects the keys of the streams, each once.
func (f *finder) union(b *binder, streams []stream, and func(stream) string) string {
	var arms []string
	for _, s := range streams {
		arm := "SELECT " + s.no + " AS no" + f.all(b, s)
		if and != nil {
			arm += " AND " + and(s)
		}
		arms = append(arms, arm)
	}
	return strings.Join(arms, " UNION ")
}

// asks reports whether devices that come along the streams are asked for more.
func (f *finder) asks(streams []stream) bool {
	for _, s := range streams {
		if s.shared || f.facets()&^s.grants != 0 || f.isNarrow() && s.grants&byClass == 0 && !f.everyClass {
			return true
		}
	}
	return false
}
