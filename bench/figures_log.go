package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
	"reeve/internal/trail"
)

// A history is one way to look at what happened to the fleet; see list.
type history struct {
	name  string
	goal  float64 // milliseconds
	times int
	page  func(ctx context.Context, p *past) error
}

var histories = []history{
	{"rows", 1, 1000, logged(func(q *reeve.LogQuery, p *past) {})},
	{"rows-newest", 1, 1000, logged(func(q *reeve.LogQuery, p *past) { q.Newest, q.After, q.Before = true, 0, q.After })},
	{"rows-since", 1, 1000, logged(func(q *reeve.LogQuery, p *past) { q.After, q.Since = 0, p.at(rand.IntN(logRows)) })},
	{"rows-event-rare", 1, 1000, logged(func(q *reeve.LogQuery, p *past) { q.Events = []string{"webhook_failed"} })},
	{"rows-device", 1, 1000, logged(func(q *reeve.LogQuery, p *past) { q.After, q.Device = 0, p.fleet.ids[rand.IntN(listed)] })},
	{"rows-job", 1, 1000, logged(func(q *reeve.LogQuery, p *past) { q.After, q.Job = 0, p.small(rand.IntN(smallJobs)) })},
	{"events", 1, 1000, told(func(q *trail.Query) {})},
	{"events-rare", 1, 1000, told(func(q *trail.Query) {
		q.From.Leaf, q.Events = 0, []string{reeve.JobPlaced, "webhook_failed"}
		q.Wanted = func(r trail.Row) bool { return r.Event == "webhook_failed" }
	})},
	{"jobs", 1, 1000, ordered(func(q *reeve.JobQuery) {})},
	{"jobs-action", 1, 1000, ordered(func(q *reeve.JobQuery) { q.Actions = []string{"ignore", "exempt"} })},
	{"jobs-source", 1, 1000, ordered(func(q *reeve.JobQuery) { q.Sources = []reeve.Source{reeve.FromConsole, reeve.FromOAuthAPI} })},
	{"jobs-open", 1, 1000, ordered(func(q *reeve.JobQuery) { q.Open = true })},
	{"commands", 1, 1000, commanded(nil)},
	{"commands-common", 1, 1000, commanded([]reeve.State{reeve.Succeeded})},
	{"commands-rare", 1, 100, commanded([]reeve.State{reeve.Failed})},
	{"commands-none", 1, 1000, commanded([]reeve.State{reeve.Expired})},
	{"commands-device", 1, 1000, func(ctx context.Context, p *past) error {
		_, err := p.store.DeviceCommands(ctx, p.fleet.account.No, 1+rand.Int64N(listed), 0, 50)
		return err
	}},
	{"commands-device-many", 1, 1000, func(ctx context.Context, p *past) error {
		_, err := p.store.DeviceCommands(ctx, p.fleet.account.No, 1, p.small(rand.IntN(smallJobs)), 50)
		return err
	}},
	{"request-rows", 5, 1000, requested("GET", "/api/v1/log", func(p *past) (string, string) { return fmt.Sprintf("?limit=50&after=%d", rand.Int64N(p.last)), "" })},
	{"request-jobs", 5, 1000, requested("GET", "/api/v1/jobs", func(p *past) (string, string) {
		return "?limit=50&cursor=" + door.Cursor("jobs", p.fleet.account.No, int64(p.small(rand.IntN(smallJobs)))), ""
	})},
	{"request-commands", 5, 1000, requested("GET", "/api/v1/jobs/", func(p *past) (string, string) {
		return p.great[rand.IntN(3)].String() + "/commands?limit=50&cursor=" + door.Cursor("commands", p.fleet.account.No, rand.Int64N(listed)), ""
	})},
	{"request-commands-device", 5, 1000, requested("GET", "/api/v1/devices/", func(p *past) (string, string) {
		return p.fleet.ids[rand.IntN(listed/10)*10] + "/commands?limit=50", ""
	})},
	{"request-events", 5, 1000, requested("POST", "/o/api/v3.3/logs", func(p *past) (string, string) {
		at := p.place()
		return "", fmt.Sprintf(`{"event_category":"device","limit":50,"token":"%s"}`, door.Cursor("logs device", p.fleet.account.No, at.Seq, at.Leaf))
	})},
	{"request-events-rare", 5, 1000, requested("POST", "/o/api/v3.3/logs", func(p *past) (string, string) {
		return "", fmt.Sprintf(`{"event_category":"webhook","limit":50,"token":"%s"}`, door.Cursor("logs webhook", p.fleet.account.No, rand.Int64N(p.last), 0))
	})},
	{"number-to-200", 20, 200, eventsByNumber(200)},
	{"number-anywhere", 300, 100, eventsByNumber(50_000)},
	{"number-newest-to-200", 20, 200, newestByNumber(200)},
	{"number-newest-anywhere", 300, 100, newestByNumber(50_000)},
	{"changes-to-200", 20, 100, changes(200, 86400)},
	{"changes-anywhere", 300, 100, changes(listed/50, 86400)},
	{"changes-of-an-hour", 20, 100, changes(20, 3600)},
	{"threats", 20, 200, requested("POST", "/o/api/v3/get_threats", func(p *past) (string, string) {
		return fmt.Sprintf("?limit=50&page=%d", 1+rand.IntN(infested/50)), `{"id":"` + p.fleet.ids[0] + `"}`
	})},
}

