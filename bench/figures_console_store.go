package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"reeve"
)

// What the console's pages ask of the store: 40 ms of the 50 that a page may take.
const consoleGoal = 40

// patience is that of the console's pages.
const patience = 20 * time.Millisecond

// choices are what devices are narrowed by, each of which is shown in every order.
var choices = map[string]func(*reeve.DeviceQuery, *house){
	"all":       func(*reeve.DeviceQuery, *house) {},
	"group":     func(q *reeve.DeviceQuery, c *house) { q.GroupIDs = []string{c.fleet.group} },
	"unknown":   func(q *reeve.DeviceQuery, c *house) { q.Standings = []reeve.Standing{reeve.Unknown} },
	"archived":  func(q *reeve.DeviceQuery, c *house) { q.Standings = []reeve.Standing{reeve.Archived} },
	"exempt":    func(q *reeve.DeviceQuery, c *house) { q.ExemptBefore = time.Now().Add(48 * time.Hour) },
	"system":    func(q *reeve.DeviceQuery, c *house) { q.Systems = []reeve.System{reeve.MacOS} },
	"version":   func(q *reeve.DeviceQuery, c *house) { q.Versions = []reeve.Version{{7, 6, 9, 0}} },
	"type":      func(q *reeve.DeviceQuery, c *house) { q.Types = []string{"server"} },
	"away":      func(q *reeve.DeviceQuery, c *house) { q.Online = new(bool) },
	"unseen":    func(q *reeve.DeviceQuery, c *house) { q.Presence = []reeve.Presence{reeve.Unseen} },
	"added":     func(q *reeve.DeviceQuery, c *house) { q.Added.Since = time.Now().AddDate(0, 0, -7) },
	"search":    func(q *reeve.DeviceQuery, c *house) { q.Search, q.In = fmt.Sprint(1000+rand.IntN(9000)), everyName },
	"away-type": func(q *reeve.DeviceQuery, c *house) { q.Online, q.Types = new(bool), []string{"laptop"} },
}

var everyName = []reeve.DeviceName{reeve.InHostname, reeve.InNickname, reeve.InMAC, reeve.InAddress, reeve.InUser, reeve.InID}

var consoleOrders = map[string]reeve.DeviceSort{"record": reeve.ByRecord, "hostname": reeve.ByHostname, "seen": reeve.ByLastSeen}

// behind asks for a page behind a random device, in an order.
func behind(order reeve.DeviceSort, narrow func(*reeve.DeviceQuery, *house)) func(context.Context, *house) error {
	return func(ctx context.Context, c *house) error {
		found, err := c.store.DevicesByNo(ctx, c.fleet.account.No, []int64{1 + rand.Int64N(listed)})
		if err != nil {
			return err
		}
		q := reeve.DeviceQuery{Limit: 51, Sort: order, Desc: rand.IntN(2) == 0, Now: time.Now(), UnseenAfter: 30 * 24 * time.Hour}
		if len(found) > 0 {
			row := found[0].Row()
			q.AfterRow = &row
		}
		narrow(&q, c)
		_, _, err = c.store.LookForDevices(ctx, c.fleet.account.No, q, patience)
		return err
	}
}

// looks are the other pages.
var looks = map[string]func(context.Context, *past) error{
	"count": func(ctx context.Context, p *past) error {
		_, _, err := p.store.CountUpTo(ctx, p.fleet.account.No, reeve.DeviceQuery{Systems: []reeve.System{reeve.MacOS}}, 10_001, patience)
		return err
	},
	"timeline": func(ctx context.Context, p *past) error {
		no := 1 + rand.Int64N(listed)
		_, err := p.store.Timeline(ctx, p.fleet.account.No, reeve.Device{No: no, ID: p.fleet.ids[no-1]}, reeve.TimelinePlace{}, 50)
		return err
	},
	"timeline-infested": func(ctx context.Context, p *past) error {
		_, err := p.store.Timeline(ctx, p.fleet.account.No, reeve.Device{No: 1, ID: p.fleet.ids[0]}, reeve.TimelinePlace{Job: p.small(rand.IntN(smallJobs))}, 50)
		return err
	},
	"jobs-actor": ordered(func(q *reeve.JobQuery) { q.Actors = []string{"app:bench"} }),
	"jobs-by":    ordered(func(q *reeve.JobQuery) { q.By, q.Actions = "bench", []string{"exempt"} }),
	"log-actor":  logged(func(q *reeve.LogQuery, _ *past) { q.Newest, q.Actors = true, []string{"agents"} }),
	"log-source": logged(func(q *reeve.LogQuery, _ *past) { q.Newest, q.Sources = true, []reeve.Source{reeve.FromConsole} }),
	"log-several": logged(func(q *reeve.LogQuery, p *past) {
		q.Newest, q.Sources, q.Events, q.Outcomes = true, []reeve.Source{reeve.FromSystem, reeve.FromConsole}, []string{"webhook_failed"}, []string{"ok"}
	}),
	"log-failed": logged(func(q *reeve.LogQuery, _ *past) { q.Newest, q.Outcomes = true, []string{"forbidden"} }),
	"overview": func(ctx context.Context, p *past) error {
		v, err := p.rules.View(reeve.Caller{Account: p.fleet.account.No, Source: reeve.FromConsole, Scopes: reeve.Scopes{reeve.Read}})
		if err == nil {
			_, err = v.Overview(ctx)
		}
		return err
	},
}

func defineConsole(name, kind, about string, goal float64, run func(context.Context) (float64, error)) {
	define(figure{name: "console-" + name + "-" + kind + "-ms", goal: atMost(goal),
		about: about + ", of 1,000,000 devices", run: func(ctx context.Context, _ *bench) (float64, error) { return run(ctx) }})
}

func init() {
	for _, kind := range []string{sqlite, postgres} {
		for choice, narrow := range choices {
			for order, sort := range consoleOrders {
				page := behind(sort, narrow)
				about := "the 95th percentile of pages of 50 behind a random device, " + strings.ReplaceAll(choice, "-", " and ") + ", by " + order
				defineConsole("devices-"+choice+"-by-"+order, kind, about, consoleGoal, func(ctx context.Context) (float64, error) {
					c, err := mixedCrowd(ctx, kind)
					if err != nil {
						return 0, err
					}
					return percentile95(100, func() error { return page(ctx, c) })
				})
			}
		}
		for name, look := range looks {
			defineConsole(name, kind, "the 95th percentile of "+strings.ReplaceAll(name, "-", " "), consoleGoal, func(ctx context.Context) (float64, error) {
				p, err := crowdWithPast(ctx, kind)
				if err != nil {
					return 0, err
				}
				return percentile95(200, func() error { return look(ctx, p) })
			})
		}
		defineConsole("overview-made", kind, "how long an overview takes to make, beside the requests", 1000, func(ctx context.Context) (float64, error) {
			p, err := crowdWithPast(ctx, kind)
			if err != nil {
				return 0, err
			}
			return percentile95(20, func() error {
				_, err := p.store.Overview(ctx, p.fleet.account.No, reeve.OverviewQuery{Now: time.Now(), Top: 8})
				return err
			})
		})
		defineConsole("count-by-class", kind, "how long a dry run of all devices takes to count them", 1000, func(ctx context.Context) (float64, error) {
			c, err := mixedCrowd(ctx, kind)
			if err != nil {
				return 0, err
			}
			return percentile95(20, func() error {
				_, err := c.store.CountByClass(ctx, c.fleet.account.No, reeve.DeviceQuery{})
				return err
			})
		})
	}
}
