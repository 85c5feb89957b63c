package control_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"reeve"
	"reeve/internal/control"
)

func TestOperators(t *testing.T) {
	w := newWorld(t)
	o, password, err := w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: " ann ", Role: reeve.RoleOperator}, "")
	must(err)
	if o.Name != "ann" || len(password) != 20 || o.Role != reeve.RoleOperator || o.Account != w.admin.Account {
		t.Errorf("the operator is %+v", o)
	}
	if got, err := w.CheckPassword(t.Context(), "ann", password); err != nil || got.Name != "ann" {
		t.Errorf("signing in: %+v, %v", got, err)
	}
	chosen := "correct horse battery"
	if _, shown, err := w.ChangeOperator(t.Context(), w.admin, "ann", control.OperatorChange{Password: &chosen}); err != nil || shown != "" {
		t.Errorf("another password: %q, %v", shown, err)
	}
	_, err = w.CheckPassword(t.Context(), "ann", password)
	wantKind(t, "the old password", err, reeve.Denied)
	var all sync.WaitGroup
	for range 20 { // more than are checked at once
		all.Go(func() {
			if _, err := w.CheckPassword(t.Context(), "ann", chosen); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()

	for what, name := range map[string]string{"no name": " ", "a slash": "a/b", "a backslash": `a\b`, "dots": "..", "a line": "a\nb", "a long name": strings.Repeat("a", 65)} {
		_, _, err := w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: name, Role: reeve.RoleViewer}, "")
		wantKind(t, what, err, reeve.Invalid)
	}
	for what, password := range map[string]string{"a short password": "eleven chars"[:11], "a long one": strings.Repeat("a", 1025)} {
		_, _, err := w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: "bob", Role: reeve.RoleViewer}, password)
		wantKind(t, what, err, reeve.Invalid)
	}
	for password, why := range map[string]string{
		"aaaaaaaaaaaa": "over and over", "abcabcabcabc": "over and over", "Secretsecret": "over and over", "ababababababa": "over and over",
		"PASSWORD1234": "most common", "123456789012": "most common", "qwertyuiopas": "most common",
		"Christopher1": "operator's name", "x-christopher-1": "operator's name",
	} {
		_, _, err := w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: "christopher", Role: reeve.RoleViewer}, password)
		if wantKind(t, password, err, reeve.Invalid); err != nil && !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v; want %q", password, err, why)
		}
	}
	for name, password := range map[string]string{"christopher": "christopher wrote no book", "e": "eleven green tables", "gil": "tangible bookcase"} {
		_, _, err := w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: name, Role: reeve.RoleViewer}, password)
		must(err)
	}
	_, _, err = w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: "bob"}, "")
	wantKind(t, "no role", err, reeve.Invalid)
	_, stranger := w.further(t, "acme")
	_, _, err = w.CreateOperator(t.Context(), stranger, reeve.Operator{Name: "ann", Role: reeve.RoleViewer}, "")
	wantKind(t, "a name of another account's", err, reeve.Conflict)
	_, _, err = w.ChangeOperator(t.Context(), stranger, "ann", control.OperatorChange{})
	wantKind(t, "changing another account's", err, reeve.NotFound)
	wantKind(t, "removing another account's", w.RemoveOperator(t.Context(), stranger, "ann"), reeve.NotFound)

	wantKind(t, "removing the last admin", w.RemoveOperator(t.Context(), w.admin, w.boot.Operator), reeve.Conflict)
	lesser := reeve.RoleViewer
	_, _, err = w.ChangeOperator(t.Context(), w.admin, w.boot.Operator, control.OperatorChange{Role: &lesser})
	wantKind(t, "taking admin from the last", err, reeve.Conflict)
	must(w.RemoveOperator(t.Context(), w.admin, "ann"))
	_, err = w.CheckPassword(t.Context(), "ann", chosen)
	wantKind(t, "an operator who was removed", err, reeve.Denied)
}

