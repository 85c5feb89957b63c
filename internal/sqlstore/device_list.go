package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"reeve"
)

// Devices returns a page, however long it has to be looked for.
func (s *Store) Devices(ctx context.Context, account int64, q reeve.DeviceQuery) ([]reeve.Device, error) {
	devices, _, err := s.LookForDevices(ctx, account, q, 0)
	return devices, err
}

// LookForDevices returns as much of a page as it finds in time: first the keys of
// its devices are found, then their records are read.
func (s *Store) LookForDevices(ctx context.Context, account int64, q reeve.DeviceQuery, patience time.Duration) ([]reeve.Device, *reeve.DeviceRow, error) {
	f, err := s.newFinder(ctx, s.db, account, q)
	if err != nil || f.nothing {
		return nil, nil, err
	}
	f.patience = patience
	keys, on, err := f.find(ctx)
	if err != nil || len(keys) == 0 {
		return nil, on, err
	}
	if f.back {
		slices.Reverse(keys)
	}
	these, arg := s.db.among(1, numbers("no", keys))
	devices, err := s.devices(ctx, s.db, "devices AS d", " WHERE d.no "+these, arg)
	place := make(map[int64]int, len(keys))
	for i, key := range keys {
		place[key] = i
	}
	slices.SortFunc(devices, func(a, b reeve.Device) int { return cmp.Compare(place[a.No], place[b.No]) })
	return devices, on, err
}

// find returns the keys of the page, and where it stopped if that may not be all.
func (f *finder) find(ctx context.Context) (keys []int64, on *reeve.DeviceRow, err error) {
	if f.offset() > 0 {
		keys, err = f.numbered(ctx)
		return keys, nil, err
	}
	if o, ok := f.ordering(); ok {
		return f.walkOn(ctx, o)
	}
	streams, err := f.streams(ctx)
	if err != nil {
		return nil, nil, err
	}
	if f.patience > 0 && f.asks(streams) {
		return f.sweep(ctx, streams)
	}
	keys, err = f.next(ctx, streams)
	return keys, nil, err
}

// next returns the keys that follow q.After; with Desc, those that precede it.
func (f *finder) next(ctx context.Context, streams []stream) ([]int64, error) {
	var keys []int64
	for _, s := range streams {
		text, args := f.page(s)
		found, err := f.numbers(ctx, s, text, args)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	f.order(keys)
	keys = slices.Compact(keys)
	return keys[:min(len(keys), f.q.Limit)], nil
}

func (f *finder) order(keys []int64) {
	slices.Sort(keys)
	if f.q.Desc {
		slices.Reverse(keys)
	}
}

func (f *finder) direction() (order, than string) {
	if f.q.Desc {
		return " DESC", " < "
	}
	return "", " > "
}

// page is the statement for the next keys of a stream.
func (f *finder) page(s stream) (string, []any) {
	b := &binder{db: f.db}
	p := f.build(b, s)
	order, than := f.direction()
	begin := ""
	if f.q.After != 0 {
		after := b.put(f.q.After)
		begin = " AND " + p.no + than + after
		if p.no != "d.no" { // PostgreSQL does not conclude it from their being equal
			begin += " AND d.no" + than + after
		}
	}
	limit := b.put(f.q.Limit)
	if p.keys != "" {
		return f.db.merged(p, begin, order, than, limit), b.args
	}
	return "SELECT " + p.no + " FROM " + p.from + " WHERE " + p.where + begin + " ORDER BY " + p.no + order + " LIMIT " + limit, b.args
}

func (f *finder) numbers(ctx context.Context, s stream, text string, args []any) ([]int64, error) {
	return allOf(ctx, f, s, number, text, args)
}

// allOf asks about a stream in the way that it has to be asked about.
func allOf[T any](ctx context.Context, f *finder, s stream, scan func(rows) (T, error), text string, args []any) ([]T, error) {
	if s.asIs {
		return all(ctx, asIs{f.db}, scan, text, args...)
	}
	return all(ctx, f.db, scan, text, args...)
}
