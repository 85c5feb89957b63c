package control_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/sqlstore"
)

func TestSetUpSavesBeforeItStores(t *testing.T) {
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "reeve.db"), headKey)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	c := control.New(store, nil, nil, control.Options{})
	accounts := func() int {
		all, err := store.Accounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}

	full := errors.New("the disk is full")
	did, err := c.SetUp(t.Context(), func(control.Bootstrap) error { return full })
	if did || !errors.Is(err, full) || accounts() != 0 {
		t.Errorf("set-up whose credentials were not saved: %v, %v, %d accounts", did, err, accounts())
	}
	var b control.Bootstrap
	did, err = c.SetUp(t.Context(), func(saved control.Bootstrap) error {
		if n := accounts(); n != 0 {
			t.Errorf("%d accounts are stored before their credentials are saved", n)
		}
		b = saved
		return nil
	})
	if !did || err != nil || accounts() != 1 {
		t.Fatalf("set-up: %v, %v, %d accounts", did, err, accounts())
	}
	did, err = c.SetUp(t.Context(), func(control.Bootstrap) error { t.Error("set-up ran again"); return nil })
	if did || err != nil {
		t.Errorf("set-up again: %v, %v", did, err)
	}

	// Everything that was saved works.
	g, err := c.Grant(t.Context(), b.ClientID, b.ClientSecret)
	if err != nil || len(g.App.Scopes) != 3 {
		t.Errorf("the client is granted %+v, %v", g.App.Scopes, err)
	}
	o, err := c.CheckPassword(t.Context(), b.Operator, b.Password)
	if err != nil || o.Account != g.App.Account || o.Role != reeve.RoleAdministrator || b.Operator != "admin" {
		t.Errorf("the operator is %+v, %v", o, err)
	}
	if d, _, err := c.Enrol(t.Context(), control.Enrolment{Code: b.Code, Key: reeve.Key{1}, Kind: reeve.Persistent}); err != nil || d.GroupName != "Default" {
		t.Errorf("the code enrols %+v, %v", d, err)
	}
	codes, err := store.Codes(t.Context(), g.App.Account)
	if err != nil || len(codes) != 1 || !codes[0].Community {
		t.Errorf("the codes are %+v, %v; want the first one, open to the community agent", codes, err)
	}
	account, err := store.Account(t.Context(), g.App.Account)
	if err != nil || account.Name != control.FirstAccount || account.Seats != 0 || len(account.IdentityFields) == 0 {
		t.Errorf("the account is %+v, %v", account, err)
	}
	rows, err := store.Log(t.Context(), account.No, reeve.LogQuery{Limit: 10, Events: []string{"account_created"}})
	if err != nil || len(rows) != 1 || rows[0].Seq != 1 || rows[0].Source != reeve.FromSystem {
		t.Errorf("its log begins with %+v, %v", rows, err)
	}
}

func TestFurtherAccounts(t *testing.T) {
	w := newWorld(t)
	b, _ := w.further(t, "other")
	if b.Operator != "admin@other" || b.Account.Name != "other" || b.Account.No == w.admin.Account {
		t.Errorf("the account is %+v", b)
	}
	if _, err := w.Grant(t.Context(), b.ClientID, b.ClientSecret); err != nil {
		t.Errorf("its client: %v", err)
	}
	if o, err := w.CheckPassword(t.Context(), b.Operator, b.Password); err != nil || o.Account != b.Account.No {
		t.Errorf("its operator is %+v, %v", o, err)
	}
	e := w.linux()
	e.Code = b.Code
	if _, account, err := w.Enrol(t.Context(), e); err != nil || account.No != b.Account.No {
		t.Errorf("its code enrols into account %d, %v", account.No, err)
	}
	// Its log names nobody of another account; theirs tells who made it.
	if rows := w.audit(t, b.Account.No, "account_created"); len(rows) != 1 || rows[0].Actor != "system" {
		t.Errorf("its log begins with %+v", rows)
	}
	rows := w.audit(t, w.admin.Account, "account_created")
	if len(rows) == 0 || rows[len(rows)-1].Actor != w.admin.Actor {
		t.Errorf("the first account's log has %+v", rows)
	}
	theirs := reeve.Caller{Account: b.Account.No, Scopes: reeve.Scopes{reeve.Admin}}
	for _, more := range []reeve.Account{{Name: "other", Seats: 9}, {Name: "other", RequestsPerMinute: -1}} {
		wantKind(t, "more for oneself", w.setAccount(t.Context(), theirs, more), reeve.Forbidden)
	}
	if err := w.setAccount(t.Context(), theirs, reeve.Account{Name: "renamed"}); err != nil {
		t.Errorf("its own name: %v", err)
	}
	_, _, err := w.CreateApp(t.Context(), theirs, reeve.App{Name: "fast", Scopes: reeve.Scopes{reeve.Admin}, RequestsPerMinute: -1})
	wantKind(t, "an app without a limit", err, reeve.Forbidden)
	_, err = w.CreateAccount(t.Context(), w.admin, "third", -1)
	wantKind(t, "fewer seats than none", err, reeve.Invalid)
}

