package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// Reeve beside NanoMDM: each on PostgreSQL and behind HTTP on loopback.
func init() {
	for action, bound := range map[string]float64{scan: 3, exempt: 2} {
		define(figure{
			name:  "nanomdm-" + action,
			goal:  atLeast(bound),
			about: "devices per second of one " + action + " with 10,000 ids over HTTP, over those of NanoMDM's enqueue",
			run: func(ctx context.Context, b *bench) (float64, error) {
				n, err := b.openNanoMDM(ctx, 10_000)
				if err != nil {
					return 0, err
				}
				f, err := b.newFleet(ctx, postgres, 10_000, 0)
				if err != nil {
					return 0, err
				}
				if err := f.keep(ctx); err != nil {
					return 0, err
				}
				h, err := f.open(ctx)
				if err != nil {
					return 0, err
				}
				b.after(func() { h.close(ctx) })
				post := h.overHTTP(b)
				return ratio(9, n.enqueue(ctx), func() (time.Duration, error) {
					if err := f.fresh(ctx); err != nil {
						return 0, err
					}
					_, taken, err := post(ctx, action, f.ids)
					return taken, err
				})
			},
		})
	}
	define(figure{
		name:  "nanomdm-100k",
		goal:  atMost(http.StatusOK),
		about: "what Reeve answers to 100,000 ids in one request over HTTP, which NanoMDM refuses",
		run: func(ctx context.Context, b *bench) (float64, error) {
			f, err := b.newFleet(ctx, postgres, 100_000, 0)
			if err != nil {
				return 0, err
			}
			h, err := f.open(ctx)
			if err != nil {
				return 0, err
			}
			b.after(func() { h.close(ctx) })
			status, _, err := h.overHTTP(b)(ctx, scan, f.ids)
			return float64(status), err
		},
	})
}

// overHTTP has the house listen on loopback and returns a client: one published
// request, of which every device must take the order.
func (h *house) overHTTP(b *bench) func(ctx context.Context, action string, ids []string) (int, time.Duration, error) {
	server := httptest.NewServer(h.doors)
	b.after(server.Close)
	return func(ctx context.Context, action string, ids []string) (int, time.Duration, error) {
		body, err := orderOf(action, ids)
		if err != nil {
			return 0, 0, err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+published, bytes.NewReader(body))
		if err != nil {
			return 0, 0, err
		}
		request.Header.Set("Authorization", "Bearer bench")
		request.Header.Set("Content-Type", "application/json")
		start := time.Now()
		response, err := server.Client().Do(request)
		if err != nil {
			return 0, 0, err
		}
		answer, err := io.ReadAll(response.Body)
		taken := time.Since(start)
		err = errors.Join(err, response.Body.Close())
		if n := bytes.Count(answer, []byte(`"status":1`)); err == nil && n != len(ids) {
			err = fmt.Errorf("answered %d; %d of %d devices took the order", response.StatusCode, n, len(ids))
		}
		return response.StatusCode, taken, err
	}
}
