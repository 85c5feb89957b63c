package courier

import (
	"slices"

	"reeve/internal/link"
)

const (
	settleAtOnce  = 2000 // devices that are looked up together
	fetchesSecond = 200  // requests for settings that agents are asked to stay below
)

// Settled tells the connected devices among these, or all of the account, which
// settings they have now. The others are told when they say Hello.
func (c *Courier) Settled(account int64, devices []int64) {
	c.tasks.add(len(devices), func() {
		if devices == nil {
			devices = c.presence.listening()
		}
		for part := range slices.Chunk(devices, settleAtOnce) {
			notices := c.notices(part)
			for _, device := range part {
				if n, ok := notices[device]; ok && n.account == account && c.presence.has(device) {
					c.publish(device, link.VerbSettle, n.Notice)
				}
			}
		}
	})
}

// A notice is what a device of an account is told of its settings.
type notice struct {
	link.Notice
	account int64
}

// notices are those for devices whose account has settings. What cannot be
// learnt now is told with the next Hello.
func (c *Courier) notices(devices []int64) map[int64]notice {
	if c.opts.Settings == nil {
		return nil
	}
	told, err := c.opts.Settings.Tell(c.ctx, devices)
	if err != nil {
		c.opts.Log.Error("the settings of devices could not be read", "devices", len(devices), "err", err)
		return nil
	}
	within := c.presence.count() / fetchesSecond
	out := make(map[int64]notice, len(told))
	for _, t := range told {
		out[t.Device] = notice{link.Notice{Digest: t.Digest, Within: within}, t.Account}
	}
	return out
}
