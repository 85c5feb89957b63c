package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/doortest"
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

// Whoever changes how somebody else signs in shows anew that it is he.
func TestResetsWantAProof(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	h := doortest.Open(t, doortest.Options{Now: func() time.Time { return now }})
	h.Operator(reeve.Operator{Name: "ann", Role: reeve.RoleViewer})
	admin := h.SignIn(h.First.Operator, h.First.Password)
	const path = "/console/operators/ann"
	resets := map[string]url.Values{"/password": nil, "/factors": nil, "/provider": {"expected": {"ann@example.org"}}}
	now = now.Add(time.Hour)
	page := admin.Get(path).Body.String()
	if !strings.Contains(page, path+`/prove"`) {
		t.Error("the page asks for no proof")
	}
	for reset, form := range resets {
		w := admin.Post(path+reset, form)
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), path+`/prove"`) || strings.Contains(page, path+reset+`"`) {
			t.Errorf("%s after an hour: %d", reset, w.Code)
		}
	}
	if o, err := h.Store.Operator(t.Context(), "ann"); err != nil || o.Expected != "" {
		t.Errorf("%+v %v", o, err)
	}
	if w := admin.Post(path+"/prove", url.Values{"password": {"not this one"}}); w.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", w.Code)
	}
	if w := admin.Post(path+"/prove", url.Values{"password": {h.First.Password}}); w.Header().Get("Location") != path {
		t.Errorf("the password: %d", w.Code)
	}
	for reset, form := range resets {
		if w := admin.Post(path+reset, form); w.Code >= http.StatusBadRequest {
			t.Errorf("%s after the proof: %d %s", reset, w.Code, w.Body)
		}
	}
	if o, err := h.Store.Operator(t.Context(), "ann"); err != nil || o.Expected != "ann@example.org" {
		t.Errorf("%+v %v", o, err)
	}
	if body := admin.Get(path).Body.String(); !strings.Contains(body, `value="ann@example.org"`) {
		t.Error("the name at the provider is not shown")
	}
	h.Operator(reeve.Operator{Name: "bob", Role: reeve.RoleViewer})
	if w := admin.Post("/console/operators/bob/provider", resets["/provider"]); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "operator has this name") {
		t.Errorf("a name that is taken: %d", w.Code)
	}
}
