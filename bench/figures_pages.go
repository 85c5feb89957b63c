package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"time"

	"reeve/internal/door"
)

// Lists do not become slow because the fleet is large.
func init() {
	for _, kind := range []string{sqlite, postgres} {
		define(figure{
			name:  "page-p95-" + kind,
			goal:  atMost(2),
			about: "the 95th percentile of pages of 50 devices at random places in the order of keys, of 1,000,000 devices over that of 1,000",
			run: func(ctx context.Context, b *bench) (float64, error) {
				var houses []*house
				for _, size := range []int{1_000_000, 1000} {
					f, err := b.newFleet(ctx, kind, size, 0)
					if err != nil {
						return 0, err
					}
					h, err := f.open(ctx)
					if err != nil {
						return 0, err
					}
					b.after(func() { h.close(ctx) })
					houses = append(houses, h)
				}
				taken := make([][]time.Duration, len(houses))
				runtime.GC()
				for range 2000 {
					for i, h := range houses {
						d, err := h.page(ctx)
						if err != nil {
							return 0, err
						}
						taken[i] = append(taken[i], d)
					}
				}
				for i, h := range houses {
					slices.Sort(taken[i])
					say("of %d devices: median %v, 95th percentile %v", h.fleet.size, percentile(taken[i], 50), percentile(taken[i], 95))
				}
				return percentile(taken[0], 95).Seconds() / percentile(taken[1], 95).Seconds(), nil
			},
		})
	}
}

func percentile(sorted []time.Duration, p int) time.Duration { return sorted[len(sorted)*p/100] }

// page asks for one page of devices, anywhere.
func (h *house) page(ctx context.Context) (time.Duration, error) {
	const size = 50
	cursor := door.Cursor("devices", h.fleet.account.No, rand.Int64N(int64(h.fleet.size-size)))
	e, err := h.call(ctx, http.MethodGet, fmt.Sprintf("/api/v1/devices?limit=%d&cursor=%s", size, cursor), nil, http.StatusOK)
	return e.taken(), err
}
