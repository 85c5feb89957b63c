package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testOperators(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("an operator is kept as it was made, under a name of the server's own", func(w *world) {
		other := w.addAccount("other", 0)
		ann := w.operator("ann", reeve.RoleOperator)
		got, err := w.Operator(w.ctx, "ann")
		w.check(err)
		if d := cmp.Diff(ann, got); d != "" {
			w.t.Error(d)
		}
		foreign := ann
		foreign.Account = other.No
		w.wantKind(w.AddOperator(w.ctx, ann, w.entry("operator_created")), reeve.Conflict)
		w.wantKind(w.AddOperator(w.ctx, foreign, entryOf(other.No, "operator_created")), reeve.Conflict)
		_, err = w.Operator(w.ctx, "bob")
		w.wantKind(err, reeve.NotFound)
		list, err := w.Operators(w.ctx, w.account.No)
		w.check(err)
		if len(list) != 2 || list[0].Name != "admin@acme" || list[1].Name != "ann" {
			w.t.Errorf("operators: %+v", list)
		}
	})

	s.run("an operator is changed and removed within its account only", func(w *world) {
		other := w.addAccount("other", 0)
		ann := w.operator("ann", reeve.RoleViewer)
		ann.PasswordHash, ann.Role = "2", reeve.RoleAdministrator
		foreign := ann
		foreign.Account = other.No
		w.wantKind(w.SetOperator(w.ctx, foreign, entryOf(other.No, "operator_changed")), reeve.NotFound)
		w.wantKind(w.RemoveOperator(w.ctx, other.No, "ann", entryOf(other.No, "operator_removed")), reeve.NotFound)
		w.check(w.SetOperator(w.ctx, ann, w.entry("operator_changed")))
		got, err := w.Operator(w.ctx, "ann")
		w.check(err)
		if d := cmp.Diff(ann, got); d != "" {
			w.t.Error(d)
		}
		w.check(w.RemoveOperator(w.ctx, w.account.No, "ann", w.entry("operator_removed")))
		w.wantKind(w.RemoveOperator(w.ctx, w.account.No, "ann", w.entry("operator_removed")), reeve.NotFound)
		w.wantKind(w.SetOperator(w.ctx, ann, w.entry("operator_changed")), reeve.NotFound)
		if d := cmp.Diff([]string{"operator_created", "operator_changed", "operator_removed"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("the last admin stays", func(w *world) {
		w.addAccount("other", 0) // whose admin does not count
		w.operator("ann", reeve.RoleViewer)
		admin, err := w.Operator(w.ctx, "admin@acme")
		w.check(err)
		lesser := admin
		lesser.Role = reeve.RoleViewer
		w.wantKind(w.SetOperator(w.ctx, lesser, w.entry("operator_changed")), reeve.Conflict)
		w.wantKind(w.RemoveOperator(w.ctx, w.account.No, admin.Name, w.entry("operator_removed")), reeve.Conflict)
		got, err := w.Operator(w.ctx, admin.Name)
		w.check(err)
		if d := cmp.Diff(admin, got); d != "" {
			w.t.Error(d)
		}
		w.operator("bob", reeve.RoleAdministrator)
		w.check(w.RemoveOperator(w.ctx, w.account.No, admin.Name, w.entry("operator_removed")))
		w.check(w.RemoveOperator(w.ctx, w.account.No, "ann", w.entry("operator_removed")))
	})

	s.run("roles in groups are kept with the operator, and go with their group", func(w *world) {
		lab, shop := w.group("Lab"), w.group("Shop")
		other := w.addAccount("other", 0)
		ann := reeve.Operator{Name: "ann", Account: w.account.No, PasswordHash: "1", Created: noon, Groups: []reeve.GroupRole{
			{Group: lab.No, GroupID: lab.ID, Role: reeve.RoleOperator}, {Group: shop.No, GroupID: shop.ID, Role: reeve.RoleAdministrator}}}
		w.check(w.AddOperator(w.ctx, ann, w.entry("operator_created")))
		want := func() {
			w.t.Helper()
			list, err := w.Operators(w.ctx, w.account.No)
			w.check(err)
			if d := cmp.Diff(ann, list[len(list)-1]); d != "" {
				w.t.Error(d)
			}
		}
		want()
		ann.Role = reeve.RoleViewer
		w.check(w.SetOperator(w.ctx, ann, w.entry("operator_changed")))
		want()
		foreign := ann
		foreign.Groups = []reeve.GroupRole{{Group: other.DefaultGroup, Role: reeve.RoleViewer}}
		w.wantKind(w.SetOperator(w.ctx, foreign, w.entry("operator_changed")), reeve.NotFound)
		want()
		w.check(w.removeGroup(w.account.No, shop.ID))
		ann.Groups = ann.Groups[:1]
		want()
		// An administrator of a group is none of the account.
		w.wantKind(w.RemoveOperator(w.ctx, w.account.No, "admin@acme", w.entry("operator_removed")), reeve.Conflict)
		w.check(w.RemoveOperator(w.ctx, w.account.No, "ann", w.entry("operator_removed")))
	})
}

// operator adds an operator of the world's account.
func (w *world) operator(name string, role reeve.Role) reeve.Operator {
	w.t.Helper()
	o := reeve.Operator{Name: name, Account: w.account.No, PasswordHash: "1", Role: role, Created: noon}
	w.check(w.AddOperator(w.ctx, o, w.entry("operator_created")))
	return o
}
