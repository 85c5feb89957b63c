package control

import (
	"context"
	"fmt"
	"sync"
	"time"

	"reeve"
)

// To sum up a fleet reads every device once, for a million about a second: too
// long for a page, and too much for every look. So what was summed up is shown
// for a while, and made anew in the background while somebody looks.
const (
	overviewFresh = 5 * time.Second // that an overview is shown without a new one being made
	overviewShare = 20              // of the time, at most one part of so many goes into making one
	overviewAge   = time.Minute     // of one that is shown; whoever looks after longer waits for a new one
	overviewTop   = 8               // how many of what there are many it names
)

// overviews are those that somebody looked at lately, by account and groups.
type overviews struct {
	mu   sync.Mutex
	kept map[string]*overview
}

type overview struct {
	reeve.Overview
	took   time.Duration
	coming *making // nil if none is being made
}

// A making is an overview on its way.
type making struct {
	done chan struct{}
	reeve.Overview
	err error
}

// Overview returns an overview of what the caller may see, as of Overview.At.
func (v *View) Overview(ctx context.Context) (reeve.Overview, error) {
	q := reeve.OverviewQuery{Top: overviewTop}
	if !v.reach.All {
		q.Within, q.Actor = v.reach.Groups, v.caller.Actor
	}
	return v.c.overview(ctx, v.caller.Account, q)
}

func (c *Control) overview(ctx context.Context, account int64, q reeve.OverviewQuery) (reeve.Overview, error) {
	key := fmt.Sprint(account, q.Within, q.Actor)
	now := c.now()
	q.Now = now

	c.overviews.mu.Lock()
	o := c.overviews.kept[key]
	if o == nil {
		o = &overview{}
		c.overviews.drop(now)
		c.overviews.kept[key] = o
	}
	age := now.Sub(o.At)
	if o.coming == nil && age >= max(overviewFresh, overviewShare*o.took) {
		o.coming = &making{done: make(chan struct{})}
		go c.sumUp(context.WithoutCancel(ctx), o, o.coming, account, q)
	}
	shown, coming := o.Overview, o.coming
	c.overviews.mu.Unlock()

	if age < overviewAge {
		return shown, nil
	}
	select {
	case <-coming.done:
		return coming.Overview, coming.err
	case <-ctx.Done():
		return reeve.Overview{}, ctx.Err()
	}
}

func (c *Control) sumUp(ctx context.Context, o *overview, made *making, account int64, q reeve.OverviewQuery) {
	made.Overview, made.err = c.store.Overview(ctx, account, q)
	c.overviews.mu.Lock()
	if o.coming = nil; made.err == nil {
		o.Overview, o.took = made.Overview, c.now().Sub(q.Now)
	}
	c.overviews.mu.Unlock()
	close(made.done)
}

// drop forgets what is too old to be shown.
func (o *overviews) drop(now time.Time) {
	for key, one := range o.kept {
		if one.coming == nil && now.Sub(one.At) >= overviewAge {
			delete(o.kept, key)
		}
	}
}
