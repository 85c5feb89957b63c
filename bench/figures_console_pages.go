package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"reeve"
	"reeve/internal/door"
)

// Every page of the console, of a fleet with a past, as a browser asks for it:
// how long the server takes, and how much it sends.
func init() {
	for _, kind := range []string{sqlite, postgres} {
		define(figure{name: "console-pages-" + kind + "-ms", goal: atMost(50),
			about: "the slowest page of the console by the 95th percentile of the server's time, of 1,000,000 devices",
			run: func(ctx context.Context, b *bench) (float64, error) {
				return ofEveryPage(ctx, b, kind, func(v *visitor, page pageOf) (float64, error) {
					taken, err := v.times(page, 100)
					return taken.Seconds() * 1000, err
				})
			}})
	}
	define(figure{name: "console-first-load-kb", goal: atMost(200),
		about: "the most that a page sends on first load with all that it names, of 1,000,000 devices",
		run: func(ctx context.Context, b *bench) (float64, error) {
			return ofEveryPage(ctx, b, sqlite, func(v *visitor, page pageOf) (float64, error) {
				size, err := v.weigh(page(v.past))
				say("%d bytes", size)
				return float64(size) / 1000, err
			})
		}})
}

// A pageOf is the path of a page, below the console's prefix, at a random place.
type pageOf func(*past) string

func fixedPath(path string) pageOf { return func(*past) string { return path } }

// consolePages are all of them. Those of devices are asked for with each filter
// in each order, at the beginning and behind a random device.
func consolePages() map[string]pageOf {
	pages := map[string]pageOf{
		"device":              func(p *past) string { return "devices/" + p.fleet.ids[10*rand.IntN(listed/10)] },
		"device with threats": func(p *past) string { return "devices/" + p.fleet.ids[0] },
		"job, large":          func(p *past) string { return "jobs/" + p.great[rand.IntN(3)].String() },
		"job, large, deep": func(p *past) string {
			job := p.great[rand.IntN(3)]
			return "jobs/" + job.String() + "?cursor=" + door.Cursor("commands "+job.String(), p.fleet.account.No, rand.Int64N(listed))
		},
		"job, failed of a large": func(p *past) string { return "jobs/" + p.great[2].String() + "?state=failed" },
		"job, small":             func(p *past) string { return "jobs/" + p.small(rand.IntN(smallJobs)).String() },
		"command": func(p *past) string {
			return "commands/" + (reeve.CommandID{Job: p.great[0], Leaf: rand.Int32N(listed)}).String()
		},
		"jobs, deep": func(p *past) string {
			return "jobs?cursor=" + door.Cursor("jobs", p.fleet.account.No, int64(p.small(rand.IntN(smallJobs))))
		},
		"log, deep":        func(p *past) string { return fmt.Sprint("log?before=", rand.Int64N(p.last)) },
		"log, device":      func(p *past) string { return "log?device=" + p.fleet.ids[rand.IntN(listed)] },
		"log, job":         func(p *past) string { return "log?job=" + p.great[0].String() },
		"group":            func(p *past) string { return "groups/" + p.fleet.group },
		"group, to remove": func(p *past) string { return "groups/" + p.fleet.group + "/remove" },
		"group, to act on": func(p *past) string { return "act?action=exempt&group=" + p.fleet.group },
	}
	for _, path := range []string{"overview", "jobs", "jobs?state=open", "jobs?state=ended", "jobs?action=exempt", "jobs?source=console", "jobs?by=bench",
		"jobs?by=nobody", "log", "log?source=asked", "log?source=system", "log?source=console&event=webhook_failed", "log?actor=agents", "log?actor=nobody",
		"log?outcome=forbidden", "log?event=device_enrolled", "groups", "groups?sort=devices", "groups?q=tenth", "groups/new", "approvals", "codes", "codes/new", "apps",
		"apps/new", "webhooks", "webhooks/edit", "webhooks/exports/new", "operators", "operators/new", "settings", "settings/fields", "settings/agents", "sets",
		"sets/new", "accounts", "accounts/new", "me", "enrol", "sign-in", "devices/deleted", "devices/import"} {
		pages[path] = fixedPath(path)
	}
	filters := map[string]func(*past) string{
		"group":          func(p *past) string { return "group=" + p.fleet.group },
		"group, system":  func(p *past) string { return "group=" + p.fleet.group + "&system=mac" },
		"search":         func(*past) string { return fmt.Sprint("q=", 1000+rand.IntN(9000)) },
		"search, system": func(*past) string { return fmt.Sprint("system=linux&q=", 1000+rand.IntN(9000)) },
	}
	for _, text := range []string{"", "standing=unknown", "standing=ignored", "presence=connected", "presence=disconnected", "presence=unseen", "presence=disconnected&type=laptop",
		"exempt=yes", "exempt=no", "system=mac", "kind=persistent", "type=server", "outdated=yes", "version=7.6.9.0", "threats=yes", "ends=day", "ends=week",
		"seen=now", "seen=month", "seen=never", "q=exam", "q=host", "q=nowhere"} {
		filters[text] = fixedPath(text)
	}
	for name, filter := range filters {
		for _, sort := range []string{"", "-name", "seen", "-seen", "added", "-added"} {
			pages["devices by "+sort+" of "+name] = func(p *past) string { return "devices?sort=" + sort + "&" + filter(p) }
			pages["devices by "+sort+" of "+name+", deep"] = func(p *past) string {
				return "devices?sort=" + sort + "&" + filter(p) + "&" + []string{"after", "before"}[rand.IntN(2)] + "=" + p.anywhere()
			}
		}
		pages["count of "+name] = func(p *past) string { return "devices/count?" + filter(p) }
	}
	return pages
}

// anywhere is a place in the list of devices as its addresses write it.
func (p *past) anywhere() string {
	no := 1 + rand.Int64N(listed)
	seen := time.Now().Add(-time.Duration(rand.IntN(60*24)) * time.Hour).UnixMicro()
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"n":%d,"h":%q,"s":%d}`, no, hostname(no), seen))
}

// ofEveryPage returns the largest of what is measured of each page.
func ofEveryPage(ctx context.Context, b *bench, kind string, measured func(*visitor, pageOf) (float64, error)) (float64, error) {
	p, err := crowdWithPast(ctx, kind)
	if err != nil {
		return 0, err
	}
	v, err := b.visit(ctx, p)
	if err != nil {
		return 0, err
	}
	pages, most := consolePages(), 0.0
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		say("%s", name)
		one, err := measured(v, pages[name])
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		most = max(most, one)
	}
	return most, nil
}
