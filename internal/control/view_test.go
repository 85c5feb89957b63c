package control_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

// A spot is a place in a fleet that a view can be asked for.
type spot struct {
	device  reeve.Device
	group   reeve.Group
	job     reeve.JobID // placed by the spot's own operator
	command reeve.CommandID
	propose reeve.JobID
}

// looks has every method of a View: what it needs, and whether it finds the spot
// that it is asked for.
var looks = map[string]struct {
	scope reeve.Scope // besides Read
	whole bool        // needed in the whole account
	look  func(*testing.T, *control.View, spot) (bool, error)
}{
	"Account": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.Account(t.Context())
		return true, err
	}},
	"Devices": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.Devices(t.Context(), reeve.DeviceQuery{Limit: 100})
		return slices.ContainsFunc(found, func(d reeve.Device) bool { return d.No == s.device.No }), err
	}},
	"LookForDevices": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, _, err := v.LookForDevices(t.Context(), reeve.DeviceQuery{Limit: 100}, time.Minute)
		return slices.ContainsFunc(found, func(d reeve.Device) bool { return d.No == s.device.No }), err
	}},
	"CountDevices": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		n, err := v.CountDevices(t.Context(), reeve.DeviceQuery{GroupNos: []int64{s.group.No}})
		return n > 0, err
	}},
	"CountUpTo": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		n, _, err := v.CountUpTo(t.Context(), reeve.DeviceQuery{GroupIDs: []string{s.group.ID}}, 5, time.Minute)
		return n > 0, err
	}},
	"CountByClass": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		n, err := v.CountByClass(t.Context(), reeve.DeviceQuery{Search: s.device.Hostname})
		return len(n) > 0, err
	}},
	"Overview": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		o, err := v.Overview(t.Context())
		return slices.ContainsFunc(o.Groups, func(g reeve.GroupCount) bool { return g.ID == s.group.ID }), err
	}},
	"OverviewSoon": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		if _, err := v.Overview(t.Context()); err != nil { // so that there is one
			return false, err
		}
		o, _, err := v.OverviewSoon(t.Context())
		return slices.ContainsFunc(o.Groups, func(g reeve.GroupCount) bool { return g.ID == s.group.ID }), err
	}},
	"Device": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		d, err := v.Device(t.Context(), s.device.ID)
		return d.No != 0, err
	}},
	"DeviceEver": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		d, err := v.DeviceEver(t.Context(), s.device.ID)
		return d.No != 0, err
	}},
	"DevicesByNo": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.DevicesByNo(t.Context(), []int64{s.device.No})
		return len(found) > 0, err
	}},
	"Mentioned": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		ran, _ := reeve.Runs{{Job: s.command.Job, First: s.command.Leaf, Last: s.command.Leaf}}.MarshalText()
		rows := []reeve.AuditEntry{{Device: s.device.ID}, {Detail: `{"commands":"` + string(ran) + `"}`}, {Detail: `{"ids":["` + s.device.ID + `"]}`}}
		all, err := v.Mentioned(t.Context(), rows)
		named := 0
		for _, m := range all {
			if len(m.First) == 1 && m.First[0].Hostname == s.device.Hostname {
				named++
			}
		}
		if named != 0 && named != len(rows) {
			t.Errorf("%d of %d rows name the device: %v", named, len(rows), all)
		}
		return named > 0, err
	}},
	"Timeline": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		page, err := v.Timeline(t.Context(), s.device, reeve.TimelinePlace{}, 10)
		return len(page.Entries) > 0, err
	}},
	"DeviceCommands": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.DeviceCommands(t.Context(), s.device.No, 0, 10)
		return len(found) > 0, err
	}},
	"Threats": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.Threats(t.Context(), s.device.No, time.Time{}, 0, 10)
		return err == nil, err
	}},
	"Groups": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.Groups(t.Context(), reeve.GroupQuery{Limit: 100, Page: 1})
		return slices.ContainsFunc(found, func(g reeve.Group) bool { return g.No == s.group.No }), err
	}},
	"CountedGroups": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, _, err := v.CountedGroups(t.Context(), reeve.GroupQuery{Limit: 100, Page: 1}, true)
		return slices.ContainsFunc(found, func(g reeve.Group) bool { return g.No == s.group.No }), err
	}},
	"Group": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		g, err := v.Group(t.Context(), s.group.ID)
		return g.No != 0, err
	}},
	"Jobs": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.Jobs(t.Context(), reeve.JobQuery{Limit: 100})
		return slices.ContainsFunc(found, func(j reeve.Job) bool { return j.ID == s.job }), err
	}},
	"Job": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		job, err := v.Job(t.Context(), s.job)
		return job.ID != 0, err
	}},
	"JobsOf": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.JobsOf(t.Context(), []reeve.Command{{ID: s.command, DeviceID: s.device.ID}})
		return len(found) > 0, err
	}},
	"Commands": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.Commands(t.Context(), s.job, nil, 0, 1)
		return len(found) > 0, err
	}},
	"CommandsWithin": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.CommandsWithin(t.Context(), s.job, []reeve.State{reeve.Queued, reeve.Succeeded}, 0, 1000, 1)
		return len(found) > 0, err
	}},
	"EarlierCommands": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.EarlierCommands(t.Context(), s.job, nil, 1, 9, 1)
		return len(found) > 0, err
	}},
	"Command": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		command, _, err := v.Command(t.Context(), s.command)
		return command.DeviceNo != 0, err
	}},
	"Proposals": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		found, err := v.Proposals(t.Context(), reeve.ProposalQuery{Limit: 100})
		return slices.ContainsFunc(found, func(o reeve.Proposal) bool { return o.ID == s.propose }), err
	}},
	"Proposal": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		o, err := v.Proposal(t.Context(), s.propose)
		return o.ID != 0, err
	}},
	"Selection": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		o, err := v.Proposal(t.Context(), s.propose)
		if err != nil {
			return false, err
		}
		_, err = v.Selection(o)
		return err == nil, err
	}},
	"JobSelection": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.JobSelection(t.Context(), s.job)
		return err == nil, err
	}},
	"ActorsCalled": {scope: reeve.Audit, whole: true, look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		actors, err := v.ActorsCalled(t.Context(), "first app")
		return slices.ContainsFunc(actors, func(a string) bool { return strings.HasPrefix(a, "app:") }), err
	}},
	"Log": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		rows, err := v.Log(t.Context(), reeve.LogQuery{Limit: 10, Device: s.device.ID})
		return len(rows) > 0, err
	}},
	"SavedViews": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.SavedViews(t.Context())
		return true, err
	}},
	"Sets": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.Sets(t.Context())
		return true, err
	}},
	"AgentSettingsOf": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.AgentSettingsOf(t.Context(), s.group.ID)
		return err == nil, err
	}},
	"OfServer": {look: func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.OfServer(t.Context())
		return true, err
	}},
	"AgentSettings": {reeve.Admin, true, func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.AgentSettings(t.Context())
		return err == nil, err
	}},
	"Apps": {reeve.Admin, true, func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.Apps(t.Context())
		return err == nil, err
	}},
	"App": {reeve.Admin, true, func(t *testing.T, v *control.View, s spot) (bool, error) {
		apps, err := v.Apps(t.Context())
		if err == nil {
			_, err = v.App(t.Context(), apps[0].ClientID)
		}
		return err == nil, err
	}},
	"Codes": {reeve.Admin, true, func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.Codes(t.Context())
		return err == nil, err
	}},
	"Operators": {reeve.Admin, true, func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.Operators(t.Context())
		return err == nil, err
	}},
	"OperatorStates": {reeve.Admin, true, func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.OperatorStates(t.Context())
		return err == nil, err
	}},
	"OperatorState": {reeve.Admin, true, func(t *testing.T, v *control.View, s spot) (bool, error) {
		all, err := v.Operators(t.Context())
		if err == nil && len(all) > 0 {
			_, err = v.OperatorState(t.Context(), all[0].Name)
		}
		return err == nil, err
	}},
	"Outlets": {reeve.Admin, true, func(t *testing.T, v *control.View, s spot) (bool, error) {
		_, err := v.Outlets(t.Context())
		return err == nil, err
	}},
}

