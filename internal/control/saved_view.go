package control

import (
	"context"
	"strings"
	"unicode/utf8"

	"reeve"
)

const (
	// maxViews is how many views an operator has of his own, and how many are shared.
	maxViews = 50
	// maxViewQuery is the longest query of a view in bytes.
	maxViewQuery = 4096
)

// SaveView keeps a list of devices under a name: for the caller alone, or for
// all operators of the account, which needs Write. A view of that name is
// replaced. The query is what the address of the list says.
func (c *Control) SaveView(ctx context.Context, caller reeve.Caller, name, query string, shared bool) error {
	operator, err := viewOwner(caller, shared)
	if err != nil {
		return err
	}
	if name, err = checkName("view", name); err != nil {
		return err
	}
	if len(query) > maxViewQuery || !utf8.ValidString(query) {
		return reeve.Errorf(reeve.Invalid, "the view is too large to be saved; choose fewer filters")
	}
	v := reeve.SavedView{ID: reeve.NewID(), Account: caller.Account, Operator: operator, Name: name, Query: query, SavedBy: caller.Name, Saved: c.now()}
	facts := map[string]any{"name": name, "shared": shared, "query": query}
	return c.store.SaveView(ctx, v, maxViews, entry(caller, v.Saved, "view_saved", detail("", facts)))
}

// RemoveView removes a view of the caller, or a shared one, which needs Write.
func (c *Control) RemoveView(ctx context.Context, caller reeve.Caller, id string, shared bool) error {
	operator, err := viewOwner(caller, shared)
	if err != nil {
		return err
	}
	facts := map[string]any{"view": id, "shared": shared}
	return c.store.RemoveView(ctx, caller.Account, operator, id, entry(caller, c.now(), "view_removed", detail("", facts)))
}

// viewOwner returns whose views are meant.
func viewOwner(caller reeve.Caller, shared bool) (string, error) {
	if shared {
		return "", Allow(caller, reeve.Write)
	}
	if _, err := AllowSome(caller, reeve.Read); err != nil {
		return "", err
	}
	operator, ok := strings.CutPrefix(caller.Actor, "operator:")
	if !ok {
		return "", reeve.Errorf(reeve.Forbidden, "views belong to operators; sign in as one")
	}
	return operator, nil
}

// SavedViews returns the person's views and the shared ones, by name.
func (v *View) SavedViews(ctx context.Context) ([]reeve.SavedView, error) {
	return v.c.store.SavedViews(ctx, v.caller.Account, strings.TrimPrefix(v.caller.Actor, "operator:"))
}
