package courier

import (
	"github.com/nats-io/nats.go"

	"reeve"
	"reeve/internal/said"
)

// onSaw takes what an agent saw of other machines.
func (c *Courier) onSaw(m *nats.Msg) {
	device, heard := c.speaker(m)
	if !heard || c.opts.Discover == nil {
		return
	}
	if !c.views.allows(device) {
		c.garbage.note(device, errTooMuch)
		return
	}
	sightings, err := said.ReadSightings(m.Data)
	if err != nil {
		c.garbage.note(device, err)
		return
	}
	if len(sightings) > 0 {
		c.sightings.put(reeve.Found{Device: device, Sightings: sightings}, len(m.Data))
	}
}

// discover stores what agents saw until nothing comes any more.
func (c *Courier) discover() {
	var spare []reeve.Found
	for {
		batch, ok := c.sightings.take(spare)
		if !ok {
			return
		}
		insist(c.ctx, c.opts.Log, batch, func(part []reeve.Found) error { return c.opts.Discover(c.ctx, part) })
		spare = batch
	}
}