func TestChangeAccount(t *testing.T) {
	w := newWorld(t)
	field := func(name, pattern string) []reeve.IdentityField {
		return []reeve.IdentityField{{Name: name, Label: "Badge", Pattern: pattern}}
	}
	w.further(t, "other")
	for what, tt := range map[string]struct {
		change reeve.Account
		kind   reeve.Kind
	}{
		"no name":               {reeve.Account{}, reeve.Invalid},
		"a name that is taken":  {reeve.Account{Name: "other"}, reeve.Conflict},
		"fewer seats than none": {reeve.Account{Name: "default", Seats: -1}, reeve.Invalid},
		"a field without name":  {reeve.Account{Name: "default", IdentityFields: field("", "")}, reeve.Invalid},
		"a posture that is no":  {reeve.Account{Name: "default", Settings: reeve.Settings{Unassessed: "fine"}}, reeve.Invalid},
		"days below zero":       {reeve.Account{Name: "default", Settings: reeve.Settings{RestoreDays: -1}}, reeve.Invalid},
		"days without end":      {reeve.Account{Name: "default", Settings: reeve.Settings{KeepLogDays: 3651}}, reeve.Invalid},
		"a pattern that is not": {reeve.Account{Name: "default", IdentityFields: field("badge", "[")}, reeve.Invalid},
	} {
		wantKind(t, what, w.setAccount(t.Context(), w.admin, tt.change), tt.kind)
	}
	before, _ := w.store.Account(t.Context(), w.admin.Account)
	change := reeve.Account{No: before.No + 1, Name: "  plant  ", Seats: 5, RequestsPerMinute: -1, IdentityFields: field("badge", "[0-9]+"), DefaultGroup: 99}
	if err := w.setAccount(t.Context(), w.admin, change); err != nil {
		t.Fatal(err)
	}
	after, _ := w.store.Account(t.Context(), w.admin.Account)
	if after.Name != "plant" || after.Seats != 5 || after.RequestsPerMinute != -1 || len(after.IdentityFields) != 1 || after.DefaultGroup != before.DefaultGroup {
		t.Errorf("the account is %+v; it was %+v", after, before)
	}
	if other, _ := w.store.Account(t.Context(), before.No+1); other.Name != "other" {
		t.Errorf("the change went to another account: %+v", other)
	}
}

// What an account is given, the first account's admins change from outside. Its
// own log does not name them.
func TestGive(t *testing.T) {
	w := newWorld(t)
	b, stranger := w.further(t, "other")
	few, fast := int64(3), int64(60)
	got, err := w.Give(t.Context(), w.admin, "other", &few, nil)
	if err != nil || got.Seats != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err = w.Give(t.Context(), w.admin, "other", nil, &fast); err != nil || got.Seats != 3 || got.RequestsPerMinute != 60 {
		t.Errorf("%+v, %v", got, err)
	}
	kept, _ := w.store.Account(t.Context(), b.Account.No)
	if kept.Seats != 3 || kept.RequestsPerMinute != 60 || kept.LicenseKey != b.Account.LicenseKey {
		t.Errorf("the account is %+v", kept)
	}
	_, err = w.Give(t.Context(), w.admin, "nobody", &few, nil)
	wantKind(t, "an account that is not there", err, reeve.NotFound)
	if rows := w.audit(t, stranger.Account, "account_changed"); len(rows) != 2 || rows[0].Source != reeve.FromSystem {
		t.Errorf("its log says %+v", rows)
	}
	if rows := w.audit(t, w.admin.Account, "account_changed"); len(rows) != 2 || rows[0].Actor != w.admin.Actor {
		t.Errorf("the log of who did it says %+v", rows)
	}
}

