package control

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"reeve"
)

// everyScope is what an app can have. With read it reads the log as well.
var everyScope = reeve.Scopes{reeve.Read, reeve.Write, reeve.Admin}

// CreateApp makes an app of the caller's account from what spec says of name,
// description, redirect URIs, scopes, CLI and limit. It returns the app's secret,
// which is shown only now. Its scopes may not exceed the caller's.
func (c *Control) CreateApp(ctx context.Context, caller reeve.Caller, spec reeve.App) (reeve.App, string, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return reeve.App{}, "", err
	}
	spec, err := checkApp(caller, spec)
	if err != nil {
		return reeve.App{}, "", err
	}
	if spec.RequestsPerMinute != 0 { // a limit of its own could undo the account's
		if err := c.allowServer(ctx, caller); err != nil {
			return reeve.App{}, "", err
		}
	}
	app, secret := newApp(spec, c.now())
	app.Account, app.CreatedBy = caller.Account, cmp.Or(caller.Name, caller.Actor)
	if err := c.store.AddApp(ctx, app, appEntry(caller, app, "app_created")); err != nil {
		return reeve.App{}, "", err
	}
	return app, secret, nil
}

// newApp gives an app its key and secret.
func newApp(spec reeve.App, now time.Time) (reeve.App, string) {
	secret := newSecret(secretLength)
	spec.ClientID, spec.SecretHash, spec.Created, spec.Modified = newSecret(secretLength), hashSecret(secret), now, now
	return spec, secret
}

// An AppChange is what to change of an app; what is nil stays.
type AppChange struct {
	Name, Description *string
	RedirectURIs      *[]string
	Scopes            *reeve.Scopes
	RequestsPerMinute *int64
}

// ChangeApp changes an app of the caller's account. What it had and what it gets
// may not exceed the caller's scopes: who decides where an app's codes go has
// what they are good for.
func (c *Control) ChangeApp(ctx context.Context, caller reeve.Caller, clientID string, change AppChange) (reeve.App, error) {
	app, err := c.appToChange(ctx, caller, clientID)
	if err != nil {
		return reeve.App{}, err
	}
	had := app
	take(&app.Name, change.Name)
	take(&app.Description, change.Description)
	take(&app.RedirectURIs, change.RedirectURIs)
	take(&app.Scopes, change.Scopes)
	take(&app.RequestsPerMinute, change.RequestsPerMinute)
	if app, err = checkApp(caller, app); err != nil {
		return reeve.App{}, err
	}
	if app.RequestsPerMinute != had.RequestsPerMinute {
		if err := c.allowServer(ctx, caller); err != nil {
			return reeve.App{}, err
		}
	}
	app.Modified = c.now()
	return app, c.store.SetApp(ctx, app, entry(caller, app.Modified, "app_changed", changed(appFacts(app), appFacts(had))))
}

// take stores a new value, if there is one.
func take[T any](into *T, value *T) {
	if value != nil {
		*into = *value
	}
}

// RenewSecret gives an app another secret, which it returns. The old one and all
// access tokens of the app end at once; what operators agreed to stays.
func (c *Control) RenewSecret(ctx context.Context, caller reeve.Caller, clientID string) (reeve.App, string, error) {
	app, err := c.appToChange(ctx, caller, clientID)
	if err != nil {
		return reeve.App{}, "", err
	}
	secret := newSecret(secretLength)
	app.SecretHash, app.Modified = hashSecret(secret), c.now()
	return app, secret, c.store.SetApp(ctx, app, appEntry(caller, app, "app_secret_renewed"))
}

// appToChange returns an app of the caller's account that has no more scopes
// than the caller.
func (c *Control) appToChange(ctx context.Context, caller reeve.Caller, clientID string) (reeve.App, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return reeve.App{}, err
	}
	app, err := c.store.App(ctx, clientID)
	if err == nil && app.Account != caller.Account {
		err = reeve.Errorf(reeve.NotFound, "there is no such app")
	}
	if err == nil {
		err = allowAll(caller, app.Scopes)
	}
	return app, err
}

// RevokeApp ends an app of the caller's account and all its tokens.
func (c *Control) RevokeApp(ctx context.Context, caller reeve.Caller, clientID string) error {
	if err := Allow(caller, reeve.Admin); err != nil {
		return err
	}
	now := c.now()
	return c.store.RevokeApp(ctx, caller.Account, clientID, now,
		entry(caller, now, "app_revoked", detail("", map[string]any{"client_id": clientID})))
}

func appEntry(caller reeve.Caller, app reeve.App, event string) reeve.AuditEntry {
	return entry(caller, app.Modified, event, detail("", appFacts(app)))
}

func appFacts(app reeve.App) map[string]any {
	return map[string]any{"client_id": app.ClientID, "name": app.Name,
		"scopes": app.Scopes, "cli": app.CLI, "redirect_uris": app.RedirectURIs, "requests_per_minute": app.RequestsPerMinute}
}

// checkApp returns an app as it is kept, or says what is wrong with it.
func checkApp(caller reeve.Caller, app reeve.App) (reeve.App, error) {
	var err error
	if app.Name, err = checkName("app", app.Name); err != nil {
		return app, err
	}
	if app.Scopes, err = checkScopes(caller, "an app", app.Scopes); err != nil {
		return app, err
	}
	if tooLong(app.Description) || strings.ContainsRune(app.Description, 0) {
		return app, reeve.Errorf(reeve.Invalid, "the description must be text of at most %d characters", MaxComment)
	}
	if len(app.RedirectURIs) > maxRedirectURIs {
		return app, reeve.Errorf(reeve.Invalid, "an app has at most %d redirect URIs; remove some", maxRedirectURIs)
	}
	for _, uri := range app.RedirectURIs {
		if err := checkRedirect(uri); err != nil {
			return app, err
		}
	}
	return app, nil
}

// checkScopes returns scopes that the caller may give, in their order.
func checkScopes(caller reeve.Caller, whose reeve.Word, scopes reeve.Scopes) (reeve.Scopes, error) {
	if len(scopes) == 0 {
		return nil, reeve.Errorf(reeve.Invalid, "%s needs at least one of the scopes read, write and admin", whose)
	}
	if i := slices.IndexFunc(scopes, func(s reeve.Scope) bool { return !everyScope.Has(s) }); i >= 0 {
		return nil, reeve.Errorf(reeve.Invalid, "%.40q is not a scope; choose from read, write and admin", scopes[i])
	}
	return everyScope.And(scopes), allowAll(caller, scopes)
}

// allowAll decides who may give others these scopes, or change who has them.
func allowAll(caller reeve.Caller, scopes reeve.Scopes) error {
	for _, s := range scopes {
		if err := Allow(caller, s); err != nil {
			return err
		}
	}
	return nil
}
