package control

import (
	"context"
	"time"

	"reeve"
)

// A View is what a person may see of an account. Every read of the console goes
// through one, so that each is decided here and nowhere else.
type View struct {
	c      *Control
	caller reeve.Caller
	reach  Reach // what of the account the person sees
}

// View returns what caller may see; an error for who may see nothing. Whoever
// sees some groups only finds their devices and what belongs to these; all else
// is answered as if it did not exist.
func (c *Control) View(caller reeve.Caller) (*View, error) {
	reach, err := AllowSome(caller, reeve.Read)
	if err != nil {
		return nil, err
	}
	return &View{c, caller, reach}, nil
}

// Account returns the account as it is.
func (v *View) Account(ctx context.Context) (reeve.Account, error) {
	return v.c.store.Account(ctx, v.caller.Account)
}

// narrow keeps a query to the groups that the caller sees.
func (v *View) narrow(q reeve.DeviceQuery) reeve.DeviceQuery {
	if !v.reach.All {
		q.Within = v.reach.Groups
	}
	return q
}

// LookForDevices returns as much of a page as is found in time; see DeviceStore.
func (v *View) LookForDevices(ctx context.Context, q reeve.DeviceQuery, patience time.Duration) ([]reeve.Device, *reeve.DeviceRow, error) {
	return v.c.store.LookForDevices(ctx, v.caller.Account, v.narrow(q), patience)
}

// Devices returns one page of devices.
func (v *View) Devices(ctx context.Context, q reeve.DeviceQuery) ([]reeve.Device, error) {
	return v.c.store.Devices(ctx, v.caller.Account, v.narrow(q))
}

// CountDevices returns how many devices a query selects, on all pages.
func (v *View) CountDevices(ctx context.Context, q reeve.DeviceQuery) (int64, error) {
	return v.c.store.CountFound(ctx, v.caller.Account, v.narrow(q))
}

// CountUpTo is CountDevices that stops at limit and in time; see DeviceStore.
func (v *View) CountUpTo(ctx context.Context, q reeve.DeviceQuery, limit int64, patience time.Duration) (n int64, all bool, err error) {
	return v.c.store.CountUpTo(ctx, v.caller.Account, v.narrow(q), limit, patience)
}

// CountByClass is CountDevices for each class by itself.
func (v *View) CountByClass(ctx context.Context, q reeve.DeviceQuery) (map[reeve.Class]int64, error) {
	return v.c.store.CountByClass(ctx, v.caller.Account, v.narrow(q))
}

// Device returns one device by public id.
func (v *View) Device(ctx context.Context, id string) (reeve.Device, error) {
	d, err := v.c.store.Device(ctx, v.caller.Account, id)
	if err == nil {
		err = v.mustSee(ctx, []reeve.Device{d})
	}
	if err != nil {
		return reeve.Device{}, err
	}
	return d, nil
}

// DeviceEver is Device also for one that was deleted and can be restored.
func (v *View) DeviceEver(ctx context.Context, id string) (reeve.Device, error) {
	found, err := v.c.store.DevicesEver(ctx, v.caller.Account, []string{id})
	if err == nil && len(found) == 0 {
		err = errNoDevice
	}
	if err == nil {
		err = v.mustSee(ctx, found)
	}
	if err != nil {
		return reeve.Device{}, err
	}
	return found[0], nil
}

// DevicesByNo returns those of the devices with these internal keys that the
// person sees, in the order of the keys.
func (v *View) DevicesByNo(ctx context.Context, nos []int64) ([]reeve.Device, error) {
	found, err := v.c.store.DevicesByNo(ctx, v.caller.Account, nos)
	if err != nil {
		return nil, err
	}
	return v.seen(ctx, found)
}

// DeviceCommands returns a device's commands, newest first; see JobStore.
func (v *View) DeviceCommands(ctx context.Context, device int64, before reeve.JobID, limit int) ([]reeve.Command, error) {
	if err := v.mustSeeNo(ctx, device); err != nil {
		return nil, err
	}
	return v.c.store.DeviceCommands(ctx, v.caller.Account, device, before, limit)
}

// Threats returns a device's threats behind a place; see ThreatStore.
func (v *View) Threats(ctx context.Context, device int64, last time.Time, key int64, limit int) ([]reeve.Threat, error) {
	if err := v.mustSeeNo(ctx, device); err != nil {
		return nil, err
	}
	return v.c.store.ThreatsAfter(ctx, v.caller.Account, device, last, key, limit)
}

// Groups returns one page of groups.
func (v *View) Groups(ctx context.Context, q reeve.GroupQuery) ([]reeve.Group, error) {
	if !v.reach.All {
		q.Within = v.reach.Groups
	}
	return v.c.store.Groups(ctx, v.caller.Account, q)
}

// Group returns one group by public id.
func (v *View) Group(ctx context.Context, id string) (reeve.Group, error) {
	g, err := v.c.store.Group(ctx, v.caller.Account, id)
	if err == nil && !v.reach.Has(g.No) {
		err = errNoGroup
	}
	if err != nil {
		return reeve.Group{}, err
	}
	return g, nil
}

// Apps returns the account's apps, to administrators.
func (v *View) Apps(ctx context.Context) ([]reeve.App, error) {
	if err := Allow(v.caller, reeve.Admin); err != nil {
		return nil, err
	}
	return v.c.store.Apps(ctx, v.caller.Account)
}

// Codes returns the account's registration codes, to administrators.
func (v *View) Codes(ctx context.Context) ([]reeve.Code, error) {
	if err := Allow(v.caller, reeve.Admin); err != nil {
		return nil, err
	}
	return v.c.store.Codes(ctx, v.caller.Account)
}

// Operators returns the account's operators, to administrators.
func (v *View) Operators(ctx context.Context) ([]reeve.Operator, error) {
	if err := Allow(v.caller, reeve.Admin); err != nil {
		return nil, err
	}
	return v.c.store.Operators(ctx, v.caller.Account)
}

// Outlets returns the account's webhooks, to administrators.
func (v *View) Outlets(ctx context.Context) ([]reeve.Outlet, error) {
	if err := Allow(v.caller, reeve.Admin); err != nil {
		return nil, err
	}
	return v.c.store.Outlets(ctx, v.caller.Account)
}
