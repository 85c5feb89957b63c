package main

import (
	"context"
	"fmt"
	"time"

	"reeve"
)

// Completions: a command out, its report in, row and counters committed, and
// acknowledged to the agent.
func init() {
	const agents, jobs, passes = 2000, 25, 5
	about := fmt.Sprintf("%d jobs on each of %d connected agents that report at once, until all reports are stored and acknowledged", jobs, agents)
	for _, kind := range []string{sqlite, postgres} {
		define(figure{
			name:  "completions-" + kind,
			goal:  atLeast(0.85),
			about: about + ": completions per second over those of a store that drops what it is told",
			run: func(ctx context.Context, b *bench) (float64, error) {
				c, err := b.openCompletions(ctx, kind, agents, jobs)
				if err != nil {
					return 0, err
				}
				return ratio(passes, c.dropping(ctx), c.storing(ctx))
			},
		})
		define(figure{
			name:  "completions-per-second-" + kind,
			goal:  atLeast(20_000),
			about: about,
			run: func(ctx context.Context, b *bench) (float64, error) {
				c, err := b.openCompletions(ctx, kind, agents, jobs)
				if err != nil {
					return 0, err
				}
				middle, err := median("storing", 3, c.storing(ctx))
				return agents * jobs / middle.Seconds(), err
			},
		})
	}
}

// completions are agents that carry out jobs as fast as they can.
type completions struct {
	*house
	*crowd
	jobs int
}

func (b *bench) openCompletions(ctx context.Context, kind string, agents, jobs int) (*completions, error) {
	f, err := b.newFleet(ctx, kind, agents, agents)
	if err != nil {
		return nil, err
	}
	h, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	b.after(func() { h.close(ctx) })
	crowd, err := h.gatherAgents(ctx, agents, agents*jobs)
	return &completions{h, crowd, jobs}, err
}

// complete places the jobs, gives them to delivery all at once, and waits for
// the last acknowledgement.
func (c *completions) complete(ctx context.Context) (time.Duration, error) {
	if err := c.fleet.tidy(ctx); err != nil {
		return 0, err
	}
	c.desk.hold = true
	for range c.jobs {
		if _, err := c.order(ctx, scan, c.fleet.ids); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	c.desk.release()
	end, err := c.allHave()
	return end.Sub(start), err
}

// storing is a pass with the real store, in which every command must then have
// succeeded.
func (c *completions) storing(ctx context.Context) pass {
	return func() (time.Duration, error) {
		c.ward.drops.Store(false)
		taken, err := c.complete(ctx)
		if err != nil {
			return 0, err
		}
		jobs, err := c.store.Jobs(ctx, c.fleet.account.No, reeve.JobQuery{Limit: c.jobs})
		for _, job := range jobs {
			if n := job.Counts[reeve.Succeeded]; err == nil && int(n) != len(c.fleet.ids) {
				err = fmt.Errorf("a job counts %d of %d commands", n, len(c.fleet.ids))
			}
		}
		return taken, err
	}
}

// dropping is a pass with a store that takes reports and forgets them.
func (c *completions) dropping(ctx context.Context) pass {
	return func() (time.Duration, error) {
		c.ward.drops.Store(true)
		taken, err := c.complete(ctx)
		if err != nil {
			return 0, err
		}
		return taken, c.forget(ctx)
	}
}
