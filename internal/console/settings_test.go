package console_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"reeve"
)

func TestSettings(t *testing.T) {
	h := newHousehold(t)
	h.see(t, "settings", `placeholder="30"`, `name="seats"`)
	form := url.Values{
		"name": {"default"}, "unassessed": {"compliant"}, "seats": {"100"}, "rate": {"-1"}, "unseen": {"7"}, "restore": {""}, "reports": {"90"},
		"log": {"9999"}, "random": {"on"}, "approve": {"500"}, "confirm": {"20"}, "comment": {"on"},
	}
	h.refused(t, "settings", form, `value="9999"`, `value="7"`, `name="random" checked`)
	form.Set("log", "ten")
	h.refused(t, "settings", form, `value="ten"`)
	form.Set("log", "400")
	h.send(t, "settings", form)
	h.logged(t, "account_changed")
	a := h.Account()
	want := reeve.Settings{Unassessed: "compliant", UnseenAfterDays: 7, KeepReportsDays: 90, KeepLogDays: 400, RandomMACs: true,
		ApproveAbove: 500, ConfirmAbove: 20, RequireComment: true}
	if !reflect.DeepEqual(a.Settings, want) || a.Seats != 100 || a.RequestsPerMinute != -1 {
		t.Errorf("the account is %+v", a)
	}
	h.see(t, "settings", `value="400"`, `value="compliant" selected`)
}

func TestIdentityFields(t *testing.T) {
	h := newHousehold(t)
	h.see(t, "settings/fields", `value="full_name"`, `value="email"`)
	form := url.Values{
		"name.0": {"full_name"}, "label.0": {"Full name"}, "type.0": {"text"}, "required.0": {"on"},
		"name.1": {"site"}, "label.1": {"Site"}, "type.1": {"choice"}, "choices.1": {"Berlin\r\nBonn\r\n"},
	}
	asks := func(do string) string {
		t.Helper()
		form.Set("do", do)
		w := h.admin.Post("/console/settings/fields", form)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", do, w.Code, w.Body)
		}
		return w.Body.String()
	}
	if body := asks("up.1"); strings.Index(body, `value="site"`) > strings.Index(body, `value="full_name"`) {
		t.Error("the second field did not go up")
	}
	if body := asks("remove.0"); strings.Contains(body, `value="full_name"`) || !strings.Contains(body, "Berlin\nBonn") {
		t.Error("the first field is still there, or the second is not")
	}
	if body := asks("add"); !strings.Contains(body, `name="name.2"`) {
		t.Error("there is no new row")
	}
	asks("down.9")
	asks("down.x")
	if got := h.Account().IdentityFields; !reflect.DeepEqual(got, reeve.DefaultIdentityFields()) {
		t.Errorf("fields were stored before they were saved: %+v", got)
	}
	form.Set("do", "save")
	form.Set("pattern.0", "(")
	h.refused(t, "settings/fields", form, `value="("`, "Bonn")
	form.Set("pattern.0", "")
	h.send(t, "settings/fields", form)
	want := []reeve.IdentityField{
		{Name: "full_name", Label: "Full name", Required: true},
		{Name: "site", Label: "Site", Type: "choice", Choices: []string{"Berlin", "Bonn"}},
	}
	if got := h.Account().IdentityFields; !reflect.DeepEqual(got, want) {
		t.Errorf("the fields are %+v", got)
	}
}
