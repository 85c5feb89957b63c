package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testLinks(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	const issuer = "https://login.example.org"

	link := func(w *world, operator, subject string) reeve.Link {
		return reeve.Link{Issuer: issuer, Subject: subject, Account: w.account.No, Operator: operator, Shown: "ann@example.org", Created: noon}
	}

	s.run("a subject is one operator, and an operator one subject of an issuer", func(w *world) {
		other := w.addAccount("other", 0)
		w.operator("ann", reeve.RoleViewer)
		w.operator("bob", reeve.RoleViewer)
		l := link(w, "ann", "1")
		w.check(w.AddLink(w.ctx, l, w.entry("sso_linked")))
		w.wantKind(w.AddLink(w.ctx, link(w, "bob", "1"), w.entry("sso_linked")), reeve.Conflict)
		w.wantKind(w.AddLink(w.ctx, link(w, "ann", "2"), w.entry("sso_linked")), reeve.Conflict)
		foreign := link(w, "ann", "3")
		foreign.Account = other.No
		w.wantKind(w.AddLink(w.ctx, foreign, entryOf(other.No, "sso_linked")), reeve.NotFound)
		elsewhere := link(w, "ann", "1")
		elsewhere.Issuer = issuer + "/"
		w.check(w.AddLink(w.ctx, elsewhere, w.entry("sso_linked")))
		got, err := w.Link(w.ctx, issuer, "1")
		w.check(err)
		if d := cmp.Diff(l, got); d != "" {
			w.t.Error(d)
		}
		_, err = w.Link(w.ctx, issuer, "2")
		w.wantKind(err, reeve.NotFound)
		list, err := w.Links(w.ctx, w.account.No, "ann")
		w.check(err)
		if d := cmp.Diff([]reeve.Link{l, elsewhere}, list); d != "" {
			w.t.Error(d)
		}
		if list, err := w.Links(w.ctx, other.No, "ann"); err != nil || len(list) != 0 {
			w.t.Errorf("another account sees %v, %v", list, err)
		}
	})

	s.run("a link is removed within its account, and goes with its operator", func(w *world) {
		other := w.addAccount("other", 0)
		w.operator("ann", reeve.RoleViewer)
		w.check(w.AddLink(w.ctx, link(w, "ann", "1"), w.entry("sso_linked")))
		w.wantKind(w.RemoveLink(w.ctx, other.No, "ann", issuer, entryOf(other.No, "sso_unlinked")), reeve.NotFound)
		w.wantKind(w.RemoveLink(w.ctx, w.account.No, "ann", "https://example.org", w.entry("sso_unlinked")), reeve.NotFound)
		w.check(w.RemoveLink(w.ctx, w.account.No, "ann", issuer, w.entry("sso_unlinked")))
		w.check(w.AddLink(w.ctx, link(w, "ann", "2"), w.entry("sso_linked")))
		w.check(w.expect(w.account.No, "ann", "ann@example.org"))
		w.check(w.RemoveOperator(w.ctx, w.account.No, "ann", w.entry("operator_removed")))
		_, err := w.Link(w.ctx, issuer, "2")
		w.wantKind(err, reeve.NotFound)
		_, err = w.Expected(w.ctx, "ann@example.org")
		w.wantKind(err, reeve.NotFound)
	})

	s.run("a name at the provider is one operator's", func(w *world) {
		other := w.addAccount("other", 0)
		w.operator("ann", reeve.RoleViewer)
		w.operator("bob", reeve.RoleViewer)
		expect := func(operator, name string) error {
			return w.expect(w.account.No, operator, name)
		}
		w.check(expect("ann", "ann@example.com"))
		w.check(expect("ann", "ann@example.org"))
		w.wantKind(expect("bob", "ann@example.org"), reeve.Conflict)
		w.wantKind(expect("nobody", "nobody@example.org"), reeve.NotFound)
		w.wantKind(w.expect(other.No, "ann", "a"), reeve.NotFound)
		operator, err := w.Expected(w.ctx, "ann@example.org")
		w.check(err)
		ann, err := w.Operator(w.ctx, "ann")
		w.check(err)
		if operator != "ann" || ann.Expected != "ann@example.org" {
			w.t.Errorf("%q is known as %q", operator, ann.Expected)
		}
		_, err = w.Expected(w.ctx, "ann@example.com")
		w.wantKind(err, reeve.NotFound)
		w.check(expect("ann", ""))
		w.check(expect("bob", "ann@example.org"))
		if ann, err := w.Operator(w.ctx, "ann"); err != nil || ann.Expected != "" {
			w.t.Errorf("ann is still known as %q, %v", ann.Expected, err)
		}
	})
}

// expect stores by what providers name an operator.
func (w *world) expect(account int64, operator, name string) error {
	return w.SetOperator(w.ctx, reeve.Operator{Name: operator, Account: account, Role: reeve.RoleViewer, Expected: name}, entryOf(account, "operator_changed"))
}
