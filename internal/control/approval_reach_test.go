package control_test

import (
	"testing"

	"reeve"
	"reeve/internal/control"
)

// Who approves must be allowed to order the same.
func TestWhoMayApprove(t *testing.T) {
	w := newCampus(t)
	inLab := w.operatorOf(w.lab)
	viewer := w.operator("eve", reeve.RoleViewer, nil)
	admin := w.person("bob")
	lab := w.propose(t, admin, control.Order{Action: "exempt", Group: w.lab.ID})
	shop := w.propose(t, admin, control.Order{Action: "exempt", IDs: ids(w.inShop...)})
	move := control.Order{Action: "assign_to_group", IDs: ids(w.inLab...), Params: groupParam(w.shop)}
	moved := w.propose(t, admin, move)
	for what, o := range map[string]reeve.Proposal{"of the shop": shop, "into the shop": moved} {
		_, _, err := w.Approve(t.Context(), inLab, o.ID, "")
		wantKind(t, "an order "+what+" by an operator of the lab", err, reeve.Forbidden)
	}
	_, _, err := w.Approve(t.Context(), viewer, lab.ID, "")
	wantKind(t, "a viewer", err, reeve.Forbidden)
	_, err = w.Reject(t.Context(), viewer, lab.ID, "")
	wantKind(t, "a viewer rejects", err, reeve.Forbidden)
	if _, p, err := w.Approve(t.Context(), inLab, lab.ID, ""); err != nil || p.Job.Targets != 2 {
		t.Errorf("%+v, %v", p.Job, err)
	}
	mine := w.propose(t, inLab, control.Order{Action: "exempt", Group: w.lab.ID})
	if _, p, err := w.Approve(t.Context(), admin, mine.ID, ""); err != nil || p.Job.Targets != 2 || p.Job.Caller.Actor != "operator:ann" {
		t.Errorf("%+v, %v", p.Job, err)
	}

	w.limit(t, 1)
	deleted := w.propose(t, admin, order("delete", ids(w.inShop...)...))
	if _, _, err := w.Approve(t.Context(), w.person("joe"), deleted.ID, ""); err != nil {
		t.Fatal(err)
	}
	back, err := w.Undo(t.Context(), admin, deleted.ID, control.Order{Propose: true})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Approve(t.Context(), inLab, back.Proposal.ID, "")
	wantKind(t, "restoring devices of the shop by an operator of the lab", err, reeve.Forbidden)
	if _, p, err := w.Approve(t.Context(), w.person("joe"), back.Proposal.ID, ""); err != nil || len(p.Restored) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

// A filter selects among the devices that the caller sees.
func TestFiltersKeepToWhatIsSeen(t *testing.T) {
	w := newCampus(t)
	inLab := w.operatorOf(w.lab)
	for name, tt := range map[string]struct {
		filter reeve.DeviceQuery
		want   int
	}{
		"everything":      {reeve.DeviceQuery{}, 2},
		"one's own group": {reeve.DeviceQuery{GroupIDs: []string{w.lab.ID, reeve.NewID()}}, 2},
		"another group":   {reeve.DeviceQuery{GroupIDs: []string{w.shop.ID}}, 0},
		"both":            {reeve.DeviceQuery{GroupNos: []int64{w.lab.No, w.shop.No}}, 2},
	} {
		if p, err := w.Place(t.Context(), inLab, control.Order{Action: "exempt", Filter: &tt.filter}); err != nil || p.Found != tt.want {
			t.Errorf("%s: %+v, %v", name, p.Job, err)
		}
	}
	sees := w.operator("ann", reeve.RoleViewer, map[int64]reeve.Role{w.lab.No: reeve.RoleOperator})
	_, err := w.Place(t.Context(), sees, control.Order{Action: "exempt", Filter: &reeve.DeviceQuery{}})
	wantKind(t, "what is seen but may not be changed", err, reeve.Forbidden)
	p := w.propose(t, inLab, control.Order{Action: "exempt", Filter: &reeve.DeviceQuery{}})
	if _, done, err := w.Approve(t.Context(), w.person("bob"), p.ID, ""); err != nil || done.Job.Targets != 2 {
		t.Errorf("%+v, %v", done.Job, err)
	}
}
