package control

import (
	"context"
	"strings"

	"reeve"
	"reeve/internal/action"
)

// CreateGroup adds a group to the caller's account.
func (c *Control) CreateGroup(ctx context.Context, caller reeve.Caller, name, description string) (reeve.Group, error) {
	g, err := c.checkGroup(caller, reeve.Group{ID: reeve.NewID(), Name: name, Description: description})
	if err != nil {
		return reeve.Group{}, err
	}
	if strings.EqualFold(g.Name, action.DefaultGroup) {
		return reeve.Group{}, reeve.Errorf(reeve.Conflict, "the word %s stands for the account's default group; choose another name", action.DefaultGroup)
	}
	g.Created = g.Modified
	return c.store.AddGroup(ctx, caller.Account, g, groupEntry(caller, g, "group_created"))
}

// ChangeGroup stores name and description of the group with g's ID, and with
// g.Default makes it the one that takes new devices.
func (c *Control) ChangeGroup(ctx context.Context, caller reeve.Caller, g reeve.Group) error {
	g, err := c.checkGroup(caller, g)
	if err != nil {
		return err
	}
	return c.store.SetGroup(ctx, caller.Account, g, groupEntry(caller, g, "group_changed"))
}

// RemoveGroup moves a group's devices to the default group and removes it.
func (c *Control) RemoveGroup(ctx context.Context, caller reeve.Caller, id string) error {
	if err := Allow(caller, reeve.Write); err != nil {
		return err
	}
	g := reeve.Group{ID: id, Modified: c.now()}
	err := c.store.RemoveGroup(ctx, caller.Account, id, groupEntry(caller, g, "group_removed"))
	if err == nil {
		c.wake.Settled(caller.Account, nil)
	}
	return err
}

func (c *Control) checkGroup(caller reeve.Caller, g reeve.Group) (reeve.Group, error) {
	if err := Allow(caller, reeve.Write); err != nil {
		return reeve.Group{}, err
	}
	var err error
	if g.Name, err = checkName("group", g.Name); err != nil {
		return reeve.Group{}, err
	}
	if len(g.Description) > MaxComment {
		return reeve.Group{}, reeve.Errorf(reeve.Invalid, "the description is longer than %d bytes; shorten it", MaxComment)
	}
	g.Modified = c.now()
	return g, nil
}

func groupEntry(caller reeve.Caller, g reeve.Group, event string) reeve.AuditEntry {
	facts := map[string]any{"group_id": g.ID, "name": g.Name}
	if g.Default {
		facts["default"] = true
	}
	return entry(caller, g.Modified, event, detail("", facts))
}