// Every role, in the account or in one of its groups, sees what it is for and
// nothing else.
func TestWhatRolesSee(t *testing.T) {
	views := reflect.TypeFor[*control.View]()
	for i := range views.NumMethod() {
		if name := views.Method(i).Name; looks[name].look == nil {
			t.Errorf("a View has %s, and the test does not know who may see what by it", name)
		}
	}
	w := newCampus(t)
	w.limit(t, 100)
	lab, shop := w.spot(w.lab, w.inLab), w.spot(w.shop, w.inShop)
	_, stranger := w.further(t, "other")
	for _, role := range []reeve.Role{reeve.NoRole, reeve.RoleViewer, reeve.RoleOperator, reeve.RoleAuditor, reeve.RoleAdministrator} {
		inLab := w.operator("of Lab", reeve.NoRole, map[int64]reeve.Role{w.lab.No: role})
		abroad := w.operator("abroad", role, nil)
		abroad.Account = stranger.Account
		for _, c := range []struct {
			what      string
			caller    reeve.Caller
			lab, shop bool // whether he sees what is there
			whole     bool
		}{
			{"in the account", w.operator("eve", role, nil), true, true, true},
			{"in the lab", inLab, true, false, false},
			{"in another account", abroad, false, false, true},
		} {
			view, err := w.View(c.caller)
			if role == reeve.NoRole {
				wantKind(t, "without a role "+c.what, err, reeve.Forbidden)
				continue
			}
			must(err)
			for name, method := range looks {
				allowed := method.scope == "" || role.Scopes().Has(method.scope) && (c.whole || !method.whole)
				for _, at := range []struct {
					spot
					sees bool
				}{{lab, c.lab}, {shop, c.shop}} {
					found, err := method.look(t, view, at.spot)
					if !allowed {
						wantKind(t, role.String()+" "+c.what+": "+name, err, reeve.Forbidden)
						continue
					}
					sees := at.sees || ofAll[name] || method.scope == reeve.Admin
					if err != nil && (sees || reeve.KindOf(err) != reeve.NotFound) || found != sees && !mayBeEmpty(name, c.what) {
						t.Errorf("%s %s: %s of %s: %v, %v; want %v", role, c.what, name, at.group.Name, found, err, sees)
					}
				}
			}
		}
	}
}

