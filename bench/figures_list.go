package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

// A list is one way to look at the fleet. Its figure is the 95th percentile, in
// milliseconds, of pages of 50 at random places.
type list struct {
	name  string
	goals map[string]float64
	times int
	page  func(ctx context.Context, c *house) error
}

func sameGoal(ms float64) map[string]float64 { return map[string]float64{sqlite: ms, postgres: ms} }

const listed = 1_000_000

var lists = []list{
	{"page", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) {})},
	{"standing-common", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Standings = []reeve.Standing{reeve.Unknown} })},
	{"standing-rare", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Standings = []reeve.Standing{reeve.Ignored} })},
	{"standing-archived", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Standings = []reeve.Standing{reeve.Archived} })},
	{"system", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Systems = []reeve.System{reeve.MacOS} })},
	{"group", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) { q.GroupIDs = []string{c.fleet.group}; q.After %= listed / 10 })},
	{"group-standing-rare", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) {
		q.GroupIDs, q.Standings = []string{c.fleet.group}, []reeve.Standing{reeve.Ignored}
		q.After = 0
	})},
	{"type", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Types = []string{"server"} })},
	{"connected", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Presence = []reeve.Presence{reeve.Connected} })},
	{"unseen", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Presence = []reeve.Presence{reeve.Unseen} })},
	{"exempt", sameGoal(1), 1000, query(func(q *reeve.DeviceQuery, c *house) {
		exempt := true
		q.Exempt, q.Standings = &exempt, []reeve.Standing{reeve.Managed}
	})},
	{"search-4", map[string]float64{sqlite: 4, postgres: 1}, 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Search = fmt.Sprint(1000 + rand.IntN(9000)) })},
	{"search-6", map[string]float64{sqlite: 4, postgres: 1}, 1000, query(func(q *reeve.DeviceQuery, c *house) {
		q.Search, q.After = fmt.Sprint(100_000+rand.IntN(900_000)), 0
	})},
	{"search-common", map[string]float64{sqlite: 4, postgres: 1}, 1000, query(func(q *reeve.DeviceQuery, c *house) { q.Search = "EXAM" })},
	{"search-short", sameGoal(1000), 50, query(func(q *reeve.DeviceQuery, c *house) { q.Search, q.After = "zz", 0 })},
	{"number-to-200", sameGoal(20), 100, numbered(200)},
	{"number-anywhere", sameGoal(300), 40, numbered(listed / 50)},
	{"number-hostname-to-200", sameGoal(20), 100, numbered(200, func(q *reeve.DeviceQuery) { q.Sort = reeve.ByHostname })},
	{"number-hostname-anywhere", sameGoal(300), 40, numbered(listed/50, func(q *reeve.DeviceQuery) { q.Sort = reeve.ByHostname })},
	{"number-seen-to-200", sameGoal(20), 100, numbered(200, func(q *reeve.DeviceQuery) { q.Sort, q.Desc = reeve.ByLastSeen, true })},
	{"number-system-hostname-to-200", sameGoal(20), 100, numbered(200, func(q *reeve.DeviceQuery) {
		q.Sort, q.Systems = reeve.ByHostname, []reeve.System{reeve.MacOS}
	})},
	{"count", sameGoal(50), 20, func(ctx context.Context, c *house) error {
		_, err := c.store.CountDevices(ctx, c.fleet.account.No)
		return err
	}},
	{"count-exempt", sameGoal(50), 20, func(ctx context.Context, c *house) error {
		_, err := c.store.CountExempt(ctx, c.fleet.account.No, time.Now())
		return err
	}},
	{"groups", sameGoal(50), 20, func(ctx context.Context, c *house) error {
		_, err := c.store.Groups(ctx, c.fleet.account.No, reeve.GroupQuery{Limit: 50, Page: 1})
		return err
	}},
	{"found", sameGoal(20), 100, asked(http.MethodGet, "/o/api/v2.1/devices/search", func(*house) (string, string) {
		return fmt.Sprintf("?limit=50&page=%d&q=%d", 1+rand.IntN(3), 1000+rand.IntN(9000)), ""
	})},
	{"found-common", sameGoal(300), 20, asked(http.MethodGet, "/o/api/v2.1/devices/search", func(*house) (string, string) {
		return fmt.Sprintf("?limit=50&page=%d&q=exam", 1+rand.IntN(200)), ""
	})},
	{"statistics-added", sameGoal(300), 20, asked(http.MethodGet, "/o/api/v2/devices/stats", func(c *house) (string, string) {
		return "?event=added&opt=1&in=1&period=second", ""
	})},
	{"groups-request", sameGoal(20), 20, asked(http.MethodPost, "/o/api/v3/groups", func(*house) (string, string) { return "", `{"limit":50}` })},
	{"request", sameGoal(5), 1000, func(ctx context.Context, c *house) error {
		token := door.Cursor("devices", c.fleet.account.No, rand.Int64N(listed-50))
		_, err := c.call(ctx, http.MethodPost, "/o/api/v3.7/devices", []byte(`{"limit":50,"token":"`+token+`"}`), http.StatusOK)
		return err
	}},
}

func init() {
	for _, kind := range []string{sqlite, postgres} {
		for _, l := range lists {
			define(figure{
				name: "list-" + l.name + "-" + kind + "-ms", goal: atMost(l.goals[kind]),
				about: "the 95th percentile of pages of 50 of the list " + strings.ReplaceAll(l.name, "-", " ") + ", of 1,000,000 devices of all sorts",
				run: func(ctx context.Context, _ *bench) (float64, error) {
					c, err := mixedCrowd(ctx, kind)
					if err != nil {
						return 0, err
					}
					return percentile95(l.times, func() error { return l.page(ctx, c) })
				},
			})
		}
	}
}

// percentile95 looks at a list so many times and returns milliseconds.
func percentile95(times int, page func() error) (float64, error) {
	runtime.GC()
	taken := make([]time.Duration, times)
	for i := range taken {
		began := time.Now()
		if err := page(); err != nil {
			return 0, err
		}
		taken[i] = time.Since(began)
	}
	slices.Sort(taken)
	say("median %v, 95th percentile %v, longest %v", percentile(taken, 50), percentile(taken, 95), taken[len(taken)-1])
	return percentile(taken, 95).Seconds() * 1000, nil
}

// query asks the store for a page behind a random device.
func query(what func(*reeve.DeviceQuery, *house)) func(context.Context, *house) error {
	return func(ctx context.Context, c *house) error {
		q := reeve.DeviceQuery{Limit: 50, After: rand.Int64N(listed), Now: time.Now(), UnseenAfter: 30 * 24 * time.Hour}
		what(&q, c)
		_, err := c.store.Devices(ctx, c.fleet.account.No, q)
		return err
	}
}

// numbered asks for a page by its number, up to last.
func numbered(last int, more ...func(*reeve.DeviceQuery)) func(context.Context, *house) error {
	return func(ctx context.Context, c *house) error {
		q := reeve.DeviceQuery{Limit: 50, Page: 1 + rand.IntN(last)}
		for _, add := range more {
			add(&q)
		}
		_, err := c.store.Devices(ctx, c.fleet.account.No, q)
		return err
	}
}

// asked makes a request with a random query and body.
func asked(method, path string, what func(*house) (query, body string)) func(context.Context, *house) error {
	return func(ctx context.Context, c *house) error {
		query, body := what(c)
		_, err := c.call(ctx, method, path+query, []byte(body), http.StatusOK)
		return err
	}
}
