package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"
)

// crowds are the large mixed fleets, which take long to load and are only read:
// all figures about lists share them.
var (
	crowds  = map[string]*house{}
	parting []*bench
)

func mixedCrowd(ctx context.Context, kind string) (*house, error) {
	if h := crowds[kind]; h != nil {
		return h, nil
	}
	began := time.Now()
	dir, err := os.MkdirTemp("", "reeve-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir, postgres: os.Getenv("REEVE_TEST_POSTGRES")}
	parting = append(parting, b)
	b.after(func() { os.RemoveAll(dir) })
	f, err := b.newFleet(ctx, kind, listed, 0)
	if err != nil {
		return nil, err
	}
	if err := f.mix(ctx); err != nil {
		return nil, fmt.Errorf("mixing the fleet: %w", err)
	}
	h, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	b.after(func() { h.close(ctx) })
	crowds[kind] = h
	say("a fleet of %d devices on %s is there after %v", listed, kind, time.Since(began).Round(time.Second))
	return h, nil
}

// dismiss ends what figures shared.
func dismiss() {
	for _, b := range parting {
		b.close()
	}
}

// mix gives the fleet 30 classes of agents on three systems; of ten devices one
// is unknown, of a hundred one archived, and three of all are ignored; seven of
// ten are online, the others were heard on one of the last 60 days; one of a
// thousand is exempt.
func (f *fleet) mix(ctx context.Context) error {
	numbers := func(last int) string {
		return "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < " + fmt.Sprint(last) + ")"
	}
	day := int64(24 * time.Hour / time.Microsecond)
	statements := []string{
		"INSERT INTO classes (kind, system, version, abilities) " + numbers(30) + " SELECT 1, 1 + i % 3, '7.6.' || i || '.0', 31 FROM n",
		`UPDATE devices SET class = (SELECT MIN(c.no) + devices.no % 30 FROM classes AS c) * 8 + CASE
			WHEN no IN (77, 444444, 999999) THEN 2 WHEN no % 10 = 3 THEN 1 WHEN no % 100 = 5 THEN 4 ELSE 0 END`,
		fmt.Sprintf("UPDATE presence SET online = CASE WHEN device %% 10 < 7 THEN 1 ELSE 0 END, last_seen = %d - device %% 60 * %d - device",
			time.Now().UnixMicro(), day),
		"UPDATE device_names SET type = CASE device % 4 WHEN 0 THEN 'server' WHEN 1 THEN 'desktop' ELSE 'laptop' END",
		fmt.Sprintf("INSERT INTO exemptions (device, kind, until) SELECT no, 0, %d FROM devices WHERE no %% 1000 = 1", time.Now().Add(24*time.Hour).UnixMicro()),
	}
	err := inTransaction(ctx, f.db, func(tx *sql.Tx) error {
		return f.bare(ctx, tx, copied(), func() error {
			for _, text := range statements {
				if _, err := tx.ExecContext(ctx, text); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return f.settle(ctx)
}