// Nobody takes over who has more than he has himself.
func TestNobodyRises(t *testing.T) {
	w := newWorld(t)
	app, _, err := w.CreateApp(t.Context(), w.admin, reeve.App{Name: "mighty", Scopes: reeve.Scopes{reeve.Read, reeve.Write}})
	must(err)
	small, _, err := w.CreateApp(t.Context(), w.admin, reeve.App{Name: "small", Scopes: reeve.Scopes{reeve.Read}})
	must(err)
	lesser := callerOf(w.admin.Account, "APP", reeve.Read, reeve.Admin)
	write, empty := reeve.Scopes{reeve.Write}, ""
	uris := []string{"https://evil.example/"}
	for what, try := range map[string]func() error{
		"the secret of a greater app": func() error { _, _, err := w.RenewSecret(t.Context(), lesser, app.ClientID); return err },
		"where a greater app's codes go": func() error {
			_, err := w.ChangeApp(t.Context(), lesser, app.ClientID, control.AppChange{RedirectURIs: &uris})
			return err
		},
		"more scopes for a smaller app": func() error {
			_, err := w.ChangeApp(t.Context(), lesser, small.ClientID, control.AppChange{Scopes: &write})
			return err
		},
		"the password of a greater operator": func() error {
			_, _, err := w.ChangeOperator(t.Context(), lesser, w.boot.Operator, control.OperatorChange{Password: &empty})
			return err
		},
		"a greater operator": func() error {
			_, _, err := w.CreateOperator(t.Context(), lesser, reeve.Operator{Name: "ann", Role: reeve.RoleOperator}, "")
			return err
		},
	} {
		wantKind(t, what, try(), reeve.Forbidden)
	}
	if _, _, err := w.RenewSecret(t.Context(), lesser, small.ClientID); err != nil {
		t.Errorf("the secret of an app that has less: %v", err)
	}
	if err := w.RevokeApp(t.Context(), lesser, app.ClientID); err != nil {
		t.Errorf("revoking gains nothing: %v", err)
	}
}

func TestAppsChange(t *testing.T) {
	w := newWorld(t)
	app, secret, err := w.CreateApp(t.Context(), w.admin, reeve.App{Name: "nightly", Scopes: reeve.Scopes{reeve.Read}})
	must(err)
	if app.CreatedBy != w.admin.Name || !app.Modified.Equal(app.Created) {
		t.Errorf("the app is %+v", app)
	}
	g, err := w.Grant(t.Context(), app.ClientID, secret)
	must(err)
	w.clock.advance(1)
	name, description, scopes, limit := "weekly", "reports", reeve.Scopes{reeve.Write}, int64(60)
	app, err = w.ChangeApp(t.Context(), w.admin, app.ClientID, control.AppChange{Name: &name, Description: &description, Scopes: &scopes, RequestsPerMinute: &limit})
	must(err)
	if app.Name != name || app.Description != description || app.RequestsPerMinute != limit {
		t.Errorf("the app is %+v", app)
	}
	if got, _, err := w.Authenticate(t.Context(), g.Token); err != nil || got.Name != name || !slices.Equal(got.Scopes, scopes) {
		t.Errorf("its token stands for %+v, %v", got, err)
	}
	_, stranger := w.further(t, "acme")
	_, err = w.ChangeApp(t.Context(), stranger, app.ClientID, control.AppChange{})
	wantKind(t, "changing another account's", err, reeve.NotFound)
	_, _, err = w.RenewSecret(t.Context(), stranger, app.ClientID)
	wantKind(t, "the secret of another account's", err, reeve.NotFound)
	theirs, _, err := w.CreateApp(t.Context(), stranger, reeve.App{Name: "theirs", Scopes: reeve.Scopes{reeve.Read}})
	must(err)
	_, err = w.ChangeApp(t.Context(), stranger, theirs.ClientID, control.AppChange{RequestsPerMinute: &limit})
	wantKind(t, "a limit that the account was not given", err, reeve.Forbidden)
	none, long := reeve.Scopes{}, strings.Repeat("a", 1025)
	for what, change := range map[string]control.AppChange{"no scope": {Scopes: &none}, "a long description": {Description: &long}, "no name": {Name: &long}} {
		_, err := w.ChangeApp(t.Context(), w.admin, app.ClientID, change)
		wantKind(t, what, err, reeve.Invalid)
	}
}
