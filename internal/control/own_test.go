package control_test

import (
	"slices"
	"testing"

	"reeve"
	"reeve/internal/control"
)

// ownCalls has every door to what is a caller's own: it asks for no scope, but
// for an operator who signed in to the console.
var ownCalls = map[string]func(*testing.T, *control.Control, reeve.Caller) error{
	"Passkeys": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.Passkeys(t.Context(), c)
		return err
	},
	"AskNewPasskey": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.AskNewPasskey(t.Context(), c)
		return err
	},
	"AddPasskey": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.AddPasskey(t.Context(), c, "laptop", "", nil)
		return err
	},
	"RemovePasskey": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		return w.RemovePasskey(t.Context(), c, "k1")
	},
	"BeginLink": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.BeginLink(t.Context(), c)
		return err
	},
	"Sessions": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.Sessions(t.Context(), c)
		return err
	},
	"EndSession": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		return w.EndSession(t.Context(), c, reeve.NewID())
	},
	"EndOtherSessions": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		return w.EndOtherSessions(t.Context(), c, "")
	},
	"ChangePassword": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.ChangePassword(t.Context(), c, "", "", control.From{})
		return err
	},
	"HasFactor": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, _, err := w.HasFactor(t.Context(), c)
		return err
	},
	"BeginFactor": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.BeginFactor(t.Context(), c)
		return err
	},
	"UnconfirmedFactor": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.UnconfirmedFactor(t.Context(), c)
		return err
	},
	"ConfirmFactor": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.ConfirmFactor(t.Context(), c, "")
		return err
	},
	"RenewRecoveryCodes": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.RenewRecoveryCodes(t.Context(), c)
		return err
	},
	"RemoveFactor": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		return w.RemoveFactor(t.Context(), c, "", control.From{})
	},
	"Links": func(t *testing.T, w *control.Control, c reeve.Caller) error {
		_, err := w.Links(t.Context(), c)
		return err
	},
}

func TestWhatIsOnesOwn(t *testing.T) {
	w := newWorld(t)
	ann := w.colleague(t, "ann", reeve.RoleViewer)
	if _, err := w.store.Passkey(t.Context(), "k1"); err == nil {
		t.Fatal("there is a passkey already")
	}
	bare, fromCLI, nowhere := ann, ann, ann
	bare.Scopes, fromCLI.Source, nowhere.Account = nil, reeve.FromCLI, 0
	for name, call := range ownCalls {
		head, _, _ := w.store.Head(t.Context(), w.admin.Account)
		for what, c := range map[string]reeve.Caller{
			"an app with every scope":     w.admin,
			"an operator at another door": fromCLI,
			"an operator of no account":   nowhere,
			"nobody":                      {},
		} {
			wantKind(t, name+" by "+what, call(t, w.Control, c), reeve.Forbidden)
		}
		if after, _, _ := w.store.Head(t.Context(), w.admin.Account); after.Seq != head.Seq {
			t.Errorf("what %s refused left %d rows in the log", name, after.Seq-head.Seq)
		}
		if err := call(t, w.Control, bare); err != nil && reeve.KindOf(err) == reeve.Forbidden {
			t.Errorf("%s by an operator without a scope: %v", name, err)
		}
	}
}

// colleague adds an operator and returns the caller of whom signed in.
func (w *world) colleague(t *testing.T, name string, role reeve.Role) reeve.Caller {
	t.Helper()
	if _, _, err := w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: name, Role: role}, ""); err != nil {
		t.Fatal(err)
	}
	return reeve.Caller{Account: w.admin.Account, Source: reeve.FromConsole, Actor: "operator:" + name, Name: name, Scopes: role.Scopes(), Address: "192.0.2.7"}
}

// wantEvents says which rows of the log there are about signing in, in order.
func (w *world) wantEvents(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, e := range w.audit(t, w.admin.Account, "passkey_added", "passkey_removed", "passkey_refused", "sso_linked", "sso_unlinked", "operator_changed") {
		got = append(got, e.Event)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the log has %v", got)
	}
}
