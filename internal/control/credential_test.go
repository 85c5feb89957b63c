package control_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

func isSecret(s string) bool {
	return len(s) == 48 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	g, err := w.Grant(t.Context(), w.boot.ClientID, w.boot.ClientSecret)
	if err != nil {
		t.Fatal(err)
	}
	if !isSecret(g.Token) || g.Life != 12*time.Hour || g.App.ClientID != w.boot.ClientID || !slices.Equal(g.App.Scopes, reeve.Scopes{reeve.Read, reeve.Write, reeve.Admin}) {
		t.Errorf("granted: %+v", g)
	}
	second, err := w.Grant(t.Context(), w.boot.ClientID, w.boot.ClientSecret)
	if err != nil || second.Token == g.Token {
		t.Errorf("granted again: %v; want another token beside the first", err)
	}
	for _, later := range []time.Duration{0, 12*time.Hour - time.Microsecond} {
		w.clock.advance(later)
		app, account, err := w.Authenticate(t.Context(), g.Token)
		if err != nil || app.ClientID != w.boot.ClientID || account.No != w.admin.Account || account.Name != control.FirstAccount {
			t.Fatalf("after %v the token stands for %+v of %+v, %v", later, app, account, err)
		}
	}
	w.clock.advance(time.Microsecond)
	for what, token := range map[string]string{
		"a token that is over": g.Token, "no token": "", "a client id": w.boot.ClientID, "half a token": g.Token[:24],
		"a token and more": second.Token + "A", "a long token": strings.Repeat("A", 1<<20),
	} {
		_, _, err := w.Authenticate(t.Context(), token)
		wantKind(t, what, err, reeve.Denied)
	}
	for what, pair := range map[string][2]string{
		"another secret": {w.boot.ClientID, strings.Repeat("A", 48)}, "no secret": {w.boot.ClientID, ""}, "no client": {"", ""},
		"another client": {strings.Repeat("A", 48), w.boot.ClientSecret}, "the id for a secret": {w.boot.ClientID, w.boot.ClientID},
	} {
		_, err := w.Grant(t.Context(), pair[0], pair[1])
		wantKind(t, what, err, reeve.Denied)
		if reeve.Message(err) != "Bad client credentials" {
			t.Errorf("%s: %v tells what was wrong", what, err)
		}
	}
}

func TestApps(t *testing.T) {
	w := newWorld(t)
	app, secret, err := w.CreateApp(t.Context(), w.admin, reeve.App{Name: "  nightly  ", Scopes: reeve.Scopes{reeve.Write, reeve.Read, reeve.Write}, CLI: true, RequestsPerMinute: 60})
	if err != nil {
		t.Fatal(err)
	}
	if !isSecret(secret) || !isSecret(app.ClientID) || app.Name != "nightly" || !slices.Equal(app.Scopes, reeve.Scopes{reeve.Read, reeve.Write}) ||
		!app.CLI || app.RequestsPerMinute != 60 || app.Account != w.admin.Account {
		t.Errorf("the app is %+v", app)
	}
	g, err := w.Grant(t.Context(), app.ClientID, secret)
	if err != nil {
		t.Fatal(err)
	}
	// A token follows its app.
	if got, _, err := w.Authenticate(t.Context(), g.Token); err != nil || !got.CLI || got.Scopes.Has(reeve.Admin) {
		t.Errorf("its token stands for %+v, %v", got, err)
	}
	_, stranger := w.further(t, "other")
	wantKind(t, "revoking another account's app", w.RevokeApp(t.Context(), stranger, app.ClientID), reeve.NotFound)
	if err := w.RevokeApp(t.Context(), w.admin, app.ClientID); err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Authenticate(t.Context(), g.Token)
	wantKind(t, "a token of a revoked app", err, reeve.Denied)
	_, err = w.Grant(t.Context(), app.ClientID, secret)
	wantKind(t, "a revoked app", err, reeve.Denied)
	wantKind(t, "revoking twice", w.RevokeApp(t.Context(), w.admin, app.ClientID), reeve.NotFound)
}

// Nobody makes a key to more than he has himself.
func TestAppsGainNothing(t *testing.T) {
	w := newWorld(t)
	for what, tt := range map[string]struct {
		own, asked reeve.Scopes
		kind       reeve.Kind
	}{
		"write by an admin alone": {reeve.Scopes{reeve.Admin}, reeve.Scopes{reeve.Write}, reeve.Forbidden},
		"read and more":           {reeve.Scopes{reeve.Admin, reeve.Read}, reeve.Scopes{reeve.Read, reeve.Write}, reeve.Forbidden},
		"admin by a writer":       {reeve.Scopes{reeve.Read, reeve.Write}, reeve.Scopes{reeve.Admin}, reeve.Forbidden},
		"nothing":                 {w.admin.Scopes, nil, reeve.Invalid},
		"no such scope":           {w.admin.Scopes, reeve.Scopes{"root"}, reeve.Invalid},
		"a scope in capitals":     {w.admin.Scopes, reeve.Scopes{"Read"}, reeve.Invalid},
	} {
		_, secret, err := w.CreateApp(t.Context(), callerOf(w.admin.Account, "APP", tt.own...), reeve.App{Name: "greedy", Scopes: tt.asked})
		wantKind(t, what, err, tt.kind)
		if secret != "" {
			t.Errorf("%s: a secret is in the answer", what)
		}
	}
	if apps, _ := w.store.Apps(t.Context(), w.admin.Account); len(apps) != 1 {
		t.Errorf("%d apps; want the first alone", len(apps))
	}
	own := callerOf(w.admin.Account, "APP", reeve.Admin, reeve.Read)
	if _, _, err := w.CreateApp(t.Context(), own, reeve.App{Name: "modest", Scopes: reeve.Scopes{reeve.Read}}); err != nil {
		t.Errorf("as much as the caller has: %v", err)
	}
}

func TestNames(t *testing.T) {
	w := newWorld(t)
	creates := map[string]func(name string) error{
		"app": func(name string) error {
			_, _, err := w.CreateApp(t.Context(), w.admin, reeve.App{Name: name, Scopes: reeve.Scopes{reeve.Read}})
			return err
		},
		"group": func(name string) error {
			_, err := w.CreateGroup(t.Context(), w.admin, name, "")
			return err
		},
		"account": func(name string) error {
			_, err := w.CreateAccount(t.Context(), w.admin, name, 0)
			return err
		},
	}
	for what, create := range creates {
		for _, name := range []string{"", "   ", "a\nb", "a\x00b", "\x7f", strings.Repeat("ä", 65)} {
			wantKind(t, what+" "+name, create(name), reeve.Invalid)
		}
		for _, name := range []string{"Lab 1", strings.Repeat("ä", 64), "日本", "'; --"} {
			if err := create(name); err != nil {
				t.Errorf("%s %q: %v", what, name, err)
			}
			wantKind(t, what+" "+name+" again", create("  "+name+" "), reeve.Conflict)
		}
	}
}
