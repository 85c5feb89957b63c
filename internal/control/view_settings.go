package control

import (
	"context"
	"slices"

	"reeve"
)

// Sets returns the versions of all signature sets by name, the newest first.
func (v *View) Sets(ctx context.Context) ([]reeve.SignatureSet, error) {
	return v.c.store.Sets(ctx, v.caller.Account)
}

// AgentSettings returns the account's settings of agents, then those of the
// groups that have their own, to administrators.
func (v *View) AgentSettings(ctx context.Context) ([]reeve.GroupSettings, error) {
	if err := Allow(v.caller, reeve.Admin); err != nil {
		return nil, err
	}
	settings, _, err := v.c.store.AgentSettings(ctx, v.caller.Account)
	return settings, err
}

// AgentSettingsOf returns what is in force for the agents of a group, or of the
// account if the id is empty: settings with that Group are its own, others are
// the account's.
func (v *View) AgentSettingsOf(ctx context.Context, group string) (reeve.GroupSettings, error) {
	if group != "" {
		if _, err := v.Group(ctx, group); err != nil {
			return reeve.GroupSettings{}, err
		}
	}
	settings, _, err := v.c.store.AgentSettings(ctx, v.caller.Account)
	if err != nil || len(settings) == 0 {
		return reeve.GroupSettings{}, err
	}
	i := slices.IndexFunc(settings, func(s reeve.GroupSettings) bool { return s.Group == group })
	return settings[max(i, 0)], nil
}

// App returns one app of the account, a revoked one too, to administrators.
func (v *View) App(ctx context.Context, clientID string) (reeve.App, error) {
	apps, err := v.Apps(ctx)
	if err != nil {
		return reeve.App{}, err
	}
	i := slices.IndexFunc(apps, func(a reeve.App) bool { return a.ClientID == clientID })
	if i < 0 {
		return reeve.App{}, reeve.Errorf(reeve.NotFound, "there is no such app")
	}
	return apps[i], nil
}

// OfServer reports whether the caller may act beyond the account: an
// administrator of the first one.
func (v *View) OfServer(ctx context.Context) (bool, error) {
	err := v.c.allowServer(ctx, v.caller)
	if reeve.KindOf(err) == reeve.Forbidden {
		return false, nil
	}
	return err == nil, err
}
