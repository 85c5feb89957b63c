package control_test

import (
	"strings"
	"testing"

	"reeve"
)

func TestDescribe(t *testing.T) {
	w := newWorld(t)
	d, other := w.enrol(t, w.linux()), w.enrol(t, w.linux())
	name, custom, long := "front desk", "asset-7", strings.Repeat("x", 257)
	describe := func(id string, said reeve.Description) error { return w.Describe(t.Context(), w.admin, id, said) }

	if err := describe(d.ID, reeve.Description{Nickname: &name, CustomID: &custom}); err != nil {
		t.Fatal(err)
	}
	if got := w.device(t, d.ID); got.Nickname != name || got.CustomID != custom || got.LinkedUser != "" {
		t.Errorf("it is described as %q, %q, %q", got.Nickname, got.CustomID, got.LinkedUser)
	}
	rows := w.audit(t, w.admin.Account, "device_described")
	if len(rows) != 1 || rows[0].Device != d.ID || rows[0].Detail != `{"custom_id":"asset-7","nickname":"front desk","was":{"custom_id":"","nickname":""}}` {
		t.Errorf("the log says %+v", rows)
	}
	wantKind(t, "a custom id that is taken", describe(other.ID, reeve.Description{CustomID: &custom}), reeve.Conflict)
	wantKind(t, "a long team", describe(d.ID, reeve.Description{LinkedTeam: &long}), reeve.Invalid)
	wantKind(t, "nothing", describe(d.ID, reeve.Description{}), reeve.Invalid)
	wantKind(t, "no device", describe(reeve.NewID(), reeve.Description{Nickname: &name}), reeve.NotFound)
	if rows := w.audit(t, w.admin.Account, "device_described"); len(rows) != 1 {
		t.Errorf("what was refused is in the log: %+v", rows)
	}
}
