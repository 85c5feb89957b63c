package main

import (
	"context"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	"reeve"
	"reeve/internal/link"
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
			about: "from " + f.since + " until the last of 5,000 connected agents has read its command, on SQLite, over a raw NATS" +
				" publish to as many clients; all with TLS, from second processes, and reading is all they do",
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
				agents, err := h.gatherReaders(ctx, count)
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

// gatherReaders connects the first count devices of the fleet as clients that
// only read: an agent checks the seal of its order on a machine of its own, not
// on that of the server.
func (h *house) gatherReaders(ctx context.Context, count int) (*crowd, error) {
	b := h.fleet.bench
	trust := filepath.Join(b.dir, "root.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.fleet.keys.RootCert()})
	if err := os.WriteFile(trust, certificate, 0o600); err != nil {
		return nil, err
	}
	return b.gather(ctx, "-readers", readersSettings{
		Address: h.bus.Addr().String(), Count: count, Trust: trust, Name: link.ServerName, Agents: true,
	}, count)
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
