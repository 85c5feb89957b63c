package control_test

import (
	"maps"
	"slices"
	"testing"

	"reeve"
	"reeve/internal/control"
)

// A campus is a world with devices in two groups and operators who act in one.
type campus struct {
	*world
	t         *testing.T
	lab, shop reeve.Group
	inLab     []reeve.Device
	inShop    []reeve.Device
}

func newCampus(t *testing.T) *campus {
	t.Helper()
	w := &campus{world: newWorld(t), t: t}
	for _, g := range []struct {
		name    string
		group   *reeve.Group
		devices *[]reeve.Device
	}{{"Lab", &w.lab, &w.inLab}, {"Shop", &w.shop, &w.inShop}} {
		var err error
		*g.group, err = w.CreateGroup(t.Context(), w.admin, g.name, "")
		must(err)
		for range 2 {
			*g.devices = append(*g.devices, w.enrol(t, w.linux()))
		}
		w.move(*g.group, *g.devices...)
	}
	return w
}

func (w *campus) move(to reeve.Group, devices ...reeve.Device) {
	w.t.Helper()
	o := order("assign_to_group", ids(devices...)...)
	o.Params = groupParam(to)
	w.place(w.t, o)
}

func groupParam(g reeve.Group) []byte { return []byte(`{"group_id":"` + g.ID + `"}`) }

func ids(devices ...reeve.Device) (out []string) {
	for _, d := range devices {
		out = append(out, d.ID)
	}
	return out
}

// operator is who has a role in the account and others in groups.
func (w *campus) operator(name string, role reeve.Role, groups map[int64]reeve.Role) reeve.Caller {
	o := reeve.Operator{Role: role}
	for group, role := range groups {
		o.Groups = append(o.Groups, reeve.GroupRole{Group: group, Role: role})
	}
	return reeve.Caller{Account: w.admin.Account, Source: reeve.FromConsole, Actor: "operator:" + name, Name: name,
		Scopes: role.Scopes(), Groups: o.GroupScopes()}
}

func (w *campus) operatorOf(groups ...reeve.Group) reeve.Caller {
	roles := map[int64]reeve.Role{}
	for _, g := range groups {
		roles[g.No] = reeve.RoleOperator
	}
	return w.operator("ann", reeve.NoRole, roles)
}

func TestReaches(t *testing.T) {
	w := newCampus(t)
	viewerInShop := w.operator("ann", reeve.NoRole, map[int64]reeve.Role{w.lab.No: reeve.RoleOperator, w.shop.No: reeve.RoleAuditor})
	for _, c := range []struct {
		caller reeve.Caller
		scope  reeve.Scope
		want   control.Reach
		whole  bool
	}{
		{viewerInShop, reeve.Read, control.Reach{Groups: []int64{w.lab.No, w.shop.No}}, false},
		{viewerInShop, reeve.Write, control.Reach{Groups: []int64{w.lab.No}}, false},
		{viewerInShop, reeve.Audit, control.Reach{Groups: []int64{w.shop.No}}, false},
		{w.operator("bob", reeve.RoleViewer, map[int64]reeve.Role{w.lab.No: reeve.RoleOperator}), reeve.Read, control.Reach{All: true}, true},
		{w.operator("bob", reeve.RoleAdministrator, nil), reeve.Audit, control.Reach{All: true}, true},
	} {
		got, err := control.AllowSome(c.caller, c.scope)
		if err != nil || got.All != c.want.All || !slices.Equal(got.Groups, c.want.Groups) {
			t.Errorf("%s: %+v, %v; want %+v", c.scope, got, err, c.want)
		}
		if err := control.Allow(c.caller, c.scope); (err == nil) != c.whole {
			t.Errorf("%s for the account: %v", c.scope, err)
		}
	}
	for what, caller := range map[string]reeve.Caller{
		"no role":    w.operator("cid", reeve.NoRole, nil),
		"no account": {Source: reeve.FromConsole, Groups: viewerInShop.Groups},
	} {
		_, err := control.AllowSome(caller, reeve.Read)
		wantKind(t, what, err, reeve.Forbidden)
	}
	_, err := control.AllowSome(viewerInShop, reeve.Admin)
	wantKind(t, "admin of a group only", err, reeve.Forbidden)
}

