package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testCredentials(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("an app is kept as it was made", func(w *world) {
		app := w.app("ci")
		w.check(w.AddApp(w.ctx, app, w.entry("app_created")))
		got, err := w.App(w.ctx, app.ClientID)
		w.check(err)
		if d := cmp.Diff(app, got); d != "" {
			w.t.Error(d)
		}
		_, err = w.App(w.ctx, "NOBODY")
		w.wantKind(err, reeve.NotFound)
	})

	s.run("a name is used by one valid app at a time", func(w *world) {
		app, twin := w.app("ci"), w.app("ci")
		twin.ClientID = "TWIN"
		w.check(w.AddApp(w.ctx, app, w.entry("app_created")))
		w.wantKind(w.AddApp(w.ctx, twin, w.entry("app_created")), reeve.Conflict)
		w.check(w.RevokeApp(w.ctx, w.account.No, app.ClientID, noon, w.entry("app_revoked")))
		w.check(w.AddApp(w.ctx, twin, w.entry("app_created")))
		if d := cmp.Diff([]string{"app_created", "app_revoked", "app_created"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("apps come oldest first, revoked ones too", func(w *world) {
		for i, name := range []string{"b", "a"} {
			app := w.app(name)
			app.Created = noon.Add(time.Duration(i+1) * time.Minute)
			w.check(w.AddApp(w.ctx, app, w.entry("app_created")))
		}
		w.check(w.RevokeApp(w.ctx, w.account.No, "KEYb", noon.Add(time.Hour), w.entry("app_revoked")))
		apps, err := w.Apps(w.ctx, w.account.No)
		w.check(err)
		if len(apps) != 3 || apps[1].Name != "b" || apps[2].Name != "a" || !apps[1].Revoked.Equal(noon.Add(time.Hour)) {
			w.t.Errorf("apps: %+v", apps)
		}
	})

	s.run("revoking ends app and tokens, once and in its account only", func(w *world) {
		other := w.addAccount("other", 0)
		app := w.app("ci")
		w.check(w.AddApp(w.ctx, app, w.entry("app_created")))
		w.check(w.AddToken(w.ctx, reeve.Token{Hash: "t", App: app, Expires: noon.Add(time.Hour)}, noon))
		w.wantKind(w.RevokeApp(w.ctx, other.No, app.ClientID, noon, entryOf(other.No, "app_revoked")), reeve.NotFound)
		w.check(w.RevokeApp(w.ctx, w.account.No, app.ClientID, noon, w.entry("app_revoked")))
		_, err := w.App(w.ctx, app.ClientID)
		w.wantKind(err, reeve.NotFound)
		_, err = w.Token(w.ctx, "t", noon)
		w.wantKind(err, reeve.NotFound)
		w.wantKind(w.RevokeApp(w.ctx, w.account.No, app.ClientID, noon, w.entry("app_revoked")), reeve.NotFound)
		w.wantKind(w.AddToken(w.ctx, reeve.Token{Hash: "u", App: app, Expires: noon.Add(time.Hour)}, noon), reeve.NotFound)
	})

	s.run("a token leads to its app until it expires", func(w *world) {
		app := w.app("ci")
		w.check(w.AddApp(w.ctx, app, w.entry("app_created")))
		token := reeve.Token{Hash: "t", App: app, Expires: noon.Add(time.Hour), Scopes: app.Scopes}
		w.check(w.AddToken(w.ctx, token, noon))
		got, err := w.Token(w.ctx, "t", noon.Add(time.Hour-time.Microsecond))
		w.check(err)
		if d := cmp.Diff(token, got); d != "" {
			w.t.Error(d)
		}
		_, err = w.Token(w.ctx, "t", noon.Add(time.Hour))
		w.wantKind(err, reeve.NotFound)
		_, err = w.Token(w.ctx, "other", noon)
		w.wantKind(err, reeve.NotFound)
	})

	s.run("a new token drops expired ones of its app", func(w *world) {
		app := w.app("ci")
		w.check(w.AddApp(w.ctx, app, w.entry("app_created")))
		w.check(w.AddToken(w.ctx, reeve.Token{Hash: "old", App: app, Expires: noon.Add(time.Hour)}, noon))
		w.check(w.AddToken(w.ctx, reeve.Token{Hash: "new", App: app, Expires: noon.Add(9 * time.Hour)}, noon.Add(time.Hour)))
		_, err := w.Token(w.ctx, "old", noon) // even to one whose clock is behind
		w.wantKind(err, reeve.NotFound)
		_, err = w.Token(w.ctx, "new", noon)
		w.check(err)
	})

	s.run("what may change of an app is stored, in its account only", func(w *world) {
		app, twin := w.app("ci"), w.app("other")
		w.check(w.AddApp(w.ctx, app, w.entry("app_created")))
		w.check(w.AddApp(w.ctx, twin, w.entry("app_created")))
		w.check(w.AddToken(w.ctx, reeve.Token{Hash: "t", App: app, Expires: noon.Add(time.Hour)}, noon))
		app.Name, app.Description, app.RedirectURIs = "cd", "delivers", nil
		app.Scopes, app.RequestsPerMinute, app.Modified = reeve.Scopes{reeve.Read}, -1, noon.Add(time.Minute)
		w.check(w.SetApp(w.ctx, app, w.entry("app_changed")))
		got, err := w.Token(w.ctx, "t", noon)
		w.check(err)
		if d := cmp.Diff(app, got.App); d != "" {
			w.t.Error(d)
		}
		app.SecretHash = hash("another")
		w.check(w.SetApp(w.ctx, app, w.entry("app_secret_changed")))
		_, err = w.Token(w.ctx, "t", noon)
		w.wantKind(err, reeve.NotFound)

		taken, foreign := app, app
		taken.Name = twin.Name
		w.wantKind(w.SetApp(w.ctx, taken, w.entry("app_changed")), reeve.Conflict)
		foreign.Account = w.addAccount("other", 0).No
		w.wantKind(w.SetApp(w.ctx, foreign, entryOf(foreign.Account, "app_changed")), reeve.NotFound)
		w.check(w.RevokeApp(w.ctx, w.account.No, app.ClientID, noon, w.entry("app_revoked")))
		w.wantKind(w.SetApp(w.ctx, app, w.entry("app_changed")), reeve.NotFound)
	})
}

func (w *world) app(name string) reeve.App {
	return reeve.App{ClientID: "KEY" + name, SecretHash: hash(name), Account: w.account.No, Name: name,
		Scopes: reeve.Scopes{reeve.Read, reeve.Write}, CLI: true, RequestsPerMinute: 30,
		Description: "for the tests", RedirectURIs: []string{"https://app.example/back", "http://127.0.0.1/"},
		CreatedBy: "ann", Created: noon, Modified: noon}
}
