package api

import (
	"cmp"
	"net/http"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

func shapeGroup(g reeve.Group) client.Group {
	return client.Group{ID: g.ID, Name: g.Name, Description: g.Description, Default: g.Default,
		Devices: g.Devices, Created: g.Created, Modified: g.Modified}
}

// groups lists groups by name. They are few, so the cursor is a page number.
func (a *api) groups(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	limit, search, number := p.limit(), p.text("search"), int64(1)
	p.cursor("groups", &number)
	if err := p.done(); err != nil {
		return err
	}
	groups, err := a.Store.Groups(r.Context(), r.Caller.Account, reeve.GroupQuery{Search: search, Limit: limit, Page: int(number)})
	if err != nil {
		return err
	}
	out := client.List[client.Group]{Items: make([]client.Group, len(groups))}
	for i, g := range groups {
		out.Items[i] = shapeGroup(g)
	}
	if len(groups) == limit {
		out.Next = door.Cursor("groups", r.Caller.Account, number+1)
	}
	return door.Write(w, http.StatusOK, out)
}

func (a *api) createGroup(w http.ResponseWriter, r *door.Request) error {
	var want client.NewGroup
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	group, err := a.Rules.CreateGroup(r.Context(), r.Caller, want.Name, want.Description)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusCreated, shapeGroup(group))
}

func (a *api) changeGroup(w http.ResponseWriter, r *door.Request) error {
	var want client.GroupChange
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	id := r.PathValue("id")
	group, err := a.Store.Group(r.Context(), r.Caller.Account, id)
	if err != nil {
		return named(err, "group")
	}
	if want.Default != nil && group.Default && !*want.Default {
		return reeve.Errorf(reeve.Invalid, "an account always has a default group; make another group the default instead")
	}
	group.Name, group.Description = *cmp.Or(want.Name, &group.Name), *cmp.Or(want.Description, &group.Description)
	group.Default = *cmp.Or(want.Default, &group.Default)
	if err := a.Rules.ChangeGroup(r.Context(), r.Caller, group); err != nil {
		return named(err, "group")
	}
	if group, err = a.Store.Group(r.Context(), r.Caller.Account, id); err != nil {
		return named(err, "group")
	}
	return door.Write(w, http.StatusOK, shapeGroup(group))
}

func (a *api) removeGroup(w http.ResponseWriter, r *door.Request) error {
	return gone(w, named(a.Rules.RemoveGroup(r.Context(), r.Caller, r.PathValue("id")), "group"))
}

// gone answers that something was removed.
func gone(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}
