package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testSavedViews(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	view := func(w *world, operator, name, query string) reeve.SavedView {
		return reeve.SavedView{ID: reeve.NewID(), Account: w.account.No, Operator: operator, Name: name, Query: query, SavedBy: "ann", Saved: noon}
	}
	seen := func(w *world, account int64, operator string) (views []reeve.SavedView) {
		views, err := w.SavedViews(w.ctx, account, operator)
		w.check(err)
		return views
	}

	s.run("an operator sees his own views and the shared ones, by name", func(w *world) {
		other := w.addAccount("other", 0)
		w.operator("ann", reeve.RoleViewer)
		w.operator("bob", reeve.RoleViewer)
		mine, his, shared := view(w, "ann", "Laptops", "type=laptop"), view(w, "bob", "All", ""), view(w, "", "Away", "presence=unseen")
		for _, v := range []reeve.SavedView{mine, his, shared} {
			w.check(w.SaveView(w.ctx, v, 9, w.entry("view_saved")))
		}
		if d := cmp.Diff([]reeve.SavedView{shared, mine}, seen(w, w.account.No, "ann")); d != "" {
			w.t.Error(d)
		}
		if d := cmp.Diff([]reeve.SavedView{his, shared}, seen(w, w.account.No, "bob")); d != "" {
			w.t.Error(d)
		}
		if got := seen(w, other.No, "ann"); len(got) != 0 {
			w.t.Errorf("another account sees %v", got)
		}
		w.wantKind(w.SaveView(w.ctx, view(w, "nobody", "All", ""), 9, w.entry("view_saved")), reeve.NotFound)
	})

	s.run("a view of the same name is replaced, and keeps its id", func(w *world) {
		w.operator("ann", reeve.RoleViewer)
		was := view(w, "ann", "Mine", "type=laptop")
		w.check(w.SaveView(w.ctx, was, 1, w.entry("view_saved")))
		is := view(w, "ann", "Mine", "type=server")
		is.Saved = noon.Add(time.Hour)
		w.check(w.SaveView(w.ctx, is, 1, w.entry("view_saved")))
		is.ID = was.ID
		if d := cmp.Diff([]reeve.SavedView{is}, seen(w, w.account.No, "ann")); d != "" {
			w.t.Error(d)
		}
		w.wantKind(w.SaveView(w.ctx, view(w, "ann", "Other", ""), 1, w.entry("view_saved")), reeve.TooLarge)
		w.check(w.SaveView(w.ctx, view(w, "", "Other", ""), 1, w.entry("view_saved")))
		if got := seen(w, w.account.No, "ann"); len(got) != 2 {
			w.t.Errorf("there are %v", got)
		}
	})

	s.run("a view is removed by who has it, or together with him", func(w *world) {
		other := w.addAccount("other", 0)
		w.operator("ann", reeve.RoleViewer)
		w.operator("bob", reeve.RoleViewer)
		mine, shared := view(w, "ann", "Mine", ""), view(w, "", "Ours", "")
		w.check(w.SaveView(w.ctx, mine, 9, w.entry("view_saved")))
		w.check(w.SaveView(w.ctx, shared, 9, w.entry("view_saved")))
		w.wantKind(w.RemoveView(w.ctx, w.account.No, "bob", mine.ID, w.entry("view_removed")), reeve.NotFound)
		w.wantKind(w.RemoveView(w.ctx, w.account.No, "", mine.ID, w.entry("view_removed")), reeve.NotFound)
		w.wantKind(w.RemoveView(w.ctx, w.account.No, "ann", shared.ID, w.entry("view_removed")), reeve.NotFound)
		w.wantKind(w.RemoveView(w.ctx, other.No, "ann", mine.ID, entryOf(other.No, "view_removed")), reeve.NotFound)
		w.check(w.RemoveView(w.ctx, w.account.No, "", shared.ID, w.entry("view_removed")))
		if d := cmp.Diff([]reeve.SavedView{mine}, seen(w, w.account.No, "ann")); d != "" {
			w.t.Error(d)
		}
		w.check(w.RemoveOperator(w.ctx, w.account.No, "ann", w.entry("operator_removed")))
		w.operator("ann", reeve.RoleViewer)
		if got := seen(w, w.account.No, "ann"); len(got) != 0 {
			w.t.Errorf("a new operator of the name has %v", got)
		}
	})
}
