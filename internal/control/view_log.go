package control

import (
	"context"
	"encoding/json"
	"maps"

	"reeve"
)

// Timeline returns what happened to a device; see TimelineStore.
func (v *View) Timeline(ctx context.Context, device reeve.Device, before reeve.TimelinePlace, limit int) (reeve.TimelinePage, error) {
	if err := v.mustSeeID(ctx, device.ID); err != nil {
		return reeve.TimelinePage{}, err
	}
	page, err := v.c.store.Timeline(ctx, v.caller.Account, device, before, limit)
	for _, e := range page.Entries {
		if e.Row != nil {
			v.hideOthers(e.Row)
		}
	}
	return page, err
}

// Log returns rows of the log: those about one device to who sees the device,
// others to who audits the whole account.
func (v *View) Log(ctx context.Context, q reeve.LogQuery) ([]reeve.AuditEntry, error) {
	var err error
	if q.Device == "" {
		err = Allow(v.caller, reeve.Audit)
	} else {
		err = v.mustSeeID(ctx, q.Device)
	}
	if err != nil {
		return nil, err
	}
	rows, err := v.c.store.Log(ctx, v.caller.Account, q)
	if Allow(v.caller, reeve.Audit) != nil {
		for i := range rows {
			v.hideOthers(&rows[i])
		}
	}
	return rows, err
}

// ActorsCalled returns who rows of the log may be by where somebody says a name:
// an operator or apps of that name, or who goes by it in the log itself.
func (v *View) ActorsCalled(ctx context.Context, name string) ([]string, error) {
	if err := Allow(v.caller, reeve.Audit); err != nil {
		return nil, err
	}
	apps, err := v.c.store.Apps(ctx, v.caller.Account)
	actors := []string{name, "operator:" + name}
	for _, app := range apps {
		if app.Name == name {
			actors = append(actors, "app:"+app.ClientID)
		}
	}
	return actors, err
}

// hideOthers leaves of the facts of a row in the past of one device those that
// name no other device: the row may be about many, and they fill pages.
func (v *View) hideOthers(e *reeve.AuditEntry) {
	if e.Device != "" && v.reach.All {
		return
	}
	var facts map[string]any
	if json.Unmarshal([]byte(e.Detail), &facts) != nil {
		return
	}
	maps.DeleteFunc(facts, func(name string, value any) bool {
		switch value.(type) {
		case []any, map[string]any:
			return true
		}
		return name == "commands"
	})
	e.Detail = detail("", facts)
}
