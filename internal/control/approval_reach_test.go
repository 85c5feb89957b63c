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
	sees := w.operator("sue", reeve.RoleViewer, map[int64]reeve.Role{w.lab.No: reeve.RoleOperator})
	viewer := w.operator("eve", reeve.RoleViewer, nil)
	admin := w.person("bob")
	lab := w.propose(t, admin, control.Order{Action: "exempt", Group: w.lab.ID})
	shop := w.propose(t, admin, control.Order{Action: "exempt", IDs: ids(w.inShop...)})
	move := control.Order{Action: "assign_to_group", IDs: ids(w.inLab...), Params: groupParam(w.shop)}
	moved := w.propose(t, admin, move)
	for what, o := range map[string]reeve.Proposal{"of the shop": shop, "into the shop": moved} {
		for _, one := range []struct {
			caller reeve.Caller
			kind   reeve.Kind
		}{{inLab, reeve.NotFound}, {sees, reeve.Forbidden}} {
			_, _, err := w.Approve(t.Context(), one.caller, o.ID, "", 0)
			wantKind(t, "an order "+what+" by an operator of the lab", err, one.kind)
			_, err = w.Reject(t.Context(), one.caller, o.ID, "")
			wantKind(t, "rejecting an order "+what+" by an operator of the lab", err, one.kind)
		}
	}
	_, _, err := w.Approve(t.Context(), viewer, lab.ID, "", 0)
	wantKind(t, "a viewer", err, reeve.Forbidden)
	_, err = w.Reject(t.Context(), viewer, lab.ID, "")
	wantKind(t, "a viewer rejects", err, reeve.Forbidden)
	if _, p, err := w.Approve(t.Context(), inLab, lab.ID, "", 0); err != nil || p.Job.Targets != 2 {
		t.Errorf("%+v, %v", p.Job, err)
	}
	mine := w.propose(t, inLab, control.Order{Action: "exempt", Group: w.lab.ID})
	if _, p, err := w.Approve(t.Context(), admin, mine.ID, "", 0); err != nil || p.Job.Targets != 2 || p.Job.Caller.Actor != "operator:ann" {
		t.Errorf("%+v, %v", p.Job, err)
	}

	w.limit(t, 1)
	deleted := w.propose(t, admin, order("delete", ids(w.inShop...)...))
	if _, _, err := w.Approve(t.Context(), w.person("joe"), deleted.ID, "", 0); err != nil {
		t.Fatal(err)
	}
	back, err := w.Undo(t.Context(), admin, deleted.ID, control.Order{Propose: true})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Approve(t.Context(), inLab, back.Proposal.ID, "", 0)
	wantKind(t, "restoring devices of the shop by an operator of the lab", err, reeve.NotFound)
	if _, p, err := w.Approve(t.Context(), w.person("joe"), back.Proposal.ID, "", 0); err != nil || len(p.Restored) != 2 {
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
	if _, done, err := w.Approve(t.Context(), w.person("bob"), p.ID, "", 0); err != nil || done.Job.Targets != 2 {
		t.Errorf("%+v, %v", done.Job, err)
	}
}

// Whoever acts in some groups finds what he can decide, and no more.
func TestProposalsWithinGroups(t *testing.T) {
	w := newCampus(t)
	inLab, admin := w.operatorOf(w.lab), w.person("bob")
	move := control.Order{Action: "assign_to_group", IDs: ids(w.inLab...), Params: groupParam(w.shop)}
	job := w.place(t, order("exempt", ids(w.inLab...)...)).Job.ID
	spread := w.place(t, order("exempt", ids(w.inLab[0], w.inShop[0])...)).Job.ID
	named := func(change func(*control.Order)) reeve.Proposal {
		o := control.Order{Action: "exempt"}
		change(&o)
		return w.propose(t, admin, o)
	}
	undo := func(job reeve.JobID) reeve.Proposal {
		p, err := w.Undo(t.Context(), admin, job, control.Order{Propose: true})
		must(err)
		return *p.Proposal
	}
	want := []reeve.Proposal{
		named(func(o *control.Order) { o.Group = w.lab.ID }),
		named(func(o *control.Order) { o.IDs = ids(w.inLab...) }),
		named(func(o *control.Order) { o.MACs = []string{w.inLab[0].MACs[0].String()} }),
		named(func(o *control.Order) { o.Filter = &reeve.DeviceQuery{GroupIDs: []string{w.lab.ID}} }),
		w.propose(t, inLab, control.Order{Action: "exempt", Filter: &reeve.DeviceQuery{}}),
		undo(job),
	}
	hidden := []reeve.Proposal{
		w.propose(t, admin, move), undo(spread),
		named(func(o *control.Order) { o.All = true }),
		named(func(o *control.Order) { o.Group = w.shop.ID }),
		named(func(o *control.Order) { o.IDs = ids(w.inLab[0], w.inShop[0]) }),
		named(func(o *control.Order) { o.MACs = []string{w.inShop[0].MACs[0].String()} }),
		named(func(o *control.Order) { o.Filter = &reeve.DeviceQuery{Search: "machine"} }),
		named(func(o *control.Order) { o.Filter = &reeve.DeviceQuery{GroupNos: []int64{w.lab.No, w.shop.No}} }),
	}
	view, err := w.View(inLab)
	must(err)
	for _, o := range want {
		if _, err := view.Proposal(t.Context(), o.ID); err != nil {
			t.Errorf("%s: %v", o.ID, err)
		}
	}
	for i, o := range hidden {
		_, err := view.Proposal(t.Context(), o.ID)
		wantKind(t, "hidden one "+string(rune('0'+i)), err, reeve.NotFound)
	}
	var got []reeve.JobID
	for q := (reeve.ProposalQuery{Limit: 4}); ; {
		page, err := view.Proposals(t.Context(), q)
		must(err)
		for _, o := range page {
			got = append(got, o.ID)
		}
		if len(page) < q.Limit {
			break
		}
		q.Before = page[len(page)-1].ID
	}
	if len(got) != len(want) {
		t.Errorf("the list has %d of %d", len(got), len(want))
	}
}
