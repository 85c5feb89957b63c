package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testGrants(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a grant goes from secret to secret, each good for once", func(w *world) {
		app, ann := w.parties()
		g := w.grant(app, ann, "g")
		got, err := w.Grant(w.ctx, "g")
		w.check(err)
		if d := cmp.Diff(g, got); d != "" {
			w.t.Error(d)
		}
		agreed, err := w.AgreedScopes(w.ctx, ann.Name, app.ClientID)
		w.check(err)
		if len(agreed) != 0 {
			w.t.Errorf("agreed to %v before it was asked", agreed)
		}
		g.Step, g.Secret, g.Expires = reeve.Agreed, "code", noon.Add(time.Minute)
		w.check(w.AdvanceGrant(w.ctx, "first", g, reeve.Token{}, noon, w.entry("app_authorised")))
		w.wantKind(w.AdvanceGrant(w.ctx, "first", g, reeve.Token{}, noon, w.entry("app_authorised")), reeve.Conflict)
		if agreed, err = w.AgreedScopes(w.ctx, ann.Name, app.ClientID); err != nil || len(agreed) != 2 {
			w.t.Errorf("agreed to %v, %v", agreed, err)
		}
		g.Step, g.Secret = reeve.Refreshing, "refresh"
		w.check(w.AdvanceGrant(w.ctx, "code", g, w.tokenOf(app, "t"), noon))
		w.wantKind(w.AdvanceGrant(w.ctx, "code", g, w.tokenOf(app, "u"), noon), reeve.Conflict)
		_, err = w.Token(w.ctx, "u", noon)
		w.wantKind(err, reeve.NotFound)
		if got, err = w.Grant(w.ctx, "g"); err != nil || cmp.Diff(g, got) != "" {
			w.t.Error(cmp.Diff(g, got), err)
		}
		if d := cmp.Diff([]string{"app_created", "operator_created", "asked", "app_authorised"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("of many who show one secret, one gets on", func(w *world) {
		app, ann := w.parties()
		g := w.grant(app, ann, "g")
		var wins atomic.Int32
		var all sync.WaitGroup
		for _, hash := range []string{"a", "b", "c", "d"} {
			all.Go(func() {
				next := g
				next.Step, next.Secret = reeve.Refreshing, hash
				switch err := w.AdvanceGrant(w.ctx, "first", next, w.tokenOf(app, hash), noon); {
				case err == nil:
					wins.Add(1)
				case reeve.KindOf(err) != reeve.Conflict:
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if wins.Load() != 1 {
			w.t.Errorf("%d got on", wins.Load())
		}
	})

	s.run("a token is good for what app, agreement and operator have in common", func(w *world) {
		app, ann := w.parties()
		g := w.grant(app, ann, "g")
		g.Step, g.Secret = reeve.Refreshing, "refresh"
		w.check(w.AdvanceGrant(w.ctx, "first", g, w.tokenOf(app, "t"), noon))
		want := func(scopes reeve.Scopes) {
			w.t.Helper()
			got, err := w.Token(w.ctx, "t", noon)
			w.check(err)
			if d := cmp.Diff(scopes, got.Scopes); d != "" || got.Operator != ann.Name || got.Role != ann.Role || got.Grant != g.No {
				w.t.Error(d, got)
			}
		}
		want(reeve.Scopes{reeve.Read, reeve.Write})
		ann.Role = reeve.RoleAuditor
		w.check(w.SetOperator(w.ctx, ann, w.entry("operator_changed")))
		want(reeve.Scopes{reeve.Read})
		app.Scopes = reeve.Scopes{reeve.Write}
		w.check(w.SetApp(w.ctx, app, w.entry("app_changed")))
		want(nil)
	})

	s.run("expired grants go when one is added, ended ones at once", func(w *world) {
		app, ann := w.parties()
		old := w.grant(app, ann, "old")
		g := old
		g.Handle, g.Begun, g.Expires = "new", old.Expires, old.Expires.Add(time.Hour)
		g, err := w.AddGrant(w.ctx, g)
		w.check(err)
		_, err = w.Grant(w.ctx, "old")
		w.wantKind(err, reeve.NotFound)
		g.Step = reeve.Refreshing
		w.check(w.AdvanceGrant(w.ctx, "first", g, w.tokenOf(app, "t"), noon))
		w.check(w.EndGrant(w.ctx, g.No, w.entry("authorisation_ended")))
		w.wantKind(w.EndGrant(w.ctx, g.No, w.entry("authorisation_ended")), reeve.NotFound)
		_, err = w.Token(w.ctx, "t", noon)
		w.wantKind(err, reeve.NotFound)
		w.wantKind(w.AdvanceGrant(w.ctx, "first", g, w.tokenOf(app, "u"), noon), reeve.Conflict)
	})

	ends := map[string]func(w *world, app reeve.App, ann reeve.Operator) error{
		"revoking the app": func(w *world, app reeve.App, _ reeve.Operator) error {
			return w.RevokeApp(w.ctx, app.Account, app.ClientID, noon, w.entry("app_revoked"))
		},
		"a new password": func(w *world, _ reeve.App, ann reeve.Operator) error {
			ann.PasswordHash = "2"
			return w.SetOperator(w.ctx, ann, w.entry("operator_changed"))
		},
		"removing the operator": func(w *world, _ reeve.App, ann reeve.Operator) error {
			return w.RemoveOperator(w.ctx, ann.Account, ann.Name, w.entry("operator_removed"))
		},
	}
	for what, end := range ends {
		s.run(what+" ends what was agreed", func(w *world) {
			app, ann := w.parties()
			bob := w.operator("bob", reeve.RoleViewer)
			g, others := w.grant(app, ann, "g"), w.grant(app, bob, "others")
			g.Step, g.Secret = reeve.Agreed, "code"
			w.check(w.AdvanceGrant(w.ctx, "first", g, reeve.Token{}, noon))
			g.Step, g.Secret = reeve.Refreshing, "refresh"
			w.check(w.AdvanceGrant(w.ctx, "code", g, w.tokenOf(app, "t"), noon))
			w.check(end(w, app, ann))
			_, err := w.Token(w.ctx, "t", noon)
			w.wantKind(err, reeve.NotFound)
			_, err = w.Grant(w.ctx, "g")
			w.wantKind(err, reeve.NotFound)
			if agreed, err := w.AgreedScopes(w.ctx, ann.Name, app.ClientID); err != nil || len(agreed) != 0 {
				w.t.Errorf("still agreed to %v, %v", agreed, err)
			}
			if _, err := w.Grant(w.ctx, others.Handle); (err == nil) == (what == "revoking the app") {
				w.t.Errorf("what another operator agreed to: %v", err)
			}
		})
	}

	s.run("nothing is granted to an app or by an operator that is not there", func(w *world) {
		app, ann := w.parties()
		g := reeve.Grant{ClientID: app.ClientID, Operator: "nobody", Handle: "g", Begun: noon, Expires: noon.Add(time.Hour)}
		_, err := w.AddGrant(w.ctx, g)
		w.wantKind(err, reeve.NotFound)
		g.Operator = ann.Name
		w.check(w.RevokeApp(w.ctx, app.Account, app.ClientID, noon, w.entry("app_revoked")))
		_, err = w.AddGrant(w.ctx, g)
		w.wantKind(err, reeve.NotFound)
		_, err = w.Grant(w.ctx, "g")
		w.wantKind(err, reeve.NotFound)
	})
}

// parties are an app and an operator who agrees.
func (w *world) parties() (reeve.App, reeve.Operator) {
	w.t.Helper()
	app := w.app("ci")
	w.check(w.AddApp(w.ctx, app, w.entry("app_created")))
	return app, w.operator("ann", reeve.RoleAdministrator)
}

// grant adds a grant whose secret is "first" and which lasts an hour.
func (w *world) grant(app reeve.App, o reeve.Operator, handle string) reeve.Grant {
	w.t.Helper()
	g, err := w.AddGrant(w.ctx, reeve.Grant{
		ClientID: app.ClientID, Operator: o.Name, Scopes: reeve.Scopes{reeve.Read, reeve.Write}, RedirectURI: "http://127.0.0.1/",
		Challenge: "challenge", Step: reeve.Asking, Handle: handle, Secret: "first", Expires: noon.Add(time.Hour), Begun: noon,
	}, w.entry("asked"))
	w.check(err)
	return g
}

func (w *world) tokenOf(app reeve.App, hash string) reeve.Token {
	return reeve.Token{Hash: hash, App: app, Expires: noon.Add(time.Hour)}
}
