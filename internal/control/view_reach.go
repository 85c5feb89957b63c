package control

import (
	"context"
	"slices"

	"reeve"
)

// What whoever sees some groups only is told of the others.
var (
	errNoDevice  = reeve.Errorf(reeve.NotFound, "there is no such device in this account")
	errNoGroup   = reeve.Errorf(reeve.NotFound, "there is no such group in this account")
	errNoCommand = reeve.Errorf(reeve.NotFound, "there is no such command in this account")
)

// groupKeys returns the internal keys of the groups that these devices are in,
// by public id.
func (c *Control) groupKeys(ctx context.Context, account int64, devices []reeve.Device) (map[string]int64, error) {
	keys := map[string]int64{}
	for _, d := range devices {
		if _, ok := keys[d.GroupID]; ok {
			continue
		}
		g, err := c.store.Group(ctx, account, d.GroupID)
		if err != nil {
			return nil, err
		}
		keys[d.GroupID] = g.No
	}
	return keys, nil
}

// within returns those of the devices that a reach holds.
func (c *Control) within(ctx context.Context, account int64, reach Reach, devices []reeve.Device) ([]reeve.Device, error) {
	if reach.All || len(devices) == 0 {
		return devices, nil
	}
	keys, err := c.groupKeys(ctx, account, devices)
	return slices.DeleteFunc(devices, func(d reeve.Device) bool { return !reach.Has(keys[d.GroupID]) }), err
}

// seen returns those of the devices that the person sees.
func (v *View) seen(ctx context.Context, devices []reeve.Device) ([]reeve.Device, error) {
	return v.c.within(ctx, v.caller.Account, v.reach, devices)
}

// mustSee is NotFound unless the person sees one of the devices.
func (v *View) mustSee(ctx context.Context, devices []reeve.Device) error {
	devices, err := v.seen(ctx, devices)
	if err == nil && len(devices) == 0 {
		err = errNoDevice
	}
	return err
}

// mustSeeID is mustSee for the public id of a device, which may be deleted.
func (v *View) mustSeeID(ctx context.Context, id string) error {
	if v.reach.All {
		return nil
	}
	devices, err := v.c.store.DevicesEver(ctx, v.caller.Account, []string{id})
	if err != nil {
		return err
	}
	return v.mustSee(ctx, devices)
}

// mustSeeNo is mustSee for the internal key of a device.
func (v *View) mustSeeNo(ctx context.Context, device int64) error {
	if v.reach.All {
		return nil
	}
	devices, err := v.c.store.DevicesByNo(ctx, v.caller.Account, []int64{device})
	if err != nil {
		return err
	}
	return v.mustSee(ctx, devices)
}

// onSeen returns those of the commands that are on devices which the person sees.
func (v *View) onSeen(ctx context.Context, commands []reeve.Command) ([]reeve.Command, error) {
	if v.reach.All || len(commands) == 0 {
		return commands, nil
	}
	ids := make([]string, len(commands))
	for i, c := range commands {
		ids[i] = c.DeviceID
	}
	devices, err := v.c.store.DevicesEver(ctx, v.caller.Account, ids)
	if err == nil {
		devices, err = v.seen(ctx, devices)
	}
	if err != nil {
		return nil, err
	}
	sees := make(map[string]bool, len(devices))
	for _, d := range devices {
		sees[d.ID] = true
	}
	return slices.DeleteFunc(commands, func(c reeve.Command) bool { return !sees[c.DeviceID] }), nil
}
