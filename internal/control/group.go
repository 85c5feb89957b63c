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
	had, err := c.store.Group(ctx, caller.Account, g.ID)
	if err != nil {
		return err
	}
	now := g
	now.Default = g.Default || had.Default
	return c.store.SetGroup(ctx, caller.Account, g, entry(caller, g.Modified, "group_changed", changed(groupFacts(now), groupFacts(had))))
}

// RemoveGroup moves a group's devices to the default group and removes it. As
// that is no order which a second person could approve, it is refused for more
// devices than one person may order.
func (c *Control) RemoveGroup(ctx context.Context, caller reeve.Caller, id string) error {
	if err := Allow(caller, reeve.Write); err != nil {
		return err
	}
	err := c.store.RemoveGroup(ctx, caller.Account, id, func(a reeve.Account, g reeve.Group) (reeve.AuditEntry, error) {
		if limit := Effective(a.Settings).ApproveAbove; limit > 0 && g.Devices > limit {
			return reeve.AuditEntry{}, reeve.Errorf(reeve.Unapproved, "the group has %d devices, and this account lets at most %d be moved by one person; nothing was done. "+
				"Move them first with an order (assign_to_group) that a second person approves, then remove the group", g.Devices, limit)
		}
		return entry(caller, c.now(), "group_removed", detail("", map[string]any{"group_id": g.ID, "name": g.Name, "devices": g.Devices})), nil
	})
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
	if tooLong(g.Description) {
		return reeve.Group{}, reeve.Errorf(reeve.Invalid, "the description is longer than %d characters; shorten it", MaxComment)
	}
	g.Modified = c.now()
	return g, nil
}

func groupEntry(caller reeve.Caller, g reeve.Group, event string) reeve.AuditEntry {
	return entry(caller, g.Modified, event, detail("", groupFacts(g)))
}

func groupFacts(g reeve.Group) map[string]any {
	facts := map[string]any{"group_id": g.ID, "name": g.Name}
	if g.Description != "" {
		facts["description"] = g.Description
	}
	if g.Default {
		facts["default"] = true
	}
	return facts
}
