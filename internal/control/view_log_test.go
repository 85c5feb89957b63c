package control_test

import (
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
