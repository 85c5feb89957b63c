package sqlstore

import (
	"math"
	"strings"

	"reeve"
)

// heard says when devices were last heard: all that a query says of it, as what
// the indexes over presence are made for.
type heard struct {
	online bool
	away   []stretch // of last_seen, of those that are not online; rising, apart from one another
}

// A stretch of numbers, the second one exclusive.
type stretch struct{ low, high int64 }

// heardIn is what a query says of it, nil for nothing.
func heardIn(q reeve.DeviceQuery) *heard {
	if len(q.Presence) == 0 && q.Online == nil && q.Seen.IsZero() && !q.NeverSeen {
		return nil
	}
	h := &heard{online: true, away: []stretch{{0, math.MaxInt64}}}
	if len(q.Presence) > 0 {
		h.present(q)
	}
	if q.Online != nil {
		h.online = h.online && *q.Online
		if *q.Online {
			h.away = nil
		}
	}
	if !q.Seen.IsZero() {
		h.online = h.online && q.Seen.Has(q.Now)
		h.narrow(bounds(q.Seen))
	}
	if q.NeverSeen {
		h.online = false
		h.narrow(0, 1)
	}
	return h
}

func (h *heard) present(q reeve.DeviceQuery) {
	cutoff := micro(q.Now.Add(-q.UnseenAfter))
	var is [3]bool
	for _, p := range q.Presence {
		if p >= reeve.Connected && p <= reeve.Unseen {
			is[p] = true
		}
	}
	h.online = is[reeve.Connected]
	switch {
	case is[reeve.Disconnected] && is[reeve.Unseen]:
	case is[reeve.Disconnected]:
		h.narrow(cutoff, math.MaxInt64)
	case is[reeve.Unseen]:
		h.narrow(0, cutoff)
	default:
		h.away = nil
	}
}

func (h *heard) narrow(low, high int64) {
	var left []stretch
	for _, s := range h.away {
		if s = (stretch{max(s.low, low), min(s.high, high)}); s.low < s.high {
			left = append(left, s)
		}
	}
	h.away = left
}

// isNever reports whether no device can have been heard so.
func (h *heard) isNever() bool { return h != nil && !h.online && len(h.away) == 0 }

// ways are the rows of presence in which devices stand so: those that are online,
// and those that were heard between some times.
func (h *heard) ways(row string) (ways []way) {
	online, away := way{where: fixed(row + ".online = 1")}, fixed(row+".online = 0")
	if h == nil {
		return []way{online, {where: away}}
	}
	if h.online {
		ways = append(ways, online)
	}
	for _, s := range h.away {
		w := way{where: away}
		if s.low > 0 {
			w.low = s.low
		}
		if s.high < math.MaxInt64 {
			w.high = s.high
		}
		ways = append(ways, w)
	}
	return ways
}

// condition asks a row; the plus keeps the planner from going along that index.
func (h *heard) condition(b *binder, row string) string {
	var conditions []string
	for _, w := range h.ways("+" + row) {
		conditions = append(conditions, w.within(b, "+"+row+".last_seen", "", reach{}))
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// on reports whether devices that were last heard on a day can be meant; see dayOf.
func (h *heard) on(day int64) bool {
	if day < 0 {
		return h.online
	}
	for _, s := range h.away {
		if day >= s.low/microsInDay && day <= (s.high-1)/microsInDay {
			return true
		}
	}
	return false
}
