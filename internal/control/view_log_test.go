package control_test

import (
	"strings"
	"testing"

	"reeve"
)

// The log is for those who may audit; what happened to one device is for all who
// see it.
func TestWhoSeesTheLog(t *testing.T) {
	w := newWorld(t)
	for role, audits := range map[reeve.Role]bool{
		reeve.RoleViewer: false, reeve.RoleOperator: false, reeve.RoleAuditor: true, reeve.RoleAdministrator: true,
	} {
		v, err := w.View(w.colleague(t, role.String(), role))
		must(err)
		if _, err := v.Log(t.Context(), reeve.LogQuery{Limit: 1}); (err == nil) != audits || err != nil && reeve.KindOf(err) != reeve.Forbidden {
			t.Errorf("the log for the role %s: %v", role, err)
		}
		if _, err := v.Log(t.Context(), reeve.LogQuery{Limit: 1, Device: reeve.NewID()}); err != nil {
			t.Errorf("a device's rows for the role %s: %v", role, err)
		}
	}
}

// A row about many devices is in the past of each, and names none of the others
// there.
func TestPastNamesNoOtherDevices(t *testing.T) {
	w := newCampus(t)
	all := append(ids(w.inLab...), ids(w.inShop...)...)
	w.place(t, order("delete", all...))
	if _, err := w.Restore(t.Context(), w.admin, all); err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]reeve.Caller{
		"administrator": w.operator("boss", reeve.RoleAdministrator, nil),
		"lab":           w.operator("lab", 0, map[int64]reeve.Role{w.lab.No: reeve.RoleViewer}),
	} {
		v, err := w.View(who)
		must(err)
		page, err := v.Timeline(t.Context(), w.inLab[0], reeve.TimelinePlace{}, 50)
		must(err)
		rows, err := v.Log(t.Context(), reeve.LogQuery{Device: w.inLab[0].ID, Events: []string{"devices_restored"}, Limit: 9})
		must(err)
		if len(rows) != 1 || strings.Contains(rows[0].Detail, w.inShop[0].ID) != (name == "administrator") {
			t.Errorf("the log for %s has %+v", name, rows)
		}
		found := false
		for _, e := range page.Entries {
			if e.Row != nil && e.Row.Event == "devices_restored" {
				found = strings.Contains(e.Row.Detail, `"devices":4`) && !strings.Contains(e.Row.Detail, w.inShop[0].ID)
			}
		}
		if !found {
			t.Errorf("the past for %s is %+v", name, page.Entries)
		}
	}
}
