package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"reeve"
)

func TestOperators(t *testing.T) {
	h := newHousehold(t)
	lab, err := h.Rules.CreateGroup(t.Context(), h.Admin(), "Lab", "")
	if err != nil {
		t.Fatal(err)
	}
	h.see(t, "operators", "admin", "What the roles mean")
	form := url.Values{"name": {"ann lee"}, "role": {""}, "group.0": {""}, "role.0": {"viewer"}, "way": {"password"}}
	h.refused(t, "operators", form, `value="ann lee"`)
	form.Set("group.0", lab.ID)
	form.Set("role.0", "operator")
	made := h.admin.Post("/console/operators", form)
	h.logged(t, "operator_created")
	password := regexp.MustCompile(`<code tabindex="0">([A-Z0-9]{20})</code>`).FindStringSubmatch(made.Body.String())
	if made.Code != http.StatusOK || password == nil {
		t.Fatal(made.Code, made.Body)
	}
	if o, err := h.Store.Operator(t.Context(), "ann lee"); err != nil || o.Role != reeve.NoRole || len(o.Groups) != 1 || o.Groups[0].Role != reeve.RoleOperator {
		t.Errorf("the operator is %+v, %v", o, err)
	}
	const path = "operators/ann%20lee"
	ann := h.SignIn("ann lee", password[1])
	body := h.see(t, path, "Lab", "Sign out everywhere", "not locked")
	if strings.Contains(body, password[1]) {
		t.Error("the password is shown again")
	}
	h.refused(t, path, url.Values{"role": {""}}, "needs a role")
	h.send(t, path, url.Values{"role": {"viewer"}, "group.0": {""}})
	h.logged(t, "operator_changed")
	if w := ann.Get("/console/devices"); w.Code != http.StatusOK {
		t.Errorf("a viewer sees no devices: %d", w.Code)
	}
	h.send(t, path+"/sessions", nil)
	h.logged(t, "sessions_ended")
	if w := ann.Get("/console/devices"); w.Code != http.StatusSeeOther {
		t.Errorf("the session goes on: %d", w.Code)
	}

	wrong := h.Visitor()
	wrong.Post("/console/sign-in", url.Values{"name": {"ann lee"}, "password": {"not it"}})
	h.see(t, "operators", "1 failed sign-in")

	link := h.admin.Post("/console/"+path+"/password", nil).Body.String()
	h.logged(t, "operator_invited")
	if found := regexp.MustCompile(`/console/first/[A-Z0-9]+`).FindString(link); found == "" {
		t.Error("there is no link")
	} else if w := h.Visitor().Get(found); w.Code != http.StatusOK {
		t.Errorf("the link leads nowhere: %d", w.Code)
	}
	again := h.admin.Post("/console/"+path+"/password", url.Values{"way": {"password"}}).Body.String()
	renewed := regexp.MustCompile(`<code tabindex="0">([A-Z0-9]{20})</code>`).FindStringSubmatch(again)
	if renewed == nil || renewed[1] == password[1] {
		t.Fatal(again)
	}
	h.SignIn("ann lee", renewed[1])
	h.send(t, path+"/factors", nil) // there are none
	key := reeve.Passkey{ID: "a key", Account: h.Account().No, Operator: "ann lee", Name: "blue key"}
	if err := h.Store.AddPasskey(t.Context(), key, 1, reeve.AuditEntry{Account: key.Account, Event: "passkey_added"}); err != nil {
		t.Fatal(err)
	}
	h.see(t, path, "1 passkey")
	h.send(t, path+"/factors", nil)
	h.logged(t, "passkey_removed")
	h.see(t, path, "Only the password is left", `<span class="none">nothing</span>`)
	h.send(t, path+"/remove", nil)
	h.logged(t, "operator_removed")
	if w := h.admin.Get("/console/" + path); w.Code != http.StatusNotFound {
		t.Errorf("the operator is still there: %d", w.Code)
	}
	if w := h.admin.Post("/console/operators/admin/remove", nil); w.Code != http.StatusConflict {
		t.Errorf("the last administrator is removed: %d", w.Code)
	}
}
