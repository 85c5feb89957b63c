package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"reeve"
	"reeve/internal/cmapi"
	"reeve/internal/door"
)

// Asking who asks costs no more than the answer.
func init() {
	for _, kind := range []string{sqlite, postgres} {
		define(figure{
			name:  "read-auth-" + kind,
			goal:  atLeast(0.5),
			about: "pages of 20 devices per second for a token under a rate limit, over those of the same handler that lets everybody in",
			run: func(ctx context.Context, b *bench) (float64, error) {
				f, err := b.newFleet(ctx, kind, 1000, 0)
				if err != nil {
					return 0, err
				}
				h, err := f.open(ctx)
				if err != nil {
					return 0, err
				}
				b.after(func() { h.close(ctx) })
				strict, token, err := h.strict(ctx)
				if err != nil {
					return 0, err
				}
				// The ratio of times, turned round, is that of requests per second.
				slower, err := ratio(9, reads(ctx, strict, token), reads(ctx, h.doors, token))
				return 1 / slower, err
			},
		})
	}
}

// strict is the published API as it is served, with the token of an app whose
// limit is counted and never reached.
func (h *house) strict(ctx context.Context) (http.Handler, string, error) {
	admin := reeve.Caller{Account: h.fleet.account.No, Scopes: reeve.Scopes{reeve.Read, reeve.Write, reeve.Admin}}
	app, secret, err := h.rules.CreateApp(ctx, admin, reeve.App{Name: "reader", Scopes: reeve.Scopes{reeve.Read}, RequestsPerMinute: 1_000_000_000})
	if err != nil {
		return nil, "", err
	}
	granted, err := h.rules.Grant(ctx, app.ClientID, secret)
	return door.Open(door.Config{Keeper: h.rules, Log: slog.New(slog.DiscardHandler)},
		cmapi.Routes(cmapi.Config{Rules: h.rules, Accounts: h.store, Devices: h.store, Groups: h.store, Jobs: h.store, Trail: h.store, Mark: h.fleet.keys.Mark}),
	), granted.Token, err
}

// reads asks for 2000 pages, four at a time.
func reads(ctx context.Context, doors http.Handler, token string) pass {
	return func() (time.Duration, error) {
		var left, failed atomic.Int64
		left.Store(2000)
		var clients sync.WaitGroup
		began := time.Now()
		for range 4 {
			clients.Go(func() {
				for left.Add(-1) >= 0 {
					request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/o/api/v3.7/devices", http.NoBody)
					request.Header.Set("Authorization", "Bearer "+token)
					recorder := httptest.NewRecorder()
					doors.ServeHTTP(recorder, request)
					if recorder.Code != http.StatusOK {
						failed.Store(int64(recorder.Code))
					}
				}
			})
		}
		clients.Wait()
		if status := failed.Load(); status != 0 {
			return 0, fmt.Errorf("a page was answered %d", status)
		}
		return time.Since(began), nil
	}
}