func TestPasswords(t *testing.T) {
	w := newWorld(t)
	for what, pair := range map[string][2]string{
		"another password": {"admin", "guess"}, "no password": {"admin", ""}, "nobody": {"nobody", w.boot.Password}, "a name in capitals": {"Admin", w.boot.Password},
	} {
		_, err := w.CheckPassword(t.Context(), pair[0], pair[1])
		wantKind(t, what, err, reeve.Denied)
	}
	fresh, err := w.ResetOperator(t.Context(), "admin")
	if err != nil || fresh == w.boot.Password {
		t.Fatalf("the new password is the old one, or %v", err)
	}
	_, err = w.CheckPassword(t.Context(), "admin", w.boot.Password)
	wantKind(t, "the password from before", err, reeve.Denied)
	if _, err := w.CheckPassword(t.Context(), "admin", fresh); err != nil {
		t.Errorf("the new password: %v", err)
	}
	_, err = w.ResetOperator(t.Context(), "nobody")
	wantKind(t, "resetting nobody", err, reeve.NotFound)
	if rows := w.audit(t, w.admin.Account, "operator_reset"); len(rows) != 1 || rows[0].Source != reeve.FromSystem {
		t.Errorf("the log says %+v", rows)
	}
}

func TestGroups(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(t.Context(), w.admin, "Lab", "first floor")
	if err != nil || !reeve.IsID(g.ID) || g.No == 0 || !g.Created.Equal(noon) || !g.Modified.Equal(noon) {
		t.Fatalf("the group is %+v, %v", g, err)
	}
	_, stranger := w.further(t, "other")
	wantKind(t, "changing another account's group", w.ChangeGroup(t.Context(), stranger, reeve.Group{ID: g.ID, Name: "Mine"}), reeve.NotFound)
	wantKind(t, "removing another account's group", w.RemoveGroup(t.Context(), stranger, g.ID), reeve.NotFound)
	wantKind(t, "taking the default group's name", w.ChangeGroup(t.Context(), w.admin, reeve.Group{ID: g.ID, Name: "Default"}), reeve.Conflict)
	if err := w.ChangeGroup(t.Context(), w.admin, reeve.Group{ID: g.ID, Name: "Laboratory"}); err != nil {
		t.Fatal(err)
	}
	if got, err := w.store.Group(t.Context(), w.admin.Account, g.ID); err != nil || got.Name != "Laboratory" || got.Description != "" {
		t.Errorf("the group is %+v, %v", got, err)
	}
	d := w.enrol(t, w.linux())
	assign := order("assign_to_group", d.ID)
	assign.Params = []byte(`{"group_id":"` + g.ID + `"}`)
	w.place(t, assign)
	if err := w.RemoveGroup(t.Context(), w.admin, g.ID); err != nil {
		t.Fatal(err)
	}
	moved := w.device(t, d.ID)
	if moved.GroupName != "Default" {
		t.Errorf("after its group was removed the device is in %q", moved.GroupName)
	}
	wantKind(t, "removing the default group", w.RemoveGroup(t.Context(), w.admin, moved.GroupID), reeve.Invalid)
	entry, err := w.CreateGroup(t.Context(), w.admin, "Entry", "")
	if err != nil {
		t.Fatal(err)
	}
	entry.Default = true
	if err := w.ChangeGroup(t.Context(), w.admin, entry); err != nil {
		t.Fatal(err)
	}
	if late := w.device(t, w.enrol(t, w.linux()).ID); late.GroupName != "Entry" {
		t.Errorf("a new device is in %q", late.GroupName)
	}
	if err := w.RemoveGroup(t.Context(), w.admin, moved.GroupID); err != nil {
		t.Errorf("removing the former default group: %v", err)
	}
	for _, event := range []string{"group_created", "group_changed", "group_removed"} {
		if rows := w.audit(t, w.admin.Account, event); len(rows) != 2 || rows[0].Actor != w.admin.Actor {
			t.Errorf("the log says of %s: %+v", event, rows)
		}
	}
}

