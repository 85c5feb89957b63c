package main

import (
	"context"
	"time"

	"reeve"
)

// How soon connected agents read what was ordered of them.
func init() {
	for _, f := range []struct {
		name, since string
		goal        goal
		from        func(placed) time.Time
	}{
		{"fanout-from-request", "the first byte of the request", atMost(2), func(p placed) time.Time { return p.asked }},
		{"fanout-from-commit", "the commit", atMost(1.3), func(p placed) time.Time { return p.committed }},
	} {
		define(figure{
			name: f.name,
			goal: f.goal,
			about: "from " + f.since + " until the last of 5,000 agents has read its command and checked the seal, on SQLite," +
				" over a raw NATS publish to as many clients, both with TLS and the clients in a second process",
			run: func(ctx context.Context, b *bench) (float64, error) {
				const count = 5000
				raw, err := b.openFanOut(ctx, count, true)
				if err != nil {
					return 0, err
				}
				fleet, err := b.newFleet(ctx, sqlite, count, count)
				if err != nil {
					return 0, err
				}
				h, err := fleet.open(ctx)
				if err != nil {
					return 0, err
				}
				b.after(func() { h.close(ctx) })
				agents, err := h.gatherAgents(ctx, count, count, false)
				if err != nil {
					return 0, err
				}
				return ratio(15, func() (time.Duration, error) {
					order, err := h.order(ctx, scan, fleet.ids)
					if err != nil {
						return 0, err
					}
					end, err := agents.allHave()
					if err != nil {
						return 0, err
					}
					return end.Sub(f.from(order)), h.forget(ctx)
				}, raw.publish)
			},
		})
	}
}

// forget cancels all open jobs without telling anybody, so that nothing of them
// is sent again.
func (h *house) forget(ctx context.Context) error {
	open, err := h.store.OpenJobs(ctx)
	if err != nil {
		return err
	}
	for _, job := range open {
		entry := reeve.AuditEntry{Account: h.fleet.account.No, At: time.Now(), Event: "job_cancelled"}
		if _, err := h.store.Cancel(ctx, h.fleet.account.No, job, time.Now(), entry); err != nil {
			return err
		}
	}
	return nil
}
