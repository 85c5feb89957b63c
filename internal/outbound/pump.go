package outbound

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"reeve"
)

// A pump serves one outlet as it was when the pump began: a change by hand ends
// it and begins another.
type pump struct {
	*Sender
	serves served
	head   atomic.Int64  // last known row of the log
	news   chan struct{} // there may be more
	stop   context.CancelFunc
	done   chan struct{}

	outlet  reeve.Outlet // with the place where it goes on
	saved   time.Time    // when the store last learned of it
	unsaved bool         // it has moved since
}

// served names an outlet as it was at one time. A store may give the number of a
// removed outlet again, so numbers name none.
type served struct {
	id      string
	version int64
}

func servedOf(o reeve.Outlet) served { return served{o.ID, o.Version} }

// saveEvery is how often it is noted that there was nothing to send.
const saveEvery = time.Minute

func (s *Sender) begin(ctx context.Context, o reeve.Outlet) *pump {
	ctx, stop := context.WithCancel(ctx)
	p := &pump{Sender: s, serves: servedOf(o), news: make(chan struct{}, 1), stop: stop, done: make(chan struct{}), outlet: o}
	go func() {
		defer close(p.done)
		defer stop()
		err := p.serve(ctx)
		if p.unsaved {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			err = errors.Join(err, p.save(last))
		}
		if err != nil && ctx.Err() == nil && reeve.KindOf(err) != reeve.Conflict {
			s.Log.Error("an outlet could not be served", "outlet", o.ID, "kind", o.Kind, "err", err)
		}
	}()
	return p
}

// serve delivers until ctx ends or the store fails; the Sender then begins anew.
func (p *pump) serve(ctx context.Context) error {
	secret := ""
	if p.outlet.Sealed != nil {
		var err error
		if secret, err = p.Open(p.outlet.ID, p.outlet.Sealed); err != nil {
			return p.refuse(ctx, err)
		}
	}
	switch p.outlet.Kind {
	case reeve.WebhookOutlet:
		hook, err := p.newHook(p.outlet.Settings, secret)
		if err != nil {
			return p.refuse(ctx, err)
		}
		return p.push(ctx, hook)
	default:
		to, err := p.sink(secret)
		if err != nil {
			return p.refuse(ctx, err)
		}
		defer to.close()
		return p.export(ctx, to)
	}
}

// refuse notes why an outlet cannot be served at all and waits until it is
// changed or taken away.
func (p *pump) refuse(ctx context.Context, why error) error {
	p.failed(why)
	if err := p.save(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (p *pump) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// tell says how far the log goes.
func (p *pump) tell(head int64) {
	if p.head.Swap(head) == head {
		return
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// caughtUp reports whether there is nothing to read.
func (p *pump) caughtUp() bool { return p.head.Load() < p.outlet.Place.Seq }

// await returns at news, after d (0: never), or with the error of ctx.
func (p *pump) await(ctx context.Context, d time.Duration) error {
	var late <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-p.news:
	case <-late:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// moved notes a place before which nothing is left to send.
func (p *pump) moved(to reeve.Place) {
	p.unsaved = p.unsaved || p.outlet.Place != to
	p.outlet.Place = to
}

// rest waits for news after everything was sent. What was passed over without
// sending is saved now and then only.
func (p *pump) rest(ctx context.Context) error {
	if p.unsaved {
		if left := saveEvery - time.Since(p.saved); left > 0 {
			return p.await(ctx, left)
		}
		return p.save(ctx)
	}
	return p.await(ctx, 0)
}

func (p *pump) worked() {
	p.outlet.LastSuccess, p.outlet.Failures, p.unsaved = time.Now(), 0, true
}

func (p *pump) failed(err error) {
	p.outlet.LastFailure, p.outlet.LastError, p.unsaved = time.Now(), sentence(err), true
	p.outlet.Failures++
}

// save stores how the outlet fares.
func (p *pump) save(ctx context.Context, entries ...reeve.AuditEntry) error {
	err := p.Store.Advance(ctx, p.node, p.outlet, entries...)
	if err == nil || reeve.KindOf(err) == reeve.Conflict {
		p.unsaved, p.saved = false, time.Now()
	}
	return err
}
