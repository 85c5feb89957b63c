package main

import "context"

// NanoMDM itself, for whoever wants to compare machines. What is judged by it
// measures it again beside itself.
func init() {
	define(figure{
		name:  "nanomdm-devices-per-second",
		about: "NanoMDM's enqueue of one command for 10,000 ids in one request, over HTTP, on PostgreSQL",
		run: func(ctx context.Context, b *bench) (float64, error) {
			n, err := b.openNanoMDM(ctx, 10_000)
			if err != nil {
				return 0, err
			}
			middle, err := median("10,000 ids", 9, n.enqueue(ctx))
			return 10_000 / middle.Seconds(), err
		},
	})
	define(figure{
		name:  "nanomdm-100000-ids-status",
		about: "what NanoMDM answers to 100,000 ids in one request",
		run: func(ctx context.Context, b *bench) (float64, error) {
			n, err := b.openNanoMDM(ctx, 100_000)
			if err != nil {
				return 0, err
			}
			status, err := n.post(ctx, n.ids)
			return float64(status), err
		},
	})
}
