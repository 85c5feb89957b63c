package courier

import (
	"context"
	"log/slog"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"

	"reeve"
)

// A rhythm is how often what nobody waits for is done.
type rhythm struct {
	presence time.Duration // tell the store who is here
	ledger   time.Duration // tell the store what was sent
	progress time.Duration // tell the store how far running commands are
	sweep    time.Duration // send again what was lost
}

var usual = rhythm{presence: 3 * time.Second, ledger: 2 * time.Second, progress: 5 * time.Second, sweep: time.Minute}

// regularly does its work at every tick until the courier closes.
func (c *Courier) regularly(every time.Duration, work func(ctx context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-tick.C:
		}
		if err := work(c.ctx); err != nil && c.ctx.Err() == nil {
			c.opts.Log.Error("the store could not be told; the next round tries again", "err", err)
		}
	}
}

// sweepSoon has the store searched for orders at once.
func (c *Courier) sweepSoon() {
	select {
	case c.soon <- struct{}{}:
	default:
	}
}

// sweep gives connected devices the orders that they should have had: those of
// a job that was too large for memory, of another node, or lost on the way.
func (c *Courier) sweep(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	silent := map[reeve.CommandID]uint{}
	for {
		regular := false
		select {
		case <-c.stop:
			return
		case <-c.soon:
		case <-tick.C:
			regular = true
		}
		found, err := c.searchOrders(silent, regular)
		if err != nil {
			if c.ctx.Err() == nil {
				c.opts.Log.Error("waiting orders could not be read; the next round tries again", "err", err)
			}
			continue
		}
		if regular {
			silent = found
		}
	}
}

// searchOrders sends what the listening devices wait for. Of the orders that
// were sent it counts in how many regular sweeps in a row they were silent, and
// sends them again after the second, fourth, eighth and so on.
func (c *Courier) searchOrders(silent map[reeve.CommandID]uint, regular bool) (map[reeve.CommandID]uint, error) {
	found := map[reeve.CommandID]uint{}
	open, err := c.opts.Orders.OpenJobs(c.ctx)
	if err != nil || len(open) == 0 {
		return found, err
	}
	for devices := range slices.Chunk(c.presence.listening(), batchItems) {
		orders, err := c.opts.Orders.Pending(c.ctx, c.now(), devices)
		if err != nil {
			return found, err
		}
		c.send(slices.DeleteFunc(orders, func(o reeve.Order) bool {
			switch {
			case o.State == reeve.Queued:
				return c.ledger.has(o.ID)
			case o.State == reeve.Sent && regular:
				rounds := silent[o.ID] + 1
				found[o.ID] = rounds
				return rounds == 1 || bits.OnesCount(rounds) > 1
			}
			return true
		}))
	}
	return found, nil
}

// A tally counts what goes wrong too often for a line each: agents are many, and
// must not be able to fill the log.
type tally struct {
	count  atomic.Int64
	device atomic.Int64
	err    atomic.Pointer[error]
}

// note counts one fault; the device is 0 if it is not known.
func (t *tally) note(device int64, err error) {
	t.device.Store(device)
	t.err.Store(&err)
	t.count.Add(1)
}

// log says how many there were since it last did.
func (t *tally) log(log *slog.Logger, message string) {
	if n := t.count.Swap(0); n > 0 {
		log.Warn(message, "times", n, "last_device", t.device.Load(), "last_err", *t.err.Load())
	}
}