// ofAll are the methods of a View that ask for no device or group.
var ofAll = map[string]bool{"Account": true, "SavedViews": true, "Sets": true, "OfServer": true, "ActorsCalled": true}

// mayBeEmpty is for what the store answers for another account's internal keys
// with nothing instead of an error.
func mayBeEmpty(name, where string) bool { return where == "in another account" && name == "Threats" }

// spot has something of everything in a group.
func (w *campus) spot(g reeve.Group, devices []reeve.Device) spot {
	by := w.operator("of "+g.Name, reeve.NoRole, map[int64]reeve.Role{g.No: reeve.RoleOperator})
	p, err := w.Place(w.t.Context(), by, order("exempt", ids(devices...)...))
	must(err)
	named := reeve.Description{Nickname: new("bench")}
	must(w.Describe(w.t.Context(), by, devices[0].ID, named))
	d, err := w.store.Device(w.t.Context(), w.admin.Account, devices[0].ID)
	must(err)
	return spot{device: d, group: g, job: p.Job.ID, command: w.commands(w.t, p.Job.ID)[0].ID,
		propose: w.propose(w.t, by, control.Order{Action: "exempt", Group: g.ID}).ID}
}

// A job is its placer's, but what it did to a device is for all who see that one.
func TestDevicesThatMoveAway(t *testing.T) {
	w := newCampus(t)
	here := w.spot(w.lab, w.inLab)
	view := func(c reeve.Caller) *control.View {
		v, err := w.View(c)
		must(err)
		return v
	}
	ann := view(w.operator("of Lab", reeve.NoRole, map[int64]reeve.Role{w.lab.No: reeve.RoleOperator}))
	other := view(w.operatorOf(w.lab))
	_, err := other.Job(t.Context(), here.job)
	wantKind(t, "another's job", err, reeve.NotFound)
	if c, _, err := other.Command(t.Context(), here.command); err != nil || c.DeviceID != here.device.ID {
		t.Errorf("a command of another's job on a device that is seen: %+v, %v", c, err)
	}
	w.move(w.shop, here.device)
	_, _, err = ann.Command(t.Context(), here.command)
	wantKind(t, "a command on a device that has left", err, reeve.NotFound)
	if left, err := ann.Commands(t.Context(), here.job, nil, 0, 10); err != nil || len(left) != 1 || left[0].DeviceID == here.device.ID {
		t.Errorf("the commands of the own job are %+v, %v", left, err)
	}
	for limit := 1; limit < 3; limit++ { // the one that has left is the first, so that a part may have nothing
		if left, err := ann.EarlierCommands(t.Context(), here.job, nil, 9, 9, limit); err != nil || len(left) != 1 || left[0].DeviceID == here.device.ID {
			t.Errorf("the last %d commands of the own job are %+v, %v", limit, left, err)
		}
	}
	if jobs, err := ann.Jobs(t.Context(), reeve.JobQuery{Limit: 10, Actors: []string{"operator:ann"}}); err != nil || len(jobs) != 0 {
		t.Errorf("of another's jobs there are %d, %v", len(jobs), err)
	}
}