// Who acts on some groups orders devices of these, is refused as a whole where
// he sees a device that he may not change, and does not learn of others.
func TestOrdersStayWithinGroups(t *testing.T) {
	w := newCampus(t)
	ann := w.operatorOf(w.lab)
	watcher := w.operator("eve", reeve.NoRole, map[int64]reeve.Role{w.lab.No: reeve.RoleOperator, w.shop.No: reeve.RoleViewer})
	reader := w.operator("bob", reeve.RoleViewer, map[int64]reeve.Role{w.lab.No: reeve.RoleOperator})
	mixed := slices.Concat(ids(w.inShop[0]), ids(w.inLab...), ids(w.inShop[1]))
	exempt := func(change func(*control.Order)) control.Order {
		o := control.Order{Action: "exempt", Params: []byte(`{"exempt_time":1}`)}
		change(&o)
		return o
	}
	byIDs := func(list []string) control.Order { return exempt(func(o *control.Order) { o.IDs = list }) }
	inGroup := func(g reeve.Group) control.Order { return exempt(func(o *control.Order) { o.Group = g.ID }) }
	everything := exempt(func(o *control.Order) { o.All = true })

	p, err := w.Place(t.Context(), ann, byIDs(mixed))
	must(err)
	var statuses []int8
	for _, o := range p.Outcomes {
		statuses = append(statuses, o.Status)
	}
	if !slices.Equal(statuses, []int8{0, 1, 1, 0}) || p.Job.Targets != 2 || p.Job.Unmatched != 2 {
		t.Errorf("statuses %v of %+v", statuses, p.Job)
	}
	for i, c := range w.commands(t, p.Job.ID) {
		if c.DeviceID != w.inLab[i].ID || p.Outcomes[1+i].Leaf != int32(i) {
			t.Errorf("command %d is on device %s, its outcome says %+v", i, c.DeviceID, p.Outcomes[1+i])
		}
	}
	var macs []string
	for _, d := range append(w.inShop[:1:1], w.inLab...) {
		macs = append(macs, d.MACs[0].String())
	}
	p, err = w.Place(t.Context(), ann, exempt(func(o *control.Order) { o.MACs = macs }))
	if err != nil || p.Job.Targets != 2 || p.Outcomes[0].Status != 0 {
		t.Errorf("by MAC: %+v, %v", p.Job, err)
	}
	if p, err := w.Place(t.Context(), ann, inGroup(w.lab)); err != nil || p.Job.Targets != 2 {
		t.Errorf("the own group: %+v, %v", p.Job, err)
	}

	head, _, _ := w.store.Head(t.Context(), w.admin.Account)
	for what, c := range map[string]struct {
		caller reeve.Caller
		order  control.Order
		kind   reeve.Kind
	}{
		"a device that is only seen":              {watcher, byIDs(mixed), reeve.Forbidden},
		"likewise, by a role in the account":      {reader, byIDs(mixed), reeve.Forbidden},
		"a group that is not seen":                {ann, inGroup(w.shop), reeve.NotFound},
		"a group that is only seen":               {watcher, inGroup(w.shop), reeve.Forbidden},
		"everything":                              {ann, everything, reeve.Forbidden},
		"everything, for one who sees everything": {reader, everything, reeve.Forbidden},
		"a dry run of it":                         {ann, exempt(func(o *control.Order) { o.All, o.DryRun = true, true }), reeve.Forbidden},
	} {
		_, err := w.Place(t.Context(), c.caller, c.order)
		wantKind(t, what, err, c.kind)
	}
	if after, _, _ := w.store.Head(t.Context(), w.admin.Account); after.Seq != head.Seq {
		t.Errorf("what was refused left %d rows in the log", after.Seq-head.Seq)
	}

	move := order("assign_to_group", w.inLab[0].ID)
	move.Params = groupParam(w.shop)
	_, err = w.Place(t.Context(), watcher, move)
	wantKind(t, "moving to a group that is only seen", err, reeve.Forbidden)
	_, err = w.Preview(t.Context(), watcher, move)
	wantKind(t, "a look at that", err, reeve.Forbidden)
	_, err = w.Place(t.Context(), ann, move)
	wantKind(t, "moving to a group that is not seen", err, reeve.NotFound)
	_, err = w.Preview(t.Context(), ann, move)
	wantKind(t, "a look at that", err, reeve.NotFound)
	_, err = w.Preview(t.Context(), ann, order("assign_to_group", w.inLab[0].ID))
	wantKind(t, "a look at moving to the default group", err, reeve.Forbidden)
	published := ann
	published.Source = reeve.FromOAuthAPI
	if p, err := w.Place(t.Context(), published, move); err != nil || p.Outcomes[0].Status != 0 {
		t.Errorf("on the published API: %+v, %v; want the answer for none", p.Outcomes, err)
	}
	if p, err := w.Place(t.Context(), w.operatorOf(w.lab, w.shop), move); err != nil || p.Outcomes[0].Status != 1 {
		t.Errorf("moving between own groups: %+v, %v", p.Outcomes, err)
	}
}

