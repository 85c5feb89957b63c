package control

import (
	"context"
	"regexp"
	"slices"

	"reeve"
)

// maxEngines is how many engines settings may name.
const maxEngines = 16

var engineName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// ChangeAgentSettings has change set what it wants of the settings as they are in
// force for the agents of a group, or of the account if group is empty, and
// returns them as they then are.
func (c *Control) ChangeAgentSettings(ctx context.Context, caller reeve.Caller, group string, change func(*reeve.AgentSettings)) (reeve.GroupSettings, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return reeve.GroupSettings{}, err
	}
	err := c.store.SetAgentSettings(ctx, caller.Account, group, func(s *reeve.AgentSettings) (reeve.AuditEntry, error) {
		before := agentFacts(group, *s)
		change(s)
		err := checkAgentSettings(s)
		return entry(caller, c.now(), "agent_settings_changed", changed(agentFacts(group, *s), before)), err
	})
	if err != nil {
		return reeve.GroupSettings{}, err
	}
	c.wake.Settled(caller.Account, nil)
	all, _, err := c.store.AgentSettings(ctx, caller.Account)
	if err != nil {
		return reeve.GroupSettings{}, err
	}
	i := slices.IndexFunc(all, func(g reeve.GroupSettings) bool { return g.Group == group })
	return all[max(i, 0)], nil // taken away meanwhile, the account's are in force
}

func agentFacts(group string, s reeve.AgentSettings) map[string]any {
	return map[string]any{"group": group, "set": s.Set, "set_version": s.SetVersion, "report_neighbours": s.ReportNeighbours,
		"quarantine": s.Quarantine, "engines": slices.Clone(s.Engines)}
}

func checkAgentSettings(s *reeve.AgentSettings) error {
	s.Engines = slices.Compact(slices.Sorted(slices.Values(s.Engines)))
	switch {
	case s.SetVersion < 0:
		return reeve.Errorf(reeve.Invalid, "set_version must be 0 for the newest, or the number of a version")
	case s.Set == "" && s.SetVersion > 0:
		return reeve.Errorf(reeve.Invalid, "set_version needs the name of a set")
	case len(s.Engines) > maxEngines || slices.ContainsFunc(s.Engines, func(e string) bool { return !engineName.MatchString(e) }):
		return reeve.Errorf(reeve.Invalid, "engines are at most %d words such as builtin", maxEngines)
	}
	return nil
}

// RemoveAgentSettings gives a group the account's settings again, or clears
// those of the account.
func (c *Control) RemoveAgentSettings(ctx context.Context, caller reeve.Caller, group string) error {
	if err := Allow(caller, reeve.Admin); err != nil {
		return err
	}
	err := c.store.RemoveAgentSettings(ctx, caller.Account, group,
		entry(caller, c.now(), "agent_settings_removed", detail("", map[string]any{"group": group})))
	if err == nil {
		c.wake.Settled(caller.Account, nil)
	}
	return err
}
