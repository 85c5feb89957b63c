package console

import (
	"strings"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (c *console) appRoutes() []door.Route {
	return []door.Route{
		c.see("apps", reeve.Admin, c.apps),
		c.see("apps/new", reeve.Admin, c.newApp),
		c.change("apps", reeve.Admin, "app_created", c.once(always("apps"), c.createApp)),
		c.see("apps/{id}", reeve.Admin, c.app),
		c.change("apps/{id}", reeve.Admin, "app_changed", c.changeApp),
		c.change("apps/{id}/renew", reeve.Admin, "app_secret_renewed", c.once(func(v *visit) string { return "apps/" + v.PathValue("id") }, c.renewApp)),
		c.change("apps/{id}/revoke", reeve.Admin, "app_revoked", c.revokeApp),
	}
}

// An appsPage lists the apps of the account, those that work first.
type appsPage struct{ Valid, Revoked []reeve.App }

func (c *console) apps(v *visit) (*page, error) {
	apps, err := v.view.Apps(v.Context())
	if err != nil {
		return nil, err
	}
	var shown appsPage
	for i := len(apps) - 1; i >= 0; i-- { // newest first
		if apps[i].Revoked.IsZero() {
			shown.Valid = append(shown.Valid, apps[i])
		} else {
			shown.Revoked = append(shown.Revoked, apps[i])
		}
	}
	return &page{name: "apps", title: "apps.title", data: shown}, nil
}

// An appPage is the form for an app, which need not be there yet.
type appPage struct {
	App      reeve.App // the zero App for a new one
	Filled   filled
	Scopes   reeve.Scopes // that can be chosen
	OfServer bool         // whether this person may give it a limit of its own
}

// appScopes are what an app may be good for.
var appScopes = reeve.Scopes{reeve.Read, reeve.Write, reeve.Admin}

// appForm returns the form with what is kept of an app, or with what was typed.
func (c *console) appForm(v *visit, app reeve.App, typed filled) (*page, error) {
	ofServer, err := v.view.OfServer(v.Context())
	if err != nil {
		return nil, err
	}
	shown := appPage{App: app, Filled: typed, Scopes: appScopes, OfServer: ofServer}
	if typed == nil {
		f := filled{"name": app.Name, "description": app.Description, "redirects": strings.Join(app.RedirectURIs, "\n")}
		for _, scope := range app.Scopes {
			f.tick("scope."+string(scope), true)
		}
		f.put("limit", app.RequestsPerMinute)
		shown.Filled = f
	}
	if app.ClientID == "" {
		return &page{name: "app", title: "apps.new", data: shown}, nil
	}
	return &page{name: "app", title: "apps.one", args: []any{app.Name}, data: shown}, nil
}

func (c *console) newApp(v *visit) (*page, error) {
	return c.appForm(v, reeve.App{Scopes: reeve.Scopes{reeve.Read}}, nil)
}

func (c *console) app(v *visit) (*page, error) {
	app, err := v.view.App(v.Context(), v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return c.appForm(v, app, nil)
}

// A madeAppPage shows a secret, for the only time.
type madeAppPage struct {
	App    reeve.App
	Secret string
	Server string // that the secret is for
}

func (c *console) createApp(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f := v.filled()
	limit, err := f.number("limit", v.words.say("apps.limit"))
	var app reeve.App
	var secret string
	if err == nil {
		app, secret, err = c.Rules.CreateApp(v.Context(), v.Caller, reeve.App{
			Name: f["name"], Description: f["description"], RedirectURIs: f.lines("redirects"), Scopes: chosen(f, "scope", appScopes),
			CLI: f.has("cli"), RequestsPerMinute: limit,
		})
	}
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.appForm(v, reeve.App{}, f) })
	}
	return c.madeApp("apps.made", app, secret)
}

func (c *console) madeApp(title string, app reeve.App, secret string) (*page, error) {
	return &page{name: "app_made", title: title, data: madeAppPage{app, secret, c.Public}}, nil
}

func (c *console) changeApp(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	app, err := v.view.App(v.Context(), v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	f := v.filled()
	name, description, redirects := f["name"], f["description"], f.lines("redirects")
	scopes := reeve.Scopes(chosen(f, "scope", appScopes))
	change := control.AppChange{Name: &name, Description: &description, RedirectURIs: &redirects, Scopes: &scopes}
	if v.PostForm.Has("limit") { // only those have the field who may change it
		var limit int64
		limit, err = f.number("limit", v.words.say("apps.limit"))
		change.RequestsPerMinute = &limit
	}
	if err == nil {
		_, err = c.Rules.ChangeApp(v.Context(), v.Caller, app.ClientID, change)
	}
	if err != nil {
		return formAgain(err, func() (*page, error) { return c.appForm(v, app, f) })
	}
	return v.done("apps/"+app.ClientID, "apps.changed")
}

func (c *console) renewApp(v *visit) (*page, error) {
	app, secret, err := c.Rules.RenewSecret(v.Context(), v.Caller, v.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return c.madeApp("apps.renewed", app, secret)
}

func (c *console) revokeApp(v *visit) (*page, error) {
	if err := c.Rules.RevokeApp(v.Context(), v.Caller, v.PathValue("id")); err != nil {
		return nil, err
	}
	return v.done("apps", "apps.revokedsaid")
}