// What removing a group does to its devices is no order, so one person does it
// up to the limit of orders only.
func TestRemovingGroupKeepsToTheLimit(t *testing.T) {
	w := newWorld(t)
	g, err := w.CreateGroup(t.Context(), w.admin, "Lab", "")
	must(err)
	assign := order("assign_to_group", w.enrol(t, w.linux()).ID, w.enrol(t, w.linux()).ID)
	assign.Params = []byte(`{"group_id":"` + g.ID + `"}`)
	w.place(t, assign)
	w.settings(t, func(s *reeve.Settings) { s.ApproveAbove = 1 })
	err = w.RemoveGroup(t.Context(), w.admin, g.ID)
	wantKind(t, "more devices than one person may order", err, reeve.Unapproved)
	for _, part := range []string{"has 2 devices", "at most 1", "assign_to_group"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
	if d := w.device(t, assign.IDs[0]); d.GroupName != "Lab" || len(w.audit(t, w.admin.Account, "group_removed")) != 0 {
		t.Errorf("the device is in %q, and the log says that the group is gone", d.GroupName)
	}
	w.settings(t, func(s *reeve.Settings) { s.ApproveAbove = 2 })
	must(w.RemoveGroup(t.Context(), w.admin, g.ID))
	rows := w.audit(t, w.admin.Account, "group_removed")
	if want := `{"devices":2,"group_id":"` + g.ID + `","name":"Lab"}`; len(rows) != 1 || rows[0].Detail != want {
		t.Errorf("the log says %+v, want %s", rows, want)
	}
}

func TestImport(t *testing.T) {
	w := newWorld(t)
	good := reeve.Device{Hostname: "printer"}
	many := make([]reeve.Device, 1001)
	for i := range many {
		many[i] = good
	}
	for what, devices := range map[string][]reeve.Device{
		"nothing": nil, "too many": many, "no hostname": {good, {}}, "a long hostname": {good, {Hostname: string(make([]byte, 254))}},
	} {
		_, err := w.Import(t.Context(), w.admin, devices, false)
		wantKind(t, what, err, reeve.Invalid)
	}
	// What is not for the caller to say is not taken from him.
	forged := []reeve.Device{{Hostname: "printer", ID: "mine", Class: reeve.Class{Standing: reeve.Managed, Kind: reeve.Persistent, Abilities: every}, Key: reeve.Key{1}}}
	if _, err := w.Import(t.Context(), w.admin, forged, false); err != nil {
		t.Fatal(err)
	}
	all, err := w.store.Devices(t.Context(), w.admin.Account, reeve.DeviceQuery{Limit: 10})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d devices, %v; want the one of the last import", len(all), err)
	}
	if d := all[0]; !reeve.IsID(d.ID) || d.Class != (reeve.Class{Standing: reeve.Unknown}) || d.Key != (reeve.Key{}) || !d.AddedAt.Equal(noon) || d.GroupName != "Default" {
		t.Errorf("the record is %+v", d)
	}
	if rows := w.audit(t, w.admin.Account, "devices_imported"); len(rows) != 1 || rows[0].Detail != `{"devices":1}` {
		t.Errorf("the log says %+v", rows)
	}
}

// A file that is imported again adds nothing.
func TestImportAgain(t *testing.T) {
	w := newWorld(t)
	file := func() []reeve.Device {
		return []reeve.Device{
			{Hostname: "printer", MACs: []reeve.MAC{1, 2}}, {Hostname: "camera", MACs: []reeve.MAC{3}},
			{Hostname: "printer", MACs: []reeve.MAC{2, 1}}, {Hostname: "printer"},
		}
	}
	for i, want := range []control.Imported{{Added: 3, Skipped: 1}, {Added: 3, Skipped: 1}, {Skipped: 4}} {
		got, err := w.Import(t.Context(), w.admin, file(), i == 0)
		if err != nil || got != want {
			t.Errorf("%d. %+v, %v; want %+v", i+1, got, err, want)
		}
	}
	// A MAC stays with its record, whatever that is and however the row is named.
	managed := w.enrol(t, w.linux())
	w.place(t, control.Order{Action: "ignore", MACs: []string{reeve.MAC(3).String()}})
	again := []reeve.Device{
		{Hostname: "renamed", MACs: []reeve.MAC{1}}, {Hostname: "more", MACs: []reeve.MAC{2, 9}},
		{Hostname: "camera", MACs: []reeve.MAC{3}}, {Hostname: "agent", MACs: managed.MACs},
	}
	if got, err := w.Import(t.Context(), w.admin, again, false); err != nil || got != (control.Imported{Skipped: 4}) {
		t.Errorf("MACs that are there: %+v, %v", got, err)
	}
	if rows := w.audit(t, w.admin.Account, "devices_imported"); len(rows) != 1 || rows[0].Detail != `{"devices":3,"skipped":1}` {
		t.Errorf("the log says %+v", rows)
	}
}