func init() {
	for _, kind := range []string{sqlite, postgres} {
		for _, h := range histories {
			define(figure{
				name: "log-" + h.name + "-" + kind + "-ms", goal: atMost(h.goal),
				about: "the 95th percentile of pages of 50 of the history " + strings.ReplaceAll(h.name, "-", " ") + ", of 1,000,000 devices and 3,150,000 events",
				run: func(ctx context.Context, _ *bench) (float64, error) {
					p, err := crowdWithPast(ctx, kind)
					if err != nil {
						return 0, err
					}
					return percentile95(h.times, func() error { return h.page(ctx, p) })
				},
			})
		}
	}
}

// place is somewhere in the history: in every other case in a job on all devices.
func (p *past) place() trail.Place {
	if rand.IntN(2) == 0 {
		return trail.Place{Seq: p.rows[rand.IntN(len(p.rows))], Leaf: rand.Int64N(listed)}
	}
	return trail.Place{Seq: rand.Int64N(p.last)}
}

func logged(what func(*reeve.LogQuery, *past)) func(context.Context, *past) error {
	return func(ctx context.Context, p *past) error {
		q := reeve.LogQuery{After: rand.Int64N(p.last), Limit: 50}
		what(&q, p)
		_, err := p.store.Log(ctx, p.fleet.account.No, q)
		return err
	}
}

func told(what func(*trail.Query)) func(context.Context, *past) error {
	return func(ctx context.Context, p *past) error {
		q := trail.Query{From: p.place(), Limit: 50}
		what(&q)
		_, err := trail.Read(ctx, p.store, p.fleet.account.No, q)
		return err
	}
}

func ordered(what func(*reeve.JobQuery)) func(context.Context, *past) error {
	return func(ctx context.Context, p *past) error {
		q := reeve.JobQuery{Before: p.small(rand.IntN(smallJobs)), Limit: 50}
		what(&q)
		_, err := p.store.Jobs(ctx, p.fleet.account.No, q)
		return err
	}
}

func commanded(states []reeve.State) func(context.Context, *past) error {
	return func(ctx context.Context, p *past) error {
		_, err := p.store.Commands(ctx, p.fleet.account.No, p.great[2], states, rand.Int32N(listed), 50)
		return err
	}
}

// requested is asked of a past.
func requested(method, path string, what func(*past) (query, body string)) func(context.Context, *past) error {
	return func(ctx context.Context, p *past) error {
		return asked(method, path, func(*house) (string, string) { return what(p) })(ctx, p.house)
	}
}

func eventsByNumber(last int) func(context.Context, *past) error {
	return requested(http.MethodPost, "/o/api/v3/logs", func(*past) (string, string) {
		return "", fmt.Sprintf(`{"limit":50,"page":%d}`, 1+rand.IntN(last))
	})
}

func newestByNumber(last int) func(context.Context, *past) error {
	return requested(http.MethodGet, "/o/api/v2/logs", func(*past) (string, string) {
		return fmt.Sprintf("?limit=50&page=%d", 1+rand.IntN(last)), ""
	})
}

func changes(last int, age time.Duration) func(context.Context, *past) error {
	return requested(http.MethodPost, "/o/api/v3/devices/status_changed", func(*past) (string, string) {
		return "", fmt.Sprintf(`{"limit":50,"page":%d,"age":%d}`, 1+rand.IntN(last), age)
	})
}
