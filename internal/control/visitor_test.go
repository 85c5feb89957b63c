package control_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

// elsewhere is a Provider whose visitors are made up; internal/sso tests what a
// real one has to show.
type elsewhere struct {
	reeve.Visitor
	journeys int
}

func (*elsewhere) Name() string   { return "Example" }
func (*elsewhere) Issuer() string { return "https://login.example.org" }

func (e *elsewhere) Begin(_ context.Context, operator string) (reeve.Journey, error) {
	e.For = operator
	return reeve.Journey{URL: "https://login.example.org/authorize"}, nil
}

func (e *elsewhere) Finish(context.Context, reeve.Arrival) (reeve.Visitor, error) {
	e.journeys++
	v := e.Visitor
	v.Issuer, v.OneUse = e.Issuer(), reeve.OneUse{Mark: fmt.Sprint("journey ", e.journeys), Until: noon.Add(time.Hour)}
	return v, nil
}

func TestVisitors(t *testing.T) {
	w := newWorld(t)
	there := &elsewhere{}
	options := control.Options{Now: w.clock.Now, Provider: there}
	c := control.New(w.store, nil, nil, options)
	ann, _ := w.colleague(t, "ann@example.org", reeve.RoleViewer), w.colleague(t, "bob", reeve.RoleOperator)
	arrive := func(operator, subject, name string) (reeve.Operator, bool, error) {
		there.Visitor = reeve.Visitor{Subject: subject, Name: name, For: operator}
		return c.FinishJourney(t.Context(), control.From{}, reeve.Arrival{})
	}
	want := func(what, name string) func(reeve.Operator, bool, error) {
		return func(o reeve.Operator, linked bool, err error) {
			t.Helper()
			if err != nil || o.Name != name {
				t.Errorf("%s: %q, %v, %v", what, o.Name, linked, err)
			}
		}
	}
	refused := func(what string, kind reeve.Kind) func(reeve.Operator, bool, error) {
		return func(o reeve.Operator, _ bool, err error) {
			t.Helper()
			wantKind(t, what, err, kind)
		}
	}
	want("a name", "ann@example.org")(arrive("", "1", "ann@example.org"))
	want("a link, whatever the name is now", "ann@example.org")(arrive("", "1", "bob"))
	refused("another person with that name", reeve.Forbidden)(arrive("", "2", "ann@example.org"))
	refused("no name", reeve.Forbidden)(arrive("", "2", ""))
	refused("a name that nobody has", reeve.Forbidden)(arrive("", "2", "robert@example.org"))
	known := " robert@example.org "
	if _, _, err := c.ChangeOperator(t.Context(), w.admin, "bob", control.OperatorChange{Expected: &known}); err != nil {
		t.Fatal(err)
	}
	want("a name that is expected", "bob")(arrive("", "2", "robert@example.org"))
	refused("a link to somebody else's person", reeve.Conflict)(arrive("bob", "1", ""))

	if err := c.Unlink(t.Context(), ann, "ann@example.org", there.Issuer()); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "a viewer removes a colleague's link", c.Unlink(t.Context(), ann, "bob", there.Issuer()), reeve.Forbidden)
	if j, err := c.BeginLink(t.Context(), ann); err != nil || j.URL == "" || there.For != "ann@example.org" {
		t.Errorf("%+v for %q, %v", j, there.For, err)
	}
	o, linked, err := arrive("ann@example.org", "3", "")
	want("a link made when signed in", "ann@example.org")(o, linked, err)
	if !linked {
		t.Error("it is not told that it is one")
	}
	if links, err := c.Links(t.Context(), ann); err != nil || len(links) != 1 || links[0].Subject != "3" {
		t.Errorf("the links are %+v, %v", links, err)
	}
	if err := c.Unlink(t.Context(), w.admin, "bob", there.Issuer()); err != nil {
		t.Error(err)
	}

	refused("somebody new", reeve.Forbidden)(arrive("", "4", "carol"))
	options.NewOperators = reeve.RoleViewer
	c = control.New(w.store, nil, nil, options)
	want("somebody new where they are welcome", "carol")(arrive("", "4", "carol"))
	want("the same once more", "carol")(arrive("", "4", "carol"))
	refused("a name that no operator can have", reeve.Invalid)(arrive("", "5", "../carol"))
	if o, err := w.store.Operator(t.Context(), "carol"); err != nil || o.Role != reeve.RoleViewer || o.PasswordHash != "" || o.Account != w.admin.Account {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := w.CheckPassword(t.Context(), "carol", ""); reeve.KindOf(err) != reeve.Denied || err == nil {
		t.Errorf("who has no password signs in without: %v", err)
	}
	there.journeys = 0
	refused("an arrival that was used", reeve.Denied)(arrive("", "1", "ann@example.org"))
	w.wantEvents(t, "sso_linked", "operator_changed", "sso_linked", "sso_unlinked", "sso_linked", "sso_unlinked", "sso_linked")

	_, err = w.BeginJourney(t.Context())
	wantKind(t, "a journey without a provider", err, reeve.NotFound)
}
