package courier

import (
	"encoding/json"
	"fmt"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/link"
)

var _ control.Wake = (*Courier)(nil)

// Placed sends the orders of a job to the devices that are connected, straight
// from memory. The others find theirs when they say Hello.
func (c *Courier) Placed(b control.Batch) {
	l, err := newLetter(b.Job, b.Tree)
	if err != nil {
		c.opts.Log.Error("orders could not be written", "job", b.Job.ID, "err", err)
		return
	}
	c.letters.keep(b.Job.ID, l)
	if !c.tasks.add(len(b.Placed), func() { c.deliver(l, c.presence.orders(b.Job.ID, b.Placed)) }) {
		c.sweepSoon()
	}
}

// Cancelled tells the connected devices among the orders that their job was
// called off.
func (c *Courier) Cancelled(job reeve.JobID, at time.Time, orders []reeve.Order) {
	c.tasks.add(0, func() {
		message, err := encodeCancel(c.opts.Key(), link.Cancel{Job: int64(job), At: at})
		if err != nil {
			c.opts.Log.Error("a cancellation could not be written", "job", job, "err", err)
			return
		}
		for _, o := range orders {
			if c.presence.has(o.Device) {
				c.carry(o.Device, link.VerbCancel, message)
			}
		}
	})
}

// Paused tells the connected devices among the orders, which are of one job,
// that it holds back, or goes on.
func (c *Courier) Paused(paused bool, at time.Time, orders []reeve.Order) {
	c.tasks.add(0, func() { c.tellPause(paused, func(reeve.Order) time.Time { return at }, orders) })
}

// tellPause tells what is so of each order since the time that since gives, the
// same for all orders of a job. Of those with a zero time it tells nothing.
func (c *Courier) tellPause(paused bool, since func(reeve.Order) time.Time, orders []reeve.Order) {
	var of reeve.JobID
	var message []byte
	for _, o := range orders {
		at := since(o)
		if at.IsZero() || !c.presence.has(o.Device) {
			continue
		}
		if o.ID.Job != of {
			of = o.ID.Job
			var err error
			if message, err = encodePause(c.opts.Key(), link.Pause{Job: int64(of), Paused: paused, At: at}); err != nil {
				c.opts.Log.Error("a pause could not be written", "job", of, "err", err)
				return
			}
		}
		c.carry(o.Device, link.VerbPause, message)
	}
}

// Left ends the connections of devices that were deleted. When they come back
// they are let in only to retire.
func (c *Courier) Left(devices []int64) {
	c.tasks.add(0, func() {
		// What was sent before still arrives.
		if err := c.bus.orders.FlushTimeout(writePatience); err != nil {
			c.opts.Log.Warn("the message bus is slow", "err", err)
		}
		for _, device := range devices {
			if at, known := c.presence.connectionOf(device); known {
				c.kick(at)
			}
		}
	})
}

// Online reports whether a device's agent is connected.
func (c *Courier) Online(device int64) bool { return c.presence.has(device) }

// send publishes orders that come from the store, in order of their jobs.
func (c *Courier) send(orders []reeve.Order) {
	for len(orders) > 0 {
		job, n := orders[0].ID.Job, 1
		for n < len(orders) && orders[n].ID.Job == job {
			n++
		}
		if l, err := c.letters.of(c.ctx, job); err == nil {
			c.deliver(l, orders[:n])
		} else {
			c.opts.Log.Error("orders could not be sent", "job", job, "err", err)
		}
		orders = orders[n:]
	}
}

// deliver publishes orders of one job. They are in the ledger before they
// leave, so that an answer finds them there.
func (c *Courier) deliver(l *letter, orders []reeve.Order) {
	c.ledger.sent(orders)
	var message, path []byte
	for _, o := range orders {
		message = l.appendOrder(message[:0], o.ID.Leaf, &path)
		c.carry(o.Device, link.VerbOrder, message)
	}
}

// publish sends a message that is not yet encoded.
func (c *Courier) publish(device int64, verb string, v any) {
	message, err := json.Marshal(v)
	if err != nil {
		c.opts.Log.Error("a message could not be written", "verb", verb, "err", err)
		return
	}
	c.carry(device, verb, message)
}

// carry gives a message to the bus. One that is lost is sent again, so a
// failure is only worth a note.
func (c *Courier) carry(device int64, verb string, message []byte) {
	if err := c.bus.orders.Publish(link.Subject(link.Address(device), verb), message); err != nil {
		c.opts.Log.Debug("a message was not sent", "verb", verb, "err", err)
	}
}

// kick ends a connection. The bus does only what it can answer to, so there is
// a subject for the answer although nobody reads it.
func (c *Courier) kick(at connection) {
	subject, message := kicking(at)
	if err := c.bus.admin.PublishRequest(subject, answers+".kick", message); err != nil {
		c.opts.Log.Warn("a connection could not be ended", "err", err)
	}
}

// kickNow ends a connection before it returns.
func (c *Courier) kickNow(at connection) error {
	subject, message := kicking(at)
	_, err := c.bus.admin.Request(subject, message, writePatience)
	return err
}

func kicking(at connection) (subject string, message []byte) {
	return fmt.Sprintf(subjectKick, at.server), fmt.Appendf(nil, `{"cid":%d}`, at.number)
}
