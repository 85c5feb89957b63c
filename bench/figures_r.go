package main

import "context"

// R itself, for whoever wants to compare machines. The figures that are judged
// by it measure it again beside themselves.
func init() {
	for _, kind := range []string{sqlite, postgres} {
		for _, action := range []string{exempt, scan} {
			define(figure{
				name:  "r-" + kind + "-" + action + "-seconds",
				about: "the yardstick R: " + action + " of 100,000 devices of 100,000 on the plain text-key schema",
				run: func(ctx context.Context, b *bench) (float64, error) {
					y, err := b.newYardstick(ctx, kind, 100_000, 100_000)
					if err != nil {
						return 0, err
					}
					middle, err := median("R", 3, y.place(ctx, action))
					return middle.Seconds(), err
				},
			})
		}
	}
}
