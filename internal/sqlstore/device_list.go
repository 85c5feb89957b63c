package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"reeve"
)

// Devices returns a page: first the keys of its devices are found, then their
// records are read.
func (s *Store) Devices(ctx context.Context, account int64, q reeve.DeviceQuery) ([]reeve.Device, error) {
	f, err := s.newFinder(ctx, s.db, account, q)
	if err != nil || f.nothing {
		return nil, err
	}
	var keys []int64
	if q.Sort == reeve.ByRecord && q.Page < 2 {
		keys, err = f.next(ctx)
	} else {
		keys, err = f.numbered(ctx)
	}
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	these, arg := s.db.among(1, numbers("no", keys))
	devices, err := s.devices(ctx, s.db, "devices AS d", " WHERE d.no "+these, arg)
	place := make(map[int64]int, len(keys))
	for i, key := range keys {
		place[key] = i
	}
	slices.SortFunc(devices, func(a, b reeve.Device) int { return cmp.Compare(place[a.No], place[b.No]) })
	return devices, err
}

// next returns the keys that follow q.After; with Desc, those that precede it.
func (f *finder) next(ctx context.Context) ([]int64, error) {
	streams, err := f.streams(ctx)
	if err != nil {
		return nil, err
	}
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
	if s.asIs {
		return all(ctx, asIs{f.db}, number, text, args...)
	}
	return all(ctx, f.db, number, text, args...)
}

// fewEnough is how many devices are sorted rather than skipped along an index.
const fewEnough = 5000

// numbered returns the keys of a page that is found by its number. Few devices
// are gathered and sorted; of many, those of the pages before are passed over.
func (f *finder) numbered(ctx context.Context) ([]int64, error) {
	if f.isNarrow() {
		streams, err := f.streams(ctx)
		if err != nil {
			return nil, err
		}
		var keys []int64
		for _, s := range streams {
			text, args := f.gather(s)
			found, err := f.numbers(ctx, s, text, args)
			if err != nil {
				return nil, err
			}
			if keys = append(keys, found...); len(keys) > fewEnough {
				break
			}
		}
		if len(keys) <= fewEnough {
			return f.sorted(ctx, keys)
		}
	}
	text, args := f.walk()
	return all(ctx, f.db, number, text, args...)
}

func (f *finder) offset() int { return max(f.q.Page-1, 0) * f.q.Limit }

// gather is the statement for all keys of a stream, up to one too many.
func (f *finder) gather(s stream) (string, []any) {
	b := &binder{db: f.db}
	return "SELECT " + s.no + f.all(b, s) + " LIMIT " + b.put(fewEnough+1), b.args
}

// all is the part of a statement that meets every device of a stream.
func (f *finder) all(b *binder, s stream) string {
	p := f.build(b, s)
	if p.keys != "" {
		p.from = p.keys + " CROSS JOIN " + p.from
	}
	return " FROM " + p.from + " WHERE " + p.where
}

// CountFound counts the devices that a query selects, whatever its page.
func (s *Store) CountFound(ctx context.Context, account int64, q reeve.DeviceQuery) (int64, error) {
	q.Limit, q.Page, q.After, q.Sort = 1, 0, 0, reeve.ByRecord
	f, err := s.newFinder(ctx, s.db, account, q)
	if err != nil || f.nothing {
		return 0, err
	}
	streams, err := f.streams(ctx)
	if err != nil {
		return 0, err
	}
	if len(streams) == 1 { // no device is in it twice
		b := &binder{db: s.db}
		n, err := f.numbers(ctx, streams[0], "SELECT COUNT(*)"+f.all(b, streams[0]), b.args)
		if err != nil {
			return 0, err
		}
		return n[0], nil
	}
	met := map[int64]bool{}
	for _, way := range streams {
		b := &binder{db: s.db}
		keys, err := f.numbers(ctx, way, "SELECT "+way.no+f.all(b, way), b.args)
		if err != nil {
			return 0, err
		}
		for _, key := range keys {
			met[key] = true
		}
	}
	return int64(len(met)), nil
}

// An ordering is a table that has devices in an order: along an index over
// account, column and key.
type ordering struct{ table, column, no string }

var orderings = map[reeve.DeviceSort]ordering{
	reeve.ByHostname: {"device_names AS o", "o.folded", "o.device"},
	reeve.ByLastSeen: {"presence AS o", "o.last_seen", "o.device"},
}

// sorted is the page of these devices.
func (f *finder) sorted(ctx context.Context, keys []int64) ([]int64, error) {
	f.order(keys)
	keys = slices.Compact(keys)
	if o, ok := orderings[f.q.Sort]; ok {
		order, _ := f.direction()
		these, arg := f.db.among(1, numbers("no", keys))
		var err error
		keys, err = all(ctx, f.db, number, "SELECT "+o.no+" FROM "+o.table+" WHERE "+o.no+" "+these+
			" ORDER BY "+o.column+order+", "+o.no+order, arg)
		if err != nil {
			return nil, err
		}
	}
	from := min(f.offset(), len(keys))
	return keys[from:min(from+f.q.Limit, len(keys))], nil
}

// walk is the statement for a page along the index of an order.
func (f *finder) walk() (string, []any) {
	b := &binder{db: f.db}
	order, _ := f.direction()
	conditions := f.conditions(b, 0)
	o, ok := orderings[f.q.Sort]
	if !ok {
		where := append([]string{"d.account = " + b.put(f.account)}, conditions...)
		return "SELECT d.no FROM devices AS d WHERE " + strings.Join(where, " AND ") + " ORDER BY d.no" + order +
			" LIMIT " + b.put(f.q.Limit) + " OFFSET " + b.put(f.offset()), b.args
	}
	from, where := o.table, []string{"o.account = " + b.put(f.account)}
	if !f.isNarrow() && f.everyClass {
		conditions = nil // no device has to be looked at
	}
	if len(conditions) > 0 {
		from += " CROSS JOIN devices AS d"
		where = append(append(where, "d.no = "+o.no), conditions...)
	}
	return "SELECT " + o.no + " FROM " + from + " WHERE " + strings.Join(where, " AND ") +
		" ORDER BY " + o.column + order + ", " + o.no + order + " LIMIT " + b.put(f.q.Limit) + " OFFSET " + b.put(f.offset()), b.args
}

// CountDevices returns how many devices the account has in each standing.
func (s *Store) CountDevices(ctx context.Context, account int64) (map[reeve.Standing]int64, error) {
	counts, err := all(ctx, s.db, func(r rows) (v [2]int64, err error) { return v, r.Scan(&v[0], &v[1]) },
		"SELECT d.class, COUNT(*) FROM devices AS d WHERE d.account = $1 GROUP BY d.class", account)
	byStanding := map[reeve.Standing]int64{}
	for _, c := range counts {
		if standing := standingOf(c[0]); standing <= reeve.Archived {
			byStanding[standing] += c[1]
		}
	}
	return byStanding, err
}

// CountExempt returns how many managed devices are exempt at now from everything.
func (s *Store) CountExempt(ctx context.Context, account int64, now time.Time) (int64, error) {
	n, _, err := first(ctx, s.db, number, `SELECT COUNT(*) FROM exemptions AS e CROSS JOIN devices AS d
		WHERE e.kind = 0 AND e.until > $2 AND d.no = e.device AND d.account = $1 AND d.class & 7 = 0`, account, micro(now))
	return n, err
}
