package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"runtime"
	"time"
)

// How placing grows and shrinks with the number of devices.
func init() {
	for _, kind := range []string{sqlite, postgres} {
		define(figure{
			name: "place-1m-per-device-" + kind,
			goal: atMost(1.1),
			about: "cost per device of the 1,000,000 of a whole account over that of a group of 100,000 of them, both selected by filter," +
				" a pass between two of the group, the worse of exempt and scan",
			run: func(ctx context.Context, b *bench) (float64, error) {
				f, err := b.newFleet(ctx, kind, 1_000_000, 0)
				if err != nil {
					return 0, err
				}
				return f.worst(ctx, func(h *house, action string) (float64, error) {
					tenth, all := h.placingBy(ctx, action, "group", f.group), h.placingBy(ctx, action, "all", true)
					before, during, after, err := inTurn(tenth, all, tenth)
					say("%s: %v of all, %v and %v of a tenth", action, during, before, after)
					return during.Seconds() / 5 / (before + after).Seconds(), err
				})
			},
		})
		define(figure{
			name:  "place-1k-" + kind,
			goal:  atMost(3.5),
			about: "cost per device of 1,000 devices of a fleet of 100,000 over that of all of them, by id, the worse of exempt and scan",
			run: func(ctx context.Context, b *bench) (float64, error) {
				f, err := b.newFleet(ctx, kind, 100_000, 0)
				if err != nil {
					return 0, err
				}
				return f.worst(ctx, func(h *house, action string) (float64, error) {
					few, err := median(action+" of 1,000", 21, h.placingSome(ctx, action, 1000))
					if err != nil {
						return 0, err
					}
					all, err := median(action+" of 100,000", 3, h.placingSome(ctx, action, f.size))
					return few.Seconds() / all.Seconds() * 100, err
				})
			},
		})
		define(figure{
			name:  "place-one-" + kind,
			goal:  atMost(3),
			about: "one device of 100,000 by a published request, over a bare transaction of one row, the worse of exempt and scan",
			run: func(ctx context.Context, b *bench) (float64, error) {
				single, err := b.singleRow(ctx, kind)
				if err != nil {
					return 0, err
				}
				f, err := b.newFleet(ctx, kind, 100_000, 0)
				if err != nil {
					return 0, err
				}
				return f.worst(ctx, func(h *house, action string) (float64, error) {
					return ratio(300, h.placingSome(ctx, action, 1), single)
				})
			},
		})
	}
}

// inTurn runs three passes of which the outer two are to be compared with the
// one between.
func inTurn(first, second, third pass) (a, b, c time.Duration, err error) {
	var taken [3]time.Duration
	for i, p := range []pass{first, second, third} {
		runtime.GC()
		if taken[i], err = p(); err != nil {
			return 0, 0, 0, err
		}
	}
	return taken[0], taken[1], taken[2], nil
}

// worst measures both actions on one server and returns the larger value.
func (f *fleet) worst(ctx context.Context, measure func(h *house, action string) (float64, error)) (float64, error) {
	h, err := f.open(ctx)
	if err != nil {
		return 0, err
	}
	f.bench.after(func() { h.close(ctx) })
	var worst float64
	for _, action := range []string{scan, exempt} {
		value, err := measure(h, action)
		if err != nil {
			return 0, err
		}
		worst = max(worst, value)
	}
	return worst, nil
}

// placingBy is a pass that orders an action through Reeve's own API on the
// devices that a selector means.
func (h *house) placingBy(ctx context.Context, action, selector string, value any) pass {
	return func() (time.Duration, error) {
		body, err := json.Marshal(map[string]any{"action": actions[action], "params": params[action], selector: value})
		if err != nil {
			return 0, err
		}
		if err := h.fleet.tidy(ctx); err != nil {
			return 0, err
		}
		e, err := h.call(ctx, http.MethodPost, "/api/v1/jobs", body, http.StatusCreated)
		return e.taken(), err
	}
}

// placingSome is a pass that orders an action on so many devices, drawn anew
// each time from the whole fleet.
func (h *house) placingSome(ctx context.Context, action string, count int) pass {
	dice := rand.New(rand.NewPCG(uint64(count), 0))
	return func() (time.Duration, error) {
		ids := make([]string, count)
		for i, at := range dice.Perm(len(h.fleet.ids))[:count] {
			ids[i] = h.fleet.ids[at]
		}
		if count > 1 {
			if err := h.fleet.tidy(ctx); err != nil {
				return 0, err
			}
		}
		order, err := h.order(ctx, action, ids)
		return order.taken(), err
	}
}

// tidy does between passes what a server does in its quiet minutes.
func (f *fleet) tidy(ctx context.Context) error {
	if f.kind == sqlite {
		return execAll(ctx, f.db, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return execAll(ctx, f.db, "VACUUM devices, "+f.empty, "CHECKPOINT")
}
