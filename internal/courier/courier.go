package courier

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"reeve"
	"reeve/internal/manifest"
	"reeve/internal/seal"
)

// Options are what a Courier works with.
type Options struct {
	Listen   string      // HOST:PORT for agents; port 0 takes a free one
	TLS      *tls.Config // nil is plain, and allowed on loopback only
	Orders   reeve.OrderStore
	Presence reeve.PresenceStore
	// Recognise returns the device and account that a key stands for, archived
	// ones too; Denied or NotFound for a key that nobody has.
	Recognise func(ctx context.Context, key reeve.Key) (reeve.Device, int64, error)
	// Discover takes what agents saw of other machines; nil if nobody wants it.
	Discover func(ctx context.Context, batch []reeve.Found) error
	// Check holds reports against their orders before they are stored, and
	// changes those that do not fit; default none.
	Check func(ctx context.Context, batch []reeve.Report) error
	Key   func() seal.Key  // signs the time and cancellations
	Now   func() time.Time // default time.Now
	Log   *slog.Logger     // default none
	// Settings say which settings devices have. Nil is none for any device.
	Settings interface {
		Tell(ctx context.Context, devices []int64) ([]manifest.Told, error)
	}
	BeatEvery time.Duration // how often agents say that they are there; default a minute
}

// silentBeats is how many beats may be missing before a device counts as away.
const silentBeats = 4

// A Courier carries orders and reports. It is safe for concurrent use.
type Courier struct {
	opts   Options
	broker *broker
	bus    struct{ orders, reports, admin, auth *nats.Conn }

	presence  *presence
	letters   *letters
	ledger    *ledger
	tasks     *tasks
	greetings *gather[greeting]
	reports   *gather[reeve.Report]
	progress  *progress
	sightings *gather[reeve.Found]
	quota     *quota               // of all messages
	views     *quota               // of sightings
	garbage   tally                // messages that are of no use
	stranded  tally                // devices that could not be looked up
	heard     []*nats.Subscription // what agents say

	ctx    context.Context // of calls to the store; ends when closing takes too long
	cancel context.CancelFunc
	stop   chan struct{} // closed when the courier closes
	soon   chan struct{} // asks for a sweep
	wg     sync.WaitGroup
	once   sync.Once
}

// Open starts the message bus and everything that works on it. When it returns,
// agents are served.
func Open(ctx context.Context, o Options) (*Courier, error) { return open(ctx, o, usual) }

func open(ctx context.Context, o Options, r rhythm) (*Courier, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Check == nil {
		o.Check = func(context.Context, []reeve.Report) error { return nil }
	}
	if o.BeatEvery == 0 {
		o.BeatEvery = time.Minute
	}
	if err := o.Presence.NobodyOnline(ctx); err != nil {
		return nil, fmt.Errorf("marking every device as away: %w", err)
	}
	b, err := newBroker(o)
	if err != nil {
		return nil, err
	}
	c := &Courier{
		opts: o, broker: b,
		presence: newPresence(o.Presence, silentBeats*o.BeatEvery), letters: newLetters(o.Orders),
		ledger: newLedger(o.Orders), tasks: newTasks(), quota: newQuota(quotaMessages), views: newQuota(quotaSightings),
		greetings: newGather[greeting](), reports: newGather[reeve.Report](), sightings: newGather[reeve.Found](),
		stop: make(chan struct{}), soon: make(chan struct{}, 1),
	}
	c.progress = newProgress(func(ctx context.Context, batch []reeve.Report) error {
		_, err := c.opts.Orders.Report(ctx, c.now(), batch)
		return err
	})
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.connect(); err != nil {
		c.disconnect()
		return nil, err
	}
	c.wg.Go(c.tasks.run)
	c.wg.Go(c.greet)
	c.wg.Go(c.record)
	c.wg.Go(c.discover)
	c.wg.Go(func() { c.sweep(r.sweep) })
	c.wg.Go(func() {
		c.regularly(r.ledger, func(ctx context.Context) error { return c.ledger.flush(ctx, c.now(), false) })
	})
	c.wg.Go(func() { c.regularly(r.progress, c.progress.flush) })
	c.wg.Go(func() {
		c.regularly(r.presence, func(ctx context.Context) error {
			c.logTallies()
			c.quota.renew()
			c.views.renew()
			return c.presence.flush(ctx, c.now())
		})
	})
	if err := b.listen(); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

// Addr returns the address on which agents are served.
func (c *Courier) Addr() net.Addr { return c.broker.Addr() }

func (c *Courier) now() time.Time { return c.opts.Now().UTC().Truncate(time.Microsecond) }

func (c *Courier) logTallies() {
	c.garbage.log(c.opts.Log, "messages of agents were not used")
	c.stranded.log(c.opts.Log, "agents were sent away, since the store could not be asked about them")
}

// Close stops taking messages, commits and acknowledges the reports that have
// arrived, and ends the bus. If ctx ends before, what is left is left: agents
// report again what was not acknowledged.
func (c *Courier) Close(ctx context.Context) error {
	c.once.Do(func() {
		abandon := context.AfterFunc(ctx, c.cancel)
		defer abandon()
		c.drain(ctx)
		close(c.stop)
		c.greetings.close()
		c.reports.close()
		c.sightings.close()
		c.tasks.close()
		c.wg.Wait()
		now := c.now()
		for _, err := range []error{c.ledger.flush(c.ctx, now, true), c.progress.flush(c.ctx), c.presence.flush(c.ctx, now)} {
			if err != nil {
				c.opts.Log.Warn("the store could not be told everything", "err", err)
			}
		}
		c.logTallies()
		c.disconnect()
	})
	return ctx.Err()
}
