package main

import "context"

// The raw NATS publish, for whoever wants to compare machines. What is judged by
// it measures it again beside itself.
func init() {
	for encryption, encrypted := range map[string]bool{"plain": false, "tls": true} {
		define(figure{
			name:  "raw-nats-5000-" + encryption + "-milliseconds",
			about: "200 bytes to each of 5,000 raw NATS clients in a second process, from the first publish until the last has read",
			run: func(ctx context.Context, b *bench) (float64, error) {
				f, err := b.openFanOut(ctx, 5000, encrypted)
				if err != nil {
					return 0, err
				}
				middle, err := median("publish", 21, f.publish)
				return middle.Seconds() * 1e3, err
			},
		})
	}
}
