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
	overviewFresh    = 5 * time.Second       // that an overview is shown without a new one being made, if making it took longer than patience
	overviewPatience = 20 * time.Millisecond // that a page waits for a new one
	overviewShare    = 20                    // of the time, at most one part of so many goes into making one
	overviewAge      = time.Minute           // of one that is shown; whoever looks after longer waits for a new one
	overviewTop      = 8                     // how many of what there are many it names
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
	o, _, err := v.overview(ctx, true)
	return o, err
}

// OverviewSoon is Overview for a page that others wait for; false if there is none
// yet. It is then being made, and Overview will have it.
func (v *View) OverviewSoon(ctx context.Context) (reeve.Overview, bool, error) {
	return v.overview(ctx, false)
}

// CountedGroups returns one page of groups with their devices as of a moment: that
// of an overview. A page that others wait for gets them in the order of their names
// and the zero time if there is none yet.
func (v *View) CountedGroups(ctx context.Context, q reeve.GroupQuery, waits bool) ([]reeve.Group, time.Time, error) {
	o, ready, err := v.overview(ctx, waits)
	if err != nil {
		return nil, time.Time{}, err
	}
	if q.Counted = o.InGroups; !ready {
		q.Counted, q.Sort, q.Desc, o.At = map[int64]int64{}, "name", false, time.Time{}
	}
	groups, err := v.Groups(ctx, q)
	return groups, o.At, err
}

func (v *View) overview(ctx context.Context, waits bool) (reeve.Overview, bool, error) {
	q := reeve.OverviewQuery{Top: overviewTop}
	if !v.reach.All {
		q.Within, q.Actor = v.reach.Groups, v.caller.Actor
	}
	return v.c.overview(ctx, v.caller.Account, q, waits)
}

// overview returns the last overview, or a new one if it is too old or takes no
// longer than a page can wait; false if neither is there.
func (c *Control) overview(ctx context.Context, account int64, q reeve.OverviewQuery, waits bool) (reeve.Overview, bool, error) {
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
	age, fresh := now.Sub(o.At), max(overviewFresh, overviewShare*o.took)
	if isQuick := o.took < overviewPatience; isQuick {
		fresh = 0
	}
	if o.coming == nil && age >= fresh {
		o.coming = &making{done: make(chan struct{})}
		go c.sumUp(context.WithoutCancel(ctx), o, o.coming, account, q)
	}
	shown, coming := o.Overview, o.coming
	c.overviews.mu.Unlock()

	isOld := age >= overviewAge
	if !isOld && fresh > 0 {
		return shown, true, nil
	}
	var end <-chan time.Time
	if !waits {
		patience := time.NewTimer(overviewPatience)
		defer patience.Stop()
		end = patience.C
	}
	select {
	case <-coming.done:
		return coming.Overview, true, coming.err
	case <-end:
		return shown, !isOld, nil
	case <-ctx.Done():
		return reeve.Overview{}, false, ctx.Err()
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
