package courier

import (
	"cmp"
	"slices"

	"github.com/nats-io/nats.go"

	"reeve"
	"reeve/internal/link"
	"reeve/internal/said"
)

func (c *Courier) onReport(m *nats.Msg) {
	device, heard := c.speaker(m)
	if !heard {
		return
	}
	r, err := said.ReadReport(device, m.Data)
	if err != nil {
		c.garbage.note(device, err)
		return
	}
	c.reports.put(r, len(m.Data))
}

// record commits reports until none come any more, and acknowledges them.
func (c *Courier) record() {
	var spare []reeve.Report
	for {
		batch, ok := c.reports.take(spare)
		if !ok {
			return
		}
		c.ledger.answered(batch)
		insist(c.ctx, c.opts.Log, c.progress.hold(batch), func(part []reeve.Report) error {
			if err := c.opts.Check(c.ctx, part); err != nil {
				return err
			}
			settled, err := c.opts.Orders.Report(c.ctx, c.now(), part)
			if err == nil {
				c.acknowledge(part, settled)
			}
			return err
		})
		spare = batch
	}
}

// acknowledge tells each device which of its final reports are settled. One on
// progress is not acknowledged: it names the same command, and an agent that
// hears of it after the end would take the end for stored.
func (c *Courier) acknowledge(batch []reeve.Report, settled []bool) {
	order := make([]int, 0, len(batch))
	for i := range batch {
		if i < len(settled) && settled[i] && batch[i].State.IsFinal() {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(batch[a].Device, batch[b].Device) })
	var message []byte
	var commands []reeve.CommandID
	for i, n := range order {
		r := &batch[n]
		commands = append(commands, r.ID)
		if i+1 < len(order) && batch[order[i+1]].Device == r.Device {
			continue
		}
		message = appendAck(message[:0], commands)
		commands = commands[:0]
		if err := c.bus.reports.Publish(link.Subject(link.Address(r.Device), link.VerbAck), message); err != nil {
			c.opts.Log.Warn("acknowledgements could not be sent; agents will report again", "err", err)
			return
		}
	}
}
