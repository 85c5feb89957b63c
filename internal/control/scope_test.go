package control_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
)

// calls has every door that takes a caller, with the scope that it asks for.
var calls = map[string]struct {
	scope reeve.Scope
	call  func(*testing.T, *world, reeve.Caller) error
}{
	"Place": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Place(t.Context(), c, order("exempt", reeve.NewID()))
		return err
	}},
	"Retry": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Retry(t.Context(), c, 1, nil, control.Order{})
		return err
	}},
	"View": {reeve.Read, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.View(c)
		return err
	}},
	"Undo": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Undo(t.Context(), c, 1, control.Order{})
		return err
	}},
	"Preview": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Preview(t.Context(), c, order("exempt", reeve.NewID()))
		return err
	}},
	"PreviewRetry": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.PreviewRetry(t.Context(), c, 1, nil, control.Order{})
		return err
	}},
	"PreviewUndo": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.PreviewUndo(t.Context(), c, 1, control.Order{})
		return err
	}},
	"PreviewProposal": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.PreviewProposal(t.Context(), c, 1)
		return err
	}},
	"Approve": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		c.Operator = "ann"
		_, _, err := w.Approve(t.Context(), c, 1, "", 0)
		return err
	}},
	"Reject": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Reject(t.Context(), c, 1, "")
		return err
	}},
	"Pause": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Pause(t.Context(), c, 1, true)
		return err
	}},
	"Cancel": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Cancel(t.Context(), c, 1)
		return err
	}},
	"Import": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Import(t.Context(), c, []reeve.Device{{Hostname: "printer"}}, false)
		return err
	}},
	"Describe": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.Describe(t.Context(), c, reeve.NewID(), reeve.Description{Nickname: new(string)})
	}},
	"Restore": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Restore(t.Context(), c, []string{reeve.NewID()})
		return err
	}},
	"SaveView": {reeve.Read, func(t *testing.T, w *world, c reeve.Caller) error {
		c.Actor = "operator:nobody"
		return w.SaveView(t.Context(), c, "Laptops", "type=laptop", false)
	}},
	"RemoveView": {reeve.Read, func(t *testing.T, w *world, c reeve.Caller) error {
		c.Actor = "operator:nobody"
		return w.RemoveView(t.Context(), c, reeve.NewID(), false)
	}},
	"CreateGroup": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.CreateGroup(t.Context(), c, "Lab", "")
		return err
	}},
	"ChangeGroup": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.ChangeGroup(t.Context(), c, reeve.Group{ID: reeve.NewID(), Name: "Lab"})
	}},
	"RemoveGroup": {reeve.Write, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.RemoveGroup(t.Context(), c, reeve.NewID())
	}},
	"CreateApp": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, _, err := w.CreateApp(t.Context(), c, reeve.App{Name: "nightly", Scopes: reeve.Scopes{reeve.Admin}})
		return err
	}},
	"ChangeApp": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.ChangeApp(t.Context(), c, "nobody", control.AppChange{})
		return err
	}},
	"RenewSecret": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, _, err := w.RenewSecret(t.Context(), c, "nobody")
		return err
	}},
	"CreateOperator": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, _, err := w.CreateOperator(t.Context(), c, reeve.Operator{Name: "ann"}, "")
		return err
	}},
	"ChangeOperator": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, _, err := w.ChangeOperator(t.Context(), c, "nobody", control.OperatorChange{})
		return err
	}},
	"Unlink": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.Unlink(t.Context(), c, "nobody", "https://login.example.org")
	}},
	"OperatorSessions": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.OperatorSessions(t.Context(), c, "nobody")
		return err
	}},
	"EndOperatorSessions": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.EndOperatorSessions(t.Context(), c, "nobody", "")
	}},
	"ResetFactor": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error { return w.ResetFactor(t.Context(), c, "nobody") }},
	"Invite": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, _, err := w.Invite(t.Context(), c, "nobody")
		return err
	}},
	"ResetPasskeys": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.ResetPasskeys(t.Context(), c, "nobody")
	}},
	"RemoveOperator": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.RemoveOperator(t.Context(), c, "nobody")
	}},
	"RevokeApp": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.RevokeApp(t.Context(), c, "nobody")
	}},
	"CreateCode": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.CreateCode(t.Context(), c, reeve.Code{})
		return err
	}},
	"RevokeCode": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.RevokeCode(t.Context(), c, "00000000")
	}},
	"CreateAccount": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.CreateAccount(t.Context(), c, "other", 0)
		return err
	}},
	"Accounts": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Accounts(t.Context(), c)
		return err
	}},
	"Webhook": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Webhook(t.Context(), c)
		return err
	}},
	"SetWebhook": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.SetWebhook(t.Context(), c, webhookSpec("https://nac.example.org/hook"))
		return err
	}},
	"RemoveWebhook": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error { return w.RemoveWebhook(t.Context(), c) }},
	"TestWebhook": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.TestWebhook(t.Context(), c)
		return err
	}},
	"Exports": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Exports(t.Context(), c)
		return err
	}},
	"Export": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Export(t.Context(), c, reeve.NewID())
		return err
	}},
	"CreateExport": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.CreateExport(t.Context(), c, fileSpec("siem"))
		return err
	}},
	"ChangeExport": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.ChangeExport(t.Context(), c, reeve.NewID(), fileSpec("siem"))
		return err
	}},
	"RemoveExport": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.RemoveExport(t.Context(), c, reeve.NewID())
	}},
	"Give": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.Give(t.Context(), c, "default", nil, nil)
		return err
	}},
	"StoreSetFile": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.StoreSetFile(t.Context(), c, digestOf("x"), strings.NewReader("x"))
		return err
	}},
	"CreateSet": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.CreateSet(t.Context(), c, reeve.SignatureSet{Name: "daily"})
		return err
	}},
	"RemoveSet": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error { return w.RemoveSet(t.Context(), c, "daily", 1) }},
	"ChangeAgentSettings": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		_, err := w.ChangeAgentSettings(t.Context(), c, "", func(*reeve.AgentSettings) {})
		return err
	}},
	"RemoveAgentSettings": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error { return w.RemoveAgentSettings(t.Context(), c, "") }},
	"ChangeAccount": {reeve.Admin, func(t *testing.T, w *world, c reeve.Caller) error {
		return w.setAccount(t.Context(), c, reeve.Account{Name: "default"})
	}},
}