// A job belongs to who placed it, for all whose roles are in groups.
func TestJobsOfGroupOperators(t *testing.T) {
	w := newCampus(t)
	ann := w.operatorOf(w.lab)
	bob := ann
	bob.Actor = "operator:bob"
	reader := w.operator("eve", reeve.RoleViewer, maps.Clone(map[int64]reeve.Role{w.lab.No: reeve.RoleOperator}))
	o := order("scan_threats", ids(w.inLab...)...)
	o.Params = []byte(`{"scan_types":[1]}`)
	p, err := w.Place(t.Context(), ann, o)
	must(err)
	foreign := w.place(t, o)
	for what, try := range map[string]func(reeve.Caller, reeve.JobID) error{
		"Pause":  func(c reeve.Caller, id reeve.JobID) error { _, err := w.Pause(t.Context(), c, id, true); return err },
		"Cancel": func(c reeve.Caller, id reeve.JobID) error { _, err := w.Cancel(t.Context(), c, id); return err },
		"Retry": func(c reeve.Caller, id reeve.JobID) error {
			_, err := w.Retry(t.Context(), c, id, nil, control.Order{DryRun: true})
			return err
		},
	} {
		wantKind(t, what+" of another's job", try(bob, p.Job.ID), reeve.NotFound)
		wantKind(t, what+" of an app's job", try(ann, foreign.Job.ID), reeve.NotFound)
		wantKind(t, what+" by one who sees all jobs", try(reader, foreign.Job.ID), reeve.Forbidden)
	}
	if _, err := w.Pause(t.Context(), ann, p.Job.ID, true); err != nil {
		t.Error(err)
	}
	if _, err := w.Cancel(t.Context(), ann, p.Job.ID); err != nil {
		t.Error(err)
	}
	if p, err := w.Retry(t.Context(), ann, p.Job.ID, nil, control.Order{}); err != nil || p.Job.Targets != 2 {
		t.Errorf("the own job again: %+v, %v", p.Job, err)
	}
	w.move(w.shop, w.inLab[0])
	_, err = w.Retry(t.Context(), ann, p.Job.ID, nil, control.Order{})
	wantKind(t, "again, with a device that has left the group", err, reeve.Forbidden)
}

