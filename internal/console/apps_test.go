package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"reeve"
)

var (
	secretShown = regexp.MustCompile(`<code tabindex="0">([A-Z0-9]{48})</code>`)
	appLinked   = regexp.MustCompile(`apps/([A-Z0-9]{48})"`)
)

// secret wants a page that shows a client ID and a secret, which it returns.
func secretOf(t *testing.T, page string) (id, secret string) {
	t.Helper()
	shown := secretShown.FindAllStringSubmatch(page, -1)
	if len(shown) != 2 {
		t.Fatalf("the page shows %q: %s", shown, page)
	}
	return shown[0][1], shown[1][1]
}

func TestApps(t *testing.T) {
	h := newHousehold(t)
	form := url.Values{"name": {"nightly"}, "description": {"tidies up"}, "redirects": {"https://app.example.org/back\r\n\r\n"}, "limit": {"90"}}
	h.refused(t, "apps", form, "tidies up", "https://app.example.org/back", `value="90"`)
	form.Set("scope.read", "on")
	form.Set("limit", "many")
	h.refused(t, "apps", form, `name="scope.read" checked`)
	form.Set("limit", "90")
	made := h.admin.Post("/console/apps", form)
	id, secret := secretOf(t, made.Body.String())
	h.logged(t, "app_created")
	if h.Grant(id, secret) == "" {
		t.Error("the secret that was shown gives no token")
	}
	if body := h.see(t, "apps/"+id, "nightly", "tidies up", `value="90"`, `name="scope.read" checked`); strings.Contains(body, secret) {
		t.Error("the secret is shown again")
	}
	h.send(t, "apps/"+id, url.Values{"name": {"nightly"}, "scope.write": {"on"}})
	h.logged(t, "app_changed")
	if app, err := h.Store.App(t.Context(), id); err != nil || app.Scopes.Has(reeve.Read) || !app.Scopes.Has(reeve.Write) || app.RequestsPerMinute != 90 {
		t.Errorf("the app is %+v, %v", app, err)
	}
	_, renewed := secretOf(t, h.admin.Post("/console/apps/"+id+"/renew", nil).Body.String())
	h.logged(t, "app_secret_renewed")
	if renewed == secret || h.Grant(id, renewed) == "" {
		t.Error("the new secret is no secret")
	}
	h.send(t, "apps/"+id+"/revoke", nil)
	h.logged(t, "app_revoked")
	h.see(t, "apps", "1 revoked app", id)
	h.see(t, "apps/"+id, "was revoked")
	if w := h.admin.Post("/console/apps/"+id, form); w.Code != http.StatusNotFound {
		t.Errorf("a revoked app is changed: %d", w.Code)
	}
}

// Who looks after an account but not after the server gives no app a limit.
func TestAppsOfAnotherAccount(t *testing.T) {
	h := newHousehold(t)
	made, err := h.Rules.CreateAccount(t.Context(), h.Admin(), "branch", 0)
	if err != nil {
		t.Fatal(err)
	}
	admin := h.SignIn(made.Operator, made.Password)
	if body := admin.Get("/console/apps/new").Body.String(); strings.Contains(body, `name="limit"`) {
		t.Error("the form offers a limit")
	}
	list := admin.Get("/console/apps").Body.String()
	if ids := appLinked.FindAllStringSubmatch(list, -1); len(ids) != 1 || ids[0][1] != made.ClientID {
		t.Errorf("the list has %q", ids)
	}
	if w := admin.Get("/console/apps/" + h.First.ClientID); w.Code != http.StatusNotFound {
		t.Errorf("an app of another account: %d", w.Code)
	}
	for _, path := range []string{"accounts", "accounts/new"} {
		if w := admin.Get("/console/" + path); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := admin.Post("/console/settings", url.Values{"name": {"branch"}, "unassessed": {"pending"}, "seats": {"5"}}); w.Code != http.StatusForbidden {
		t.Errorf("it gives itself seats: %d", w.Code)
	}
}

func TestAccounts(t *testing.T) {
	h := newHousehold(t)
	h.refused(t, "accounts", url.Values{"name": {"branch"}, "seats": {"-1"}}, `value="-1"`)
	made := h.admin.Post("/console/accounts", url.Values{"name": {"branch"}, "seats": {"5"}})
	h.logged(t, "account_created")
	password := regexp.MustCompile(`<code tabindex="0">([A-Z0-9]{20})</code>`).FindStringSubmatch(made.Body.String())
	if made.Code != http.StatusOK || password == nil {
		t.Fatal(made.Code, made.Body)
	}
	admin := h.SignIn("admin@branch", password[1])
	if w := admin.Get("/console/settings"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Administrators of the account default change these") {
		t.Error(w.Code, w.Body)
	}
	accounts, err := h.Store.Accounts(t.Context())
	if err != nil || len(accounts) != 2 {
		t.Fatal(accounts, err)
	}
	h.see(t, "accounts", "branch")
	path := "accounts/" + accounts[1].LicenseKey
	h.see(t, path, `value="5"`)
	h.refused(t, path, url.Values{"seats": {"7"}, "rate": {"x"}}, `value="7"`)
	h.send(t, path, url.Values{"seats": {"7"}, "rate": {"-1"}})
	if a, err := h.Store.Account(t.Context(), accounts[1].No); err != nil || a.Seats != 7 || a.RequestsPerMinute != -1 {
		t.Errorf("the account is %+v, %v", a, err)
	}
}
