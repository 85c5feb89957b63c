package control

import (
	"context"

	"reeve"
)

// tell wakes delivery after the commit. The batches leave before connections
// of deleted devices end, so an agent that is connected hears its order.
func (p *placing) tell() {
	p.c.tellCancelled(p.now, p.cancelled)
	if p.out.Job.ID == 0 { // nothing was placed
		return
	}
	for _, b := range p.told {
		p.c.wake.Placed(b)
	}
	if len(p.left) > 0 {
		p.c.wake.Left(p.left)
	}
	if moved := p.moved(); len(moved) > 0 {
		p.c.wake.Settled(p.caller.Account, moved)
	}
}

// moved returns the devices that are in another group now.
func (p *placing) moved() (devices []int64) {
	if !p.effect.Move {
		return nil
	}
	for _, one := range p.placed {
		if one.State == reeve.Succeeded {
			devices = append(devices, one.Device)
		}
	}
	return devices
}

// exclude names devices that would not be ordered, where nothing else does.
func (p *placing) exclude(ctx context.Context) error {
	if p.out.Outcomes != nil && !p.order.named {
		return nil
	}
	reasons, nos, sample := map[int64]reeve.Reason{}, []int64{}, 0
	for _, one := range p.placed {
		switch applies := one.State == reeve.Queued || one.State == reeve.Succeeded; {
		case applies && p.order.named && sample < maxSample:
			nos, sample = append(nos, one.Device), sample+1
		case applies:
		case len(reasons) == MaxExcluded:
			p.out.ExcludedMore++
		default:
			nos, reasons[one.Device] = append(nos, one.Device), one.Reason
		}
	}
	if len(nos) == 0 {
		return nil
	}
	devices, err := p.c.store.DevicesByNo(ctx, p.caller.Account, nos)
	for _, d := range devices {
		if reason, excluded := reasons[d.No]; excluded {
			p.out.Excluded = append(p.out.Excluded, Exclusion{d.ID, d.Hostname, reason})
		} else {
			p.out.sample = append(p.out.sample, Named{d.ID, d.Hostname})
		}
	}
	return err
}

// maxSample is how many devices a preview names that would be ordered.
const maxSample = 10