func TestScopes(t *testing.T) {
	doors := map[string]bool{}
	typ, caller := reflect.TypeFor[*control.Control](), reflect.TypeFor[reeve.Caller]()
	for i := range typ.NumMethod() {
		method := typ.Method(i)
		for in := range method.Type.NumIn() {
			if method.Type.In(in) == caller {
				doors[method.Name] = true
			}
		}
	}
	for name := range doors {
		if calls[name].call == nil && ownCalls[name] == nil {
			t.Errorf("%s takes a caller, but the test does not know the scope that it asks for", name)
		}
	}
	for name, door := range calls {
		if !doors[name] {
			t.Errorf("the test knows %s, which is no door", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			head, _, _ := w.store.Head(t.Context(), w.admin.Account)
			others := slices.DeleteFunc(slices.Clone(w.admin.Scopes), func(s reeve.Scope) bool { return s == door.scope })
			for what, c := range map[string]reeve.Caller{
				"every other scope":       callerOf(w.admin.Account, "APP", others...),
				"no scope":                callerOf(w.admin.Account, "APP"),
				"no account":              callerOf(0, "APP", w.admin.Scopes...),
				"a scope that is no word": callerOf(w.admin.Account, "APP", "Admin", "*", ""),
			} {
				wantKind(t, "a caller with "+what, door.call(t, w, c), reeve.Forbidden)
			}
			if after, _, _ := w.store.Head(t.Context(), w.admin.Account); after.Seq != head.Seq || len(w.wake.told) != 0 {
				t.Errorf("what was forbidden left %d rows in the log and told %q", after.Seq-head.Seq, w.wake.told)
			}
			if err := door.call(t, w, callerOf(w.admin.Account, "APP", door.scope)); reeve.KindOf(err) == reeve.Forbidden && err != nil {
				t.Errorf("a caller with the scope %s: %v", door.scope, err)
			}
		})
	}
}

// Only an admin of the first account acts beyond his own.
func TestAccountsAreForTheFirst(t *testing.T) {
	w := newWorld(t)
	_, stranger := w.further(t, "other")
	for _, name := range []string{"CreateAccount", "Accounts", "Give"} {
		wantKind(t, name+" by an admin of another account", calls[name].call(t, w, stranger), reeve.Forbidden)
	}
	if accounts, err := w.Accounts(t.Context(), w.admin); err != nil || len(accounts) != 2 {
		t.Errorf("the accounts are %v, %v", accounts, err)
	}
}
