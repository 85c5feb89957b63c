package control_test

import (
	"testing"

	"reeve"
)

// ofDevices are the doors that a role in a group opens, for its devices and what
// belongs to these; all others need the role in the account.
var ofDevices = map[string]bool{
	"View": true, "SaveView": true, "RemoveView": true,
	"Place": true, "Preview": true, "Retry": true, "PreviewRetry": true, "Undo": true, "PreviewUndo": true, "Pause": true, "Cancel": true,
	"Approve": true, "PreviewProposal": true, "Reject": true, "Describe": true, "Restore": true,
}

// Each role opens the doors whose scope it has; in a group, those that are of
// devices.
func TestDoorsOfRoles(t *testing.T) {
	for name := range ofDevices {
		if _, ok := calls[name]; !ok {
			t.Errorf("the test knows %s, which is no door", name)
		}
	}
	w := newCampus(t)
	for _, role := range []reeve.Role{reeve.NoRole, reeve.RoleViewer, reeve.RoleOperator, reeve.RoleAuditor, reeve.RoleAdministrator} {
		everywhere := w.operator("eve", role, nil)
		inGroup := w.operator("ann", reeve.NoRole, map[int64]reeve.Role{w.lab.No: role})
		for name, door := range calls {
			has := role.Scopes().Has(door.scope)
			for what, c := range map[string]struct {
				caller reeve.Caller
				opens  bool
			}{
				"in the account": {everywhere, has},
				"in a group":     {inGroup, has && ofDevices[name]},
			} {
				if err := door.call(t, w.world, c.caller); (err == nil || reeve.KindOf(err) != reeve.Forbidden) != c.opens {
					t.Errorf("%s for the role %q %s: %v", name, role, what, err)
				}
			}
		}
	}
}
