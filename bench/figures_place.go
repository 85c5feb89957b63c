package main

import (
	"context"
)

// Placing 100,000 devices of 100,000 in one published request.
func init() {
	for _, f := range []struct {
		kind, action string
		goal         goal
	}{
		{sqlite, exempt, atMost(0.7)},
		{postgres, exempt, atMost(0.4)},
		{sqlite, scan, atMost(0.8)},
		{postgres, scan, atMost(0.8)},
	} {
		define(figure{
			name: "place-" + f.action + "-" + f.kind,
			goal: f.goal,
			about: f.action + " of 100,000 devices of 100,000 by one published request, from the first byte of the body to the last of the" +
				" answer, over R for the same action",
			run: func(ctx context.Context, b *bench) (float64, error) {
				y, err := b.newYardstick(ctx, f.kind, 100_000, 100_000)
				if err != nil {
					return 0, err
				}
				fleet, err := b.newFleet(ctx, f.kind, 100_000, 0)
				if err != nil {
					return 0, err
				}
				if err := fleet.keep(ctx); err != nil {
					return 0, err
				}
				return ratio(5, fleet.placing(ctx, f.action, fleet.ids), y.place(ctx, f.action))
			},
		})
	}
}
