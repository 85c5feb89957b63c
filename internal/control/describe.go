package control

import (
	"context"
	"unicode/utf8"

	"reeve"
)

// maxDescription is the longest nickname, custom id, linked user or team in characters.
const maxDescription = 256

// Describe stores what the caller says of a device of the account. Nil fields
// stay as they are, empty ones are taken away. Conflict if another device has
// the custom id.
func (c *Control) Describe(ctx context.Context, caller reeve.Caller, id string, d reeve.Description) error {
	reach, err := AllowSome(caller, reeve.Write)
	if err != nil {
		return err
	}
	said := map[string]any{}
	for name, value := range map[string]*string{
		"nickname": d.Nickname, "custom_id": d.CustomID, "linked_user": d.LinkedUser, "linked_team": d.LinkedTeam,
	} {
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
	if !reach.All {
		devices, err := c.store.DevicesByID(ctx, caller.Account, []string{id})
		if err == nil {
			devices, err = c.allowDevices(ctx, caller, reach, devices)
		}
		if err == nil && len(devices) == 0 {
			err = reeve.Errorf(reeve.NotFound, "there is no such device in this account")
		}
		if err != nil {
			return err
		}
	}
	e := entry(caller, c.now(), "device_described", detail("", said))
	e.Device = id
	return c.store.Describe(ctx, caller.Account, id, d, e)
}
