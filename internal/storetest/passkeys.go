package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testPasskeys(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("a passkey is kept as it was made, and found by its id alone", func(w *world) {
		w.operator("ann", reeve.RoleViewer)
		k := w.passkey("ann", "k1")
		got, err := w.Passkey(w.ctx, "k1")
		w.check(err)
		if d := cmp.Diff(k, got); d != "" {
			w.t.Error(d)
		}
		w.wantKind(w.AddPasskey(w.ctx, k, 9, w.entry("passkey_added")), reeve.Conflict)
		_, err = w.Passkey(w.ctx, "K1")
		w.wantKind(err, reeve.NotFound)
		if d := cmp.Diff([]string{"operator_created", "passkey_added"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("an operator has a number of them, of his account only", func(w *world) {
		other := w.addAccount("other", 0)
		w.operator("ann", reeve.RoleViewer)
		w.operator("bob", reeve.RoleViewer)
		first, second := w.passkey("ann", "k2"), reeve.Passkey{ID: "k1", Account: w.account.No, Operator: "ann", Created: noon.Add(time.Second)}
		w.check(w.AddPasskey(w.ctx, second, 2, w.entry("passkey_added")))
		third := reeve.Passkey{ID: "k3", Account: w.account.No, Operator: "ann", Created: noon}
		w.wantKind(w.AddPasskey(w.ctx, third, 2, w.entry("passkey_added")), reeve.TooLarge)
		third.Operator = "bob"
		w.check(w.AddPasskey(w.ctx, third, 2, w.entry("passkey_added")))
		third.Account = other.No
		w.wantKind(w.AddPasskey(w.ctx, third, 2, entryOf(other.No, "passkey_added")), reeve.NotFound)
		list, err := w.Passkeys(w.ctx, w.account.No, "ann")
		w.check(err)
		if d := cmp.Diff([]reeve.Passkey{first, second}, list); d != "" {
			w.t.Error(d)
		}
		if list, err := w.Passkeys(w.ctx, other.No, "ann"); err != nil || len(list) != 0 {
			w.t.Errorf("another account sees %v, %v", list, err)
		}
		w.wantKind(w.RemovePasskey(w.ctx, other.No, "ann", "k1", entryOf(other.No, "passkey_removed")), reeve.NotFound)
		w.wantKind(w.RemovePasskey(w.ctx, w.account.No, "bob", "k1", w.entry("passkey_removed")), reeve.NotFound)
		w.check(w.RemovePasskey(w.ctx, w.account.No, "ann", "k1", w.entry("passkey_removed")))
		_, err = w.Passkey(w.ctx, "k1")
		w.wantKind(err, reeve.NotFound)
	})

	s.run("of two uses with one counter one counts", func(w *world) {
		w.operator("ann", reeve.RoleViewer)
		k := w.passkey("ann", "k1")
		k.Record, k.Counter, k.Suspect, k.Used = "{}", 8, true, noon.Add(time.Hour)
		w.check(w.UsePasskey(w.ctx, k, 7, w.entry("passkey_refused")))
		w.wantKind(w.UsePasskey(w.ctx, k, 7, w.entry("passkey_refused")), reeve.Conflict)
		got, err := w.Passkey(w.ctx, "k1")
		w.check(err)
		if d := cmp.Diff(k, got); d != "" {
			w.t.Error(d)
		}
		if d := cmp.Diff([]string{"operator_created", "passkey_added", "passkey_refused"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("passkeys go with their operator", func(w *world) {
		w.operator("ann", reeve.RoleViewer)
		w.passkey("ann", "k1")
		w.check(w.RemoveOperator(w.ctx, w.account.No, "ann", w.entry("operator_removed")))
		_, err := w.Passkey(w.ctx, "k1")
		w.wantKind(err, reeve.NotFound)
	})

	s.run("of many who spend one mark one does, until it is over", func(w *world) {
		use := reeve.OneUse{Mark: "m", Until: noon.Add(time.Minute)}
		var wins atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				switch err := w.Spend(w.ctx, use, noon); {
				case err == nil:
					wins.Add(1)
				case reeve.KindOf(err) != reeve.Conflict:
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if wins.Load() != 1 {
			w.t.Errorf("%d spent it", wins.Load())
		}
		w.check(w.Spend(w.ctx, reeve.OneUse{Mark: "n", Until: noon.Add(time.Hour)}, noon))
		w.wantKind(w.Spend(w.ctx, use, use.Until.Add(-1)), reeve.Conflict)
		w.check(w.Spend(w.ctx, reeve.OneUse{Mark: "m", Until: noon.Add(time.Hour)}, use.Until))
	})
}

// passkey adds a passkey of an operator of the world's account.
func (w *world) passkey(operator, id string) reeve.Passkey {
	w.t.Helper()
	k := reeve.Passkey{ID: id, Account: w.account.No, Operator: operator, Name: "laptop", Record: `{"public_key":"AA=="}`, Counter: 7, Created: noon}
	w.check(w.AddPasskey(w.ctx, k, 9, w.entry("passkey_added")))
	return k
}
