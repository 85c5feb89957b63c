package control

import (
	"context"
	"unicode/utf8"

	"reeve"
)

// maxDescription is the longest nickname, custom id, linked user or team in characters.
const maxDescription = 256

// describedBy is what may be said of a device.
var describedBy = map[string]struct {
	new func(reeve.Description) *string
	old func(reeve.Device) string
}{
	"nickname":    {func(d reeve.Description) *string { return d.Nickname }, func(d reeve.Device) string { return d.Nickname }},
	"custom_id":   {func(d reeve.Description) *string { return d.CustomID }, func(d reeve.Device) string { return d.CustomID }},
	"linked_user": {func(d reeve.Description) *string { return d.LinkedUser }, func(d reeve.Device) string { return d.LinkedUser }},
	"linked_team": {func(d reeve.Description) *string { return d.LinkedTeam }, func(d reeve.Device) string { return d.LinkedTeam }},
}

// Describe stores what the caller says of a device of the account. Nil fields
// stay as they are, empty ones are taken away. Conflict if another device has
// the custom id.
func (c *Control) Describe(ctx context.Context, caller reeve.Caller, id string, d reeve.Description) error {
	reach, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return err
	}
	said := map[string]any{}
	for name, of := range describedBy {
		value := of.new(d)
		if value == nil {
			continue
		}
		if utf8.RuneCountInString(*value) > maxDescription {
			return reeve.Errorf(reeve.Invalid, "the %s is longer than %d characters; shorten it", reeve.Word(name), maxDescription)
		}
		said[name] = *value
	}
	if len(said) == 0 {
		return reeve.Errorf(reeve.Invalid, "nothing is said of the device; give a nickname, custom_id, linked_user or linked_team")
	}
	devices, err := c.store.DevicesByID(ctx, caller.Account, []string{id})
	if err == nil && !reach.All {
		devices, err = c.allowDevices(ctx, caller, reach, devices)
	}
	if err == nil && len(devices) == 0 {
		err = reeve.Errorf(reeve.NotFound, "there is no such device in this account")
	}
	if err != nil {
		return err
	}
	before := map[string]any{}
	for name, of := range describedBy {
		if _, known := said[name]; known {
			before[name] = of.old(devices[0])
		}
	}
	e := entry(caller, c.now(), "device_described", changed(said, before))
	e.Device = id
	return c.store.Describe(ctx, caller.Account, id, d, e)
}
