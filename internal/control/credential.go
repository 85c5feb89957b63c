package control

import (
	"context"
	"strings"
	"time"
	"unicode"

	"reeve"
)

// Granted is a fresh access token. The token itself is known to nobody else:
// the store keeps its hash.
type Granted struct {
	Token string
	Life  time.Duration
	App   reeve.App
}

var errBadClient = reeve.Errorf(reeve.Denied, "Bad client credentials")

// Grant gives an app a token for its key and secret. A wrong pair is Denied.
func (c *Control) Grant(ctx context.Context, clientID, secret string) (Granted, error) {
	app, err := c.store.App(ctx, clientID)
	if reeve.KindOf(err) == reeve.NotFound {
		return Granted{}, errBadClient
	}
	if err != nil {
		return Granted{}, err
	}
	if !sameHash(app.SecretHash, hashSecret(secret)) {
		return Granted{}, errBadClient
	}
	now := c.now()
	g := Granted{Token: newSecret(secretLength), Life: c.opts.TokenLife, App: app}
	t := reeve.Token{Hash: hashSecret(g.Token), App: app, Expires: now.Add(g.Life)}
	if err := c.store.AddToken(ctx, t, now); err != nil {
		return Granted{}, err
	}
	return g, nil
}

// Authenticate returns the app and account that a token stands for. A token
// that is not valid is Denied.
func (c *Control) Authenticate(ctx context.Context, token string) (reeve.App, reeve.Account, error) {
	denied := reeve.Errorf(reeve.Denied, "the access token is invalid or expired; get a new one from /o/oauth/token")
	if len(token) != secretLength {
		return reeve.App{}, reeve.Account{}, denied
	}
	t, err := c.store.Token(ctx, hashSecret(token), c.now())
	if reeve.KindOf(err) == reeve.NotFound {
		return reeve.App{}, reeve.Account{}, denied
	}
	if err != nil {
		return reeve.App{}, reeve.Account{}, err
	}
	account, err := c.store.Account(ctx, t.App.Account)
	return t.App, account, err
}

// CreateApp makes an app of the caller's account and returns its secret, which
// is shown only now. Its scopes may not exceed the caller's.
func (c *Control) CreateApp(ctx context.Context, caller reeve.Caller, name string, scopes reeve.Scopes, cli bool, perMinute int64) (reeve.App, string, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return reeve.App{}, "", err
	}
	name, err := checkName("app", name)
	if err != nil {
		return reeve.App{}, "", err
	}
	if len(scopes) == 0 {
		return reeve.App{}, "", reeve.Errorf(reeve.Invalid, "an app needs at least one of the scopes read, write and admin")
	}
	for _, s := range scopes {
		if !everyScope.Has(s) {
			return reeve.App{}, "", reeve.Errorf(reeve.Invalid, "%q is not a scope; choose from read, write and admin", s)
		}
		if err := Allow(caller, s); err != nil {
			return reeve.App{}, "", err
		}
	}
	if perMinute != 0 { // a limit of its own could undo the account's
		if err := c.allowServer(ctx, caller); err != nil {
			return reeve.App{}, "", err
		}
	}
	app, secret := newApp(name, scopes, c.now())
	app.Account, app.CLI, app.RequestsPerMinute = caller.Account, cli, perMinute
	e := entry(caller, app.Created, "app_created", detail("", map[string]any{"client_id": app.ClientID, "name": name, "scopes": scopes, "cli": cli}))
	if err := c.store.AddApp(ctx, app, e); err != nil {
		return reeve.App{}, "", err
	}
	return app, secret, nil
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

var everyScope = reeve.Scopes{reeve.Read, reeve.Write, reeve.Admin}

func newApp(name string, scopes reeve.Scopes, now time.Time) (reeve.App, string) {
	secret := newSecret(secretLength)
	sorted := make(reeve.Scopes, 0, len(everyScope))
	for _, s := range everyScope {
		if scopes.Has(s) {
			sorted = append(sorted, s)
		}
	}
	return reeve.App{ClientID: newSecret(secretLength), SecretHash: hashSecret(secret), Name: name, Scopes: sorted, Created: now}, secret
}

// MaxName is the longest name of an account, app or group in characters.
const MaxName = 64

// checkName returns a name without outer blanks, or says what is wrong with it.
func checkName(what, name string) (string, error) {
	name = strings.TrimSpace(name)
	runes := []rune(name)
	if len(runes) == 0 || len(runes) > MaxName || strings.ContainsFunc(name, unicode.IsControl) {
		return "", reeve.Errorf(reeve.Invalid, "the name of the %s must have 1 to %d printable characters", what, MaxName)
	}
	return name, nil
}
