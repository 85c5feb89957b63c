package main

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
)

// The bare single-row transaction: what one durable change costs at least.
func init() {
	for _, kind := range []string{sqlite, postgres} {
		define(figure{
			name:  "single-row-" + kind + "-microseconds",
			about: "one row inserted into the commands of R in a transaction of its own",
			run: func(ctx context.Context, b *bench) (float64, error) {
				single, err := b.singleRow(ctx, kind)
				if err != nil {
					return 0, err
				}
				middle, err := median("one row", 500, single)
				return float64(middle.Nanoseconds()) / 1e3, err
			},
		})
	}
}

// singleRow opens R with a fleet of 100,000 and returns a pass that commits one
// new command to it.
func (b *bench) singleRow(ctx context.Context, kind string) (pass, error) {
	y, err := b.newYardstick(ctx, kind, 100_000, 1)
	if err != nil {
		return nil, err
	}
	db, err := y.fresh(ctx)
	if err != nil {
		return nil, err
	}
	b.after(func() { db.Close() })
	dice := rand.New(rand.NewPCG(1, 1))
	return func() (time.Duration, error) {
		command, device, now := hexID(dice), hexID(dice), time.Now()
		err := inTransaction(ctx, db, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO commands VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')",
				y.account, command, y.job, device, scan, 1, now.UnixMicro(), now.Add(time.Hour).UnixMicro())
			return err
		})
		return time.Since(now), err
	}, nil
}
