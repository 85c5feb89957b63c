package control_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reeve"
	"reeve/internal/control"
)

// A row about a change says what was different before: of what was changed, and
// of nothing else.
func TestChangesSayWhatWas(t *testing.T) {
	w := newWorld(t)
	ctx, admin := t.Context(), w.admin
	lab, err := w.CreateGroup(ctx, admin, "Lab", "")
	must(err)
	app, _, err := w.CreateApp(ctx, admin, reeve.App{Name: "nac", Scopes: reeve.Scopes{reeve.Read}})
	must(err)
	_, _, err = w.CreateOperator(ctx, admin, reeve.Operator{Name: "ann", Role: reeve.RoleViewer}, "")
	must(err)
	device := w.enrol(t, w.linux())

	account := func(change func(*reeve.Account)) error {
		_, err := w.ChangeAccount(ctx, admin, change)
		return err
	}
	name, operator, nick, other, none := "vpn", reeve.RoleOperator, "till 4", "till 5", ""
	for _, step := range []struct {
		what, event string
		change      func() error
		was         map[string]any
	}{
		{"a setting that had its default", "account_changed", func() error {
			return account(func(a *reeve.Account) { a.Settings.KeepLogDays = 90 })
		}, map[string]any{"keep_log_days": nil}},
		{"two settings", "account_changed", func() error {
			return account(func(a *reeve.Account) { a.Settings.KeepLogDays, a.Settings.RequireComment = 30, true })
		}, map[string]any{"keep_log_days": 90.0, "require_comment": false}},
		{"a setting that gets its default again", "account_changed", func() error {
			return account(func(a *reeve.Account) { a.Settings.RequireComment = false })
		}, map[string]any{"require_comment": true}},
		{"a default by its name, and another in its place", "account_changed", func() error {
			return account(func(a *reeve.Account) { a.Settings.Unassessed, a.Settings.ConfirmAbove = "pending", 20 })
		}, map[string]any{"confirm_above": 100.0}},
		{"the questions", "account_changed", func() error {
			return account(func(a *reeve.Account) { a.IdentityFields = nil })
		}, map[string]any{"identity_fields": asJSON(t, reeve.DefaultIdentityFields())}},
		{"nothing", "account_changed", func() error { return account(func(*reeve.Account) {}) }, nil},
		{"a group's name", "group_changed", func() error {
			return w.ChangeGroup(ctx, admin, reeve.Group{ID: lab.ID, Name: "Laboratory", Description: "second floor"})
		}, map[string]any{"name": "Lab", "description": nil}},
		{"the default group", "group_changed", func() error {
			return w.ChangeGroup(ctx, admin, reeve.Group{ID: lab.ID, Name: "Laboratory", Description: "second floor", Default: true})
		}, map[string]any{"default": nil}},
		{"the default group stays", "group_changed", func() error {
			return w.ChangeGroup(ctx, admin, reeve.Group{ID: lab.ID, Name: "Laboratory"})
		}, map[string]any{"description": "second floor"}},
		{"an app", "app_changed", func() error {
			_, err := w.ChangeApp(ctx, admin, app.ClientID, control.AppChange{Name: &name, Scopes: &reeve.Scopes{reeve.Read, reeve.Write}})
			return err
		}, map[string]any{"name": "nac", "scopes": []any{"read"}}},
		{"an operator's role", "operator_changed", func() error {
			_, _, err := w.ChangeOperator(ctx, admin, "ann", control.OperatorChange{Role: &operator})
			return err
		}, map[string]any{"role": "viewer"}},
		{"agents' settings", "agent_settings_changed", func() error {
			_, err := w.ChangeAgentSettings(ctx, admin, "", func(s *reeve.AgentSettings) { s.Quarantine = !s.Quarantine })
			return err
		}, map[string]any{"quarantine": false}},
		{"a nickname", "device_described", func() error {
			return w.Describe(ctx, admin, device.ID, reeve.Description{Nickname: &nick})
		}, map[string]any{"nickname": ""}},
		{"another nickname, and no user as before", "device_described", func() error {
			return w.Describe(ctx, admin, device.ID, reeve.Description{Nickname: &other, LinkedUser: &none})
		}, map[string]any{"nickname": "till 4"}},
	} {
		if err := step.change(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		rows := w.audit(t, admin.Account, step.event)
		var facts struct {
			Was map[string]any `json:"was"`
		}
		if len(rows) == 0 || json.Unmarshal([]byte(rows[len(rows)-1].Detail), &facts) != nil {
			t.Fatalf("%s: the log has no such row: %+v", step.what, rows)
		}
		if d := cmp.Diff(step.was, facts.Was); d != "" {
			t.Errorf("%s: %s", step.what, d)
		}
	}
}

func asJSON(t *testing.T, v any) (out any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	must(err)
	return out
}
