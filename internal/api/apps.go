package api

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (a *api) appRoutes() []door.Route {
	const x = reeve.Admin
	return []door.Route{
		about(own("GET", "/apps", x, "", a.apps), &door.Page{
			About: "Lists the apps of the account, revoked ones too.",
			Inputs: []door.Field{
				{Name: "search", In: "query", Type: "string", About: "part of the name, in any case"},
				{Name: "sort", In: "query", Type: "string", About: "created (default) or name; -created and -name for the other way round"},
			},
			Answer: listOf(appFields),
		}),
		about(own("POST", "/apps", x, "app_created", a.createApp), &door.Page{
			About: "Creates an app. Its secret is in this answer and nowhere else.",
			Inputs: append(appInputs[:len(appInputs):len(appInputs)],
				door.Field{Name: "cli", In: "body", Type: "bool", About: "it is for the command line: the log calls its requests cli; default false"}),
			Answer: slices.Concat(appFields, secretField),
			Codes:  map[int]string{201: "it was created", 409: "the name is taken"},
			Notes: []string{
				"This, or reeve apps create, is how an app is registered; there are no pages at /o/app.",
				"The scopes may not exceed the caller's, and only admins of the account default may give a limit.",
			},
		}),
		about(own("PATCH", "/apps/{id}", x, "app_changed", a.changeApp), &door.Page{
			About:  "Changes an app; what is not sent stays. Tokens that it has follow.",
			Inputs: slices.Concat(appID, appInputs),
			Answer: appFields,
			Codes:  map[int]string{404: "there is no such app, or it is revoked", 409: "the name is taken"},
			Notes:  []string{"Neither the scopes that it had nor the new ones may exceed the caller's."},
		}),
		about(own("POST", "/apps/{id}/secret", x, "app_secret_renewed", a.renewSecret), &door.Page{
			About:  "Gives an app another secret. The old one and all its access tokens end at once; refresh tokens stay, and need the new secret.",
			Inputs: appID,
			Answer: slices.Concat(appFields, secretField),
			Codes:  map[int]string{404: "there is no such app, or it is revoked"},
		}),
		about(own("DELETE", "/apps/{id}", x, "app_revoked", a.revokeApp), &door.Page{
			About:  "Revokes an app, its tokens and whatever operators agreed to let it do.",
			Inputs: appID,
			Answer: door.None,
			Codes:  map[int]string{204: "it was revoked", 404: "there is no such app, or it is revoked"},
		}),
	}
}

var (
	appID = []door.Field{{Name: "id", In: "path", Type: "string", About: "client id of the app"}}

	appInputs = []door.Field{
		{Name: "name", In: "body", Type: "string", About: "1 to 64 characters, unique among the valid apps of the account"},
		{Name: "description", In: "body", Type: "string", About: "what it is for, at most 1,024 characters; default empty"},
		{Name: "redirect_uris", In: "body", Type: "array of string", About: "where operators' browsers may be sent with a code, at most 16: https, or http to a loopback address, there with any port; default none, and then the grant authorization_code cannot be used"},
		{Name: "scopes", In: "body", Type: "array of string", About: "one or more of read, write (actions, groups, import) and admin; an app with read alone changes nothing"},
		{Name: "requests_per_minute", In: "body", Type: "int", About: "a limit of its own for each API; 0, the default, is the account's, negative none"},
	}

	appFields = []door.Field{
		{Name: "client_id", Type: "string", About: "48 of A-Z and 0-9"},
		{Name: "name", Type: "string"},
		{Name: "description", Type: "string", About: "absent if empty"},
		{Name: "redirect_uris", Type: "array of string", About: "absent without any"},
		{Name: "scopes", Type: "array of string"},
		{Name: "cli", Type: "bool", About: "absent if false"},
		{Name: "requests_per_minute", Type: "int", About: "absent if it is the account's"},
		{Name: "created_by", Type: "string", About: "name of the app or operator that created it"},
		{Name: "created", Type: "string", About: "RFC 3339, UTC"},
		{Name: "modified", Type: "string", About: "when it was last changed"},
		{Name: "revoked", Type: "string", About: "absent while it is valid"},
	}

	secretField = []door.Field{{Name: "client_secret", Type: "string", About: "48 of A-Z and 0-9, shown only now"}}
)

func shapeApp(app reeve.App) client.App {
	return client.App{
		ClientID: app.ClientID, Name: app.Name, Description: app.Description, RedirectURIs: app.RedirectURIs,
		Scopes: stringsOf(app.Scopes), CLI: app.CLI, RequestsPerMinute: app.RequestsPerMinute,
		CreatedBy: app.CreatedBy, Created: app.Created, Modified: app.Modified, Revoked: app.Revoked,
	}
}

// appOrders are the orders of the list of apps; ties keep the order of creation.
var appOrders = map[string]func(a, b reeve.App) int{
	"created": func(a, b reeve.App) int { return a.Created.Compare(b.Created) },
	"name":    func(a, b reeve.App) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) },
}

func (a *api) apps(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	search, sort := strings.ToLower(p.text("search")), cmp.Or(p.text("sort"), "created")
	word, descending := strings.CutPrefix(sort, "-")
	order, known := appOrders[word]
	if !known {
		p.fail("sort must be name, created, -name or -created")
	}
	if err := p.done(); err != nil {
		return err
	}
	apps, err := a.Store.Apps(r.Context(), r.Caller.Account)
	if err != nil {
		return err
	}
	apps = slices.DeleteFunc(apps, func(app reeve.App) bool { return !strings.Contains(strings.ToLower(app.Name), search) })
	slices.SortStableFunc(apps, func(a, b reeve.App) int {
		if descending {
			a, b = b, a
		}
		return order(a, b)
	})
	return whole(w, apps, shapeApp)
}

// createApp makes an app. Its secret is in this answer and nowhere else.
func (a *api) createApp(w http.ResponseWriter, r *door.Request) error {
	var want client.NewApp
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	app, secret, err := a.Rules.CreateApp(r.Context(), r.Caller, reeve.App{
		Name: want.Name, Description: want.Description, RedirectURIs: want.RedirectURIs,
		Scopes: scopesOf(want.Scopes), CLI: want.CLI, RequestsPerMinute: want.RequestsPerMinute,
	})
	if err != nil {
		return err
	}
	return withSecret(w, http.StatusCreated, app, secret)
}

func withSecret(w http.ResponseWriter, status int, app reeve.App, secret string) error {
	out := shapeApp(app)
	out.ClientSecret = secret
	return door.Write(w, status, out)
}

func (a *api) changeApp(w http.ResponseWriter, r *door.Request) error {
	var want client.AppChange
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	app, err := a.Rules.ChangeApp(r.Context(), r.Caller, r.PathValue("id"), control.AppChange{
		Name: want.Name, Description: want.Description, RedirectURIs: want.RedirectURIs,
		Scopes: changedScopes(want.Scopes), RequestsPerMinute: want.RequestsPerMinute,
	})
	if err != nil {
		return named(err, "app")
	}
	return door.Write(w, http.StatusOK, shapeApp(app))
}

func (a *api) renewSecret(w http.ResponseWriter, r *door.Request) error {
	app, secret, err := a.Rules.RenewSecret(r.Context(), r.Caller, r.PathValue("id"))
	if err != nil {
		return named(err, "app")
	}
	return withSecret(w, http.StatusOK, app, secret)
}

func (a *api) revokeApp(w http.ResponseWriter, r *door.Request) error {
	return gone(w, named(a.Rules.RevokeApp(r.Context(), r.Caller, r.PathValue("id")), "app"))
}