// What is said of a device, and its return, follow the same rule.
func TestRecordsStayWithinGroups(t *testing.T) {
	w := newCampus(t)
	ann := w.operatorOf(w.lab)
	watcher := w.operator("eve", reeve.NoRole, map[int64]reeve.Role{w.lab.No: reeve.RoleOperator, w.shop.No: reeve.RoleViewer})
	named := reeve.Description{Nickname: new("bench")}
	must(w.Describe(t.Context(), ann, w.inLab[0].ID, named))
	wantKind(t, "a device that is not seen", w.Describe(t.Context(), ann, w.inShop[0].ID, named), reeve.NotFound)
	wantKind(t, "no device", w.Describe(t.Context(), ann, reeve.NewID(), named), reeve.NotFound)
	wantKind(t, "a device that is only seen", w.Describe(t.Context(), watcher, w.inShop[0].ID, named), reeve.Forbidden)

	both := ids(w.inLab[0], w.inShop[0])
	w.place(t, order("delete", both...))
	_, err := w.Restore(t.Context(), watcher, both)
	wantKind(t, "bringing back what is only seen", err, reeve.Forbidden)
	got, err := w.Restore(t.Context(), ann, both)
	if err != nil || !slices.Equal(got.IDs, both[:1]) || len(got.Refused) != 1 || got.Refused[0].ID != both[1] || got.Refused[0].Reason != "not_found" {
		t.Errorf("restored %+v, %v", got, err)
	}
	for what, try := range map[string]func() error{
		"CreateGroup": func() error { _, err := w.CreateGroup(t.Context(), ann, "Own", ""); return err },
		"RemoveGroup": func() error { return w.RemoveGroup(t.Context(), ann, w.lab.ID) },
		"Import": func() error {
			_, err := w.Import(t.Context(), ann, []reeve.Device{{Hostname: "printer"}}, false)
			return err
		},
	} {
		wantKind(t, what+" by who acts on a group", try(), reeve.Forbidden)
	}
}

func TestGroupRoles(t *testing.T) {
	w := newCampus(t)
	give := func(groups ...reeve.GroupRole) error {
		_, _, err := w.ChangeOperator(t.Context(), w.admin, "ann", control.OperatorChange{Groups: &groups})
		return err
	}
	_, _, err := w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: "ann", Groups: []reeve.GroupRole{{GroupID: w.lab.ID, Role: reeve.RoleOperator}}}, "")
	must(err)
	wantKind(t, "no role at all", give(), reeve.Invalid)
	wantKind(t, "a group twice", give(reeve.GroupRole{GroupID: w.lab.ID, Role: reeve.RoleViewer}, reeve.GroupRole{GroupID: w.lab.ID, Role: reeve.RoleAuditor}), reeve.Invalid)
	wantKind(t, "no such group", give(reeve.GroupRole{GroupID: reeve.NewID(), Role: reeve.RoleViewer}), reeve.Invalid)
	wantKind(t, "no role in a group", give(reeve.GroupRole{GroupID: w.lab.ID}), reeve.Invalid)
	must(give(reeve.GroupRole{GroupID: w.shop.ID, Role: reeve.RoleViewer}, reeve.GroupRole{GroupID: w.lab.ID, Role: reeve.RoleAuditor}))
	o, err := w.store.Operator(t.Context(), "ann")
	if err != nil || len(o.Groups) != 2 || o.Groups[0].Group != w.lab.No || o.Groups[0].Role != reeve.RoleAuditor || o.Role != reeve.NoRole {
		t.Errorf("stored: %+v, %v", o, err)
	}
	lesser := callerOf(w.admin.Account, "APP", reeve.Read, reeve.Admin)
	_, _, err = w.ChangeOperator(t.Context(), lesser, "ann", control.OperatorChange{Groups: &[]reeve.GroupRole{{GroupID: w.lab.ID, Role: reeve.RoleOperator}}})
	wantKind(t, "a role that has more than the caller", err, reeve.Forbidden)
}
