package courier

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"reeve"
	"reeve/internal/link"
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
	Key       func() seal.Key  // signs the time and cancellations
	Now       func() time.Time // default time.Now
	Log       *slog.Logger     // default none
	BeatEvery time.Duration    // how often agents say that they are there; default a minute
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
		ledger: newLedger(o.Orders), tasks: newTasks(),
		greetings: newGather[greeting](), reports: newGather[reeve.Report](),
		stop: make(chan struct{}), soon: make(chan struct{}, 1),
	}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.connect(); err != nil {
		c.disconnect()
		return nil, err
	}
	c.wg.Go(c.tasks.run)
	c.wg.Go(c.greet)
	c.wg.Go(c.record)
	c.wg.Go(func() { c.sweep(r.sweep) })
	c.wg.Go(func() {
		c.regularly(r.ledger, func(ctx context.Context) error { return c.ledger.flush(ctx, c.now(), false) })
	})
	c.wg.Go(func() {
		c.regularly(r.presence, func(ctx context.Context) error {
			c.logTallies()
			return c.presence.flush(ctx, c.now())
		})
	})
	if err := b.listen(); err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

// connect joins the bus in all roles, before any agent can.
func (c *Courier) connect() (err error) {
	for r, conn := range map[*role]**nats.Conn{
		&ordering: &c.bus.orders, &reporting: &c.bus.reports,
		&admitting: &c.bus.auth, &administering: &c.bus.admin,
	} {
		if *conn, err = c.broker.dial(*r, c.opts.Log); err != nil {
			return err
		}
	}
	porter := newPorter(c, c.broker.issuer)
	for _, s := range []struct {
		conn    *nats.Conn
		subject string
		hear    nats.MsgHandler
		agents  bool
	}{
		{c.bus.auth, admitting.subscribe[0], porter.ask, false},
		{c.bus.admin, subjectLeft, c.onLeft, false},
		{c.bus.reports, link.Subject("*", link.VerbHello), c.onHello, true},
		{c.bus.reports, link.Subject("*", link.VerbBeat), c.onBeat, true},
		{c.bus.reports, link.Subject("*", link.VerbBye), c.onBye, true},
		{c.bus.reports, link.Subject("*", link.VerbReport), c.onReport, true},
	} {
		// The nodes of a cluster share what agents say.
		sub, err := s.conn.QueueSubscribe(s.subject, "reeve", s.hear)
		if err != nil {
			return fmt.Errorf("subscribing to %s: %w", s.subject, err)
		}
		if s.agents {
			c.heard = append(c.heard, sub)
		}
	}
	for _, conn := range []*nats.Conn{c.bus.auth, c.bus.admin, c.bus.reports} {
		if err := conn.FlushTimeout(patience); err != nil {
			return fmt.Errorf("subscribing: %w", err)
		}
	}
	return nil
}

// Addr returns the address on which agents are served.
func (c *Courier) Addr() net.Addr { return c.broker.Addr() }

func (c *Courier) now() time.Time { return c.opts.Now().UTC().Truncate(time.Microsecond) }

func (c *Courier) onBeat(m *nats.Msg) {
	device, _, err := link.ParseSubject(m.Subject)
	if err != nil {
		c.garbage.note(device, err)
		return
	}
	c.presence.beat(device, c.now())
}

func (c *Courier) onBye(m *nats.Msg) {
	device, _, err := link.ParseSubject(m.Subject)
	if err != nil {
		c.garbage.note(device, err)
		return
	}
	c.presence.leave(device)
}

// onLeft hears from the bus that a connection ended.
func (c *Courier) onLeft(m *nats.Msg) {
	var event struct {
		Server struct {
			ID string `json:"id"`
		} `json:"server"`
		Client struct {
			ID   uint64 `json:"id"`
			User string `json:"user"`
		} `json:"client"`
	}
	if err := json.Unmarshal(m.Data, &event); err != nil {
		c.opts.Log.Error("the message bus speaks in an unknown way", "err", err)
		return
	}
	if device, err := link.ParseAddress(event.Client.User); err == nil {
		c.presence.end(device, connection{event.Server.ID, event.Client.ID})
	}
}

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
		c.tasks.close()
		c.wg.Wait()
		now := c.now()
		for _, err := range []error{c.ledger.flush(c.ctx, now, true), c.presence.flush(c.ctx, now)} {
			if err != nil {
				c.opts.Log.Warn("the store could not be told everything", "err", err)
			}
		}
		c.logTallies()
		c.disconnect()
	})
	return ctx.Err()
}

// drain waits until everything that agents have said is gathered.
func (c *Courier) drain(ctx context.Context) {
	done := make(chan struct{}, len(c.heard))
	for _, sub := range c.heard {
		sub.SetClosedHandler(func(string) { done <- struct{}{} })
		if err := sub.Drain(); err != nil {
			done <- struct{}{}
		}
	}
	for range c.heard {
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Courier) disconnect() {
	for _, conn := range []*nats.Conn{c.bus.orders, c.bus.reports, c.bus.auth, c.bus.admin} {
		if conn != nil {
			_ = conn.FlushTimeout(time.Second) // the last acknowledgements
			conn.Close()
		}
	}
	c.cancel()
	c.broker.close()
}

// draw returns a random duration from zero to bound.
func draw(bound time.Duration) time.Duration {
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(bound))
}
