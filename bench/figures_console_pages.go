package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"reeve/internal/control"
)

// Every page of the console, of a fleet with a past, as a browser asks for it:
// how long the server takes, and how much it sends.
func init() {
	const of = " by the 95th percentile of the server's time, of 1,000,000 devices"
	for _, kind := range []string{sqlite, postgres} {
		for _, f := range []struct {
			name, about string
			goal        float64
			of          func(*visitor) ([]taken, error)
		}{
			{"pages", "the slowest page of the console", 50, func(v *visitor) ([]taken, error) {
				lists, err := v.each(deviceLists(), 40)
				if err != nil {
					return nil, err
				}
				pages, err := v.each(consolePages(), 100)
				return append(lists, pages...), err
			}},
			{"first-looks", "the slowest page of the console that sums up all devices, right after a start", 50, (*visitor).firstLooks},
			{"streams", "the slowest file or stream of news of the console to begin", 50, func(v *visitor) ([]taken, error) { return v.each(consoleStreams(), 40) }},
			{"parts", "the slowest part that pages of the console load when they are there", 5000, func(v *visitor) ([]taken, error) { return v.each(consoleParts(), 5) }},
		} {
			define(figure{name: "console-" + f.name + "-" + kind + "-ms", goal: atMost(f.goal), about: f.about + of,
				run: func(ctx context.Context, b *bench) (float64, error) {
					v, err := b.visitPast(ctx, kind)
					if err != nil {
						return 0, err
					}
					all, err := f.of(v)
					if err != nil {
						return 0, err
					}
					return tellWorst(all, f.goal), nil
				}})
		}
	}
	define(figure{name: "console-first-load-kb", goal: atMost(200),
		about: "the most that a page sends on first load with all that it names, of 1,000,000 devices",
		run: func(ctx context.Context, b *bench) (float64, error) {
			v, err := b.visitPast(ctx, sqlite)
			if err != nil {
				return 0, err
			}
			most, of := 0, ""
			for _, pages := range []map[string]pageOf{consolePages(), deviceLists()} {
				for _, name := range slices.Sorted(maps.Keys(pages)) {
					size, err := v.weigh(pages[name](v.past))
					if err != nil {
						return 0, fmt.Errorf("%s: %w", name, err)
					}
					if size > most {
						most, of = size, name
					}
				}
			}
			say("the most is that of %s", of)
			return float64(most) / 1000, nil
		}})
}

// visitPast signs in to the console of a fleet with a past. A page of the console
// that no figure asks for is an error.
func (b *bench) visitPast(ctx context.Context, kind string) (*visitor, error) {
	p, err := crowdWithPast(ctx, kind)
	if err != nil {
		return nil, err
	}
	v, err := b.visit(ctx, p)
	if err != nil {
		return nil, err
	}
	if left := unasked(p, consolePages(), deviceLists(), consoleStreams(), consoleParts()); len(left) > 0 {
		return nil, fmt.Errorf("no figure asks for %q of the console", left)
	}
	return v, nil
}

// taken is how long the answers to one page took.
type taken struct {
	name           string
	middle, almost time.Duration // the median and the 95th percentile
	cost           time.Duration // the median of the processor's time, for both sides
	size           int           // bytes
}

// each asks for every page so many times.
func (v *visitor) each(pages map[string]pageOf, times int) (all []taken, err error) {
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		one, err := v.times(name, pages[name], times)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// firstLooks asks servers that have begun just now.
func (v *visitor) firstLooks() ([]taken, error) {
	had := v.past.rules
	defer func() { v.past.rules = had }()
	var all []taken
	for name, then := range map[string]string{"overview": "overview/sum", "groups?sort=devices": "groups/counted"} {
		one := taken{name: name}
		var waits []time.Duration
		for range 10 {
			v.past.rules = control.New(v.past.store, v.past.fleet.keys.Seal, nil, control.Options{})
			v.open()
			if _, err := v.get(v.base + name); err != nil {
				return nil, err
			}
			waits = append(waits, v.took())
			if _, err := v.get(v.base + then); err != nil { // so that what is being made disturbs nobody
				return nil, err
			}
		}
		slices.Sort(waits)
		one.middle, one.almost = percentile(waits, 50), percentile(waits, 95)
		all = append(all, one)
	}
	return all, nil
}

// worstTold is how many pages are told of that keep to the goal.
const worstTold = 15

// tellWorst tells of all pages beyond the goal, and some of the others, and
// returns the milliseconds of the worst.
func tellWorst(all []taken, goal float64) float64 {
	slices.SortFunc(all, func(a, b taken) int { return cmp.Compare(b.almost, a.almost) })
	say("%d of %d; median, 95th percentile, processor's time of both sides, bytes", len(all), len(all))
	for i, t := range all {
		beyond := t.almost.Seconds()*1000 > goal
		if i >= worstTold && !beyond {
			break
		}
		mark := " "
		if beyond {
			mark = "!"
		}
		say("%s %9.2f %9.2f %9.2f %7d  %s", mark, ms(t.middle), ms(t.almost), ms(t.cost), t.size, t.name)
	}
	return ms(all[0].almost)
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }
