package courier

import (
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"reeve"
	"reeve/internal/link"
	"reeve/internal/said"
)

// A greeting is a Hello that waits for its Welcome.
type greeting struct {
	meeting  reeve.Meeting
	nonce    []byte
	archived bool
}

func (c *Courier) onHello(m *nats.Msg) {
	device, heard := c.speaker(m)
	if !heard {
		return
	}
	h, err := said.ReadHello(m.Data)
	if err != nil {
		c.garbage.note(device, err)
		return
	}
	at := c.presence.arrive(device, c.now())
	c.greetings.put(greeting{reeve.Meeting{
		Device: device, Version: h.Version, Abilities: h.Abilities, Hostname: h.Hostname,
		MACs: h.MACs, Facts: h.Facts, Address: at.address,
	}, h.Nonce, at.archived}, len(m.Data))
}

// Heard notes that a device which has no line on the bus spoke at another door.
func (c *Courier) Heard(device int64) { c.presence.beat(device, c.now()) }

// Said stores what such a device says of itself, together with the Hellos.
func (c *Courier) Said(m reeve.Meeting) { c.greetings.put(greeting{meeting: m}, len(m.Hostname)) }

// greet answers Hellos until none come any more.
func (c *Courier) greet() {
	var spare []greeting
	for {
		batch, ok := c.greetings.take(spare)
		if !ok {
			return
		}
		insist(c.ctx, c.opts.Log, latest(batch), c.welcome)
		spare = batch
	}
}

// latest leaves the last Hello of each device, in order of devices.
func latest(batch []greeting) []greeting {
	last := make(map[int64]int, len(batch))
	for i, g := range batch {
		last[g.meeting.Device] = i
	}
	out := make([]greeting, 0, len(last))
	for i, g := range batch {
		if last[g.meeting.Device] == i {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b greeting) int { return int(a.meeting.Device - b.meeting.Device) })
	return out
}

// welcome stores what the devices said, tells each the time, and gives it what
// waited for it. The time comes first, for an agent judges orders by it.
func (c *Courier) welcome(batch []greeting) error {
	meetings := make([]reeve.Meeting, 0, len(batch))
	devices := make([]int64, 0, len(batch))
	for _, g := range batch {
		devices = append(devices, g.meeting.Device)
		if !g.archived {
			meetings = append(meetings, g.meeting)
		}
	}
	if err := c.presence.meet(c.ctx, c.now(), meetings); err != nil {
		return err
	}
	// Whatever is committed from here on is brought by Placed, for the devices
	// are present; whatever was before is found here.
	waiting, err := c.opts.Orders.Pending(c.ctx, c.now(), devices)
	if err != nil {
		return err
	}
	notices, key := c.notices(devices), c.opts.Key()
	for _, g := range batch {
		if g.nonce == nil {
			continue // nobody listens there
		}
		at := c.now()
		w := link.Welcome{
			At: at, BeatSeconds: int(c.opts.BeatEvery / time.Second),
			Signature: key.Now(at, g.nonce), SealKey: key.Certificate(),
		}
		if g.archived {
			w.BeatSeconds = archivedBeat
		}
		if n, ok := notices[g.meeting.Device]; ok {
			w.Settings = &n.Notice
		}
		c.publish(g.meeting.Device, link.VerbWelcome, w)
	}
	// An agent has forgotten what is paused, also of what is in its journal.
	// A word of since when is older than one that it went on meanwhile.
	c.tellPause(true, func(o reeve.Order) time.Time { return o.Paused }, waiting)
	// What runs is in the agent's journal.
	c.send(slices.DeleteFunc(waiting, func(o reeve.Order) bool { return o.State >= reeve.Running }))
	return nil
}

// archivedBeat is the longest that an agent takes: it may not beat.
const archivedBeat = 3600
