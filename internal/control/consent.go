package control

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"reeve"
)

// How long the secrets of a grant are good.
const (
	formLife    = 10 * time.Minute
	grantLife   = 5 * time.Minute // of a code
	refreshLife = 30 * 24 * time.Hour
)

// handleLength is how much of a grant's secrets stays the same.
const handleLength = secretLength / 2

// From is where a request without an access token came from, for the log.
type From struct {
	Address   string // without port
	RequestID string
	Browser   string // what it says of itself, for the list of sessions
}

// An Ask is what an app asks of an operator, as the operator's browser brings it.
type Ask struct {
	ClientID    string
	RedirectURI string
	Challenge   string       // S256 code challenge of RFC 7636; empty without
	Scopes      reeve.Scopes // empty for all that the app has
	Code        string       // of the operator's authenticator app, or a recovery code; empty without
	From        From
}

// Asking returns the app that asks. Until this succeeds nothing may be sent to
// the ask's redirect URI. An unknown app is Denied, a URI that is not one of the
// app's is Invalid.
func (c *Control) Asking(ctx context.Context, ask Ask) (reeve.App, error) {
	app, err := c.store.App(ctx, ask.ClientID)
	switch {
	case reeve.KindOf(err) == reeve.NotFound:
		return reeve.App{}, reeve.Errorf(reeve.Denied, "there is no app with this client_id; check it in the app's settings")
	case err != nil:
		return reeve.App{}, err
	case len(app.RedirectURIs) == 0:
		return reeve.App{}, reeve.Errorf(reeve.Invalid, "this app has no redirect URI, so nobody can be sent back to it; give it one first")
	case !redirectFits(app, ask.RedirectURI):
		return reeve.App{}, reeve.Errorf(reeve.Invalid, "the redirect_uri is not one that is registered with this app")
	}
	return app, nil
}

// An Agreement is what an operator who signed in may agree to.
type Agreement struct {
	App      reeve.App
	Operator string
	Account  string // its name
	Scopes   reeve.Scopes
	// Agreed is whether the operator need not be asked, having agreed before. Then
	// Secret is the code, otherwise what Agree needs.
	Agreed bool
	Secret string
}

// SignIn checks an operator's password, and the code of an operator who has an
// authenticator app, and begins a grant to the app. A wrong one
// is Denied, an operator who cannot agree to anything Forbidden.
func (c *Control) SignIn(ctx context.Context, ask Ask, name, password string) (Agreement, error) {
	app, err := c.Asking(ctx, ask)
	if err != nil {
		return Agreement{}, err
	}
	o, err := c.checkSignIn(ctx, name, password, ask.From)
	if err != nil {
		return Agreement{}, err
	}
	has, err := c.hasFactor(ctx, o.Name)
	if err == nil && has {
		if ask.Code == "" {
			return Agreement{}, reeve.Errorf(reeve.Denied, "this operator has an authenticator app; give its code as well")
		}
		_, err = c.checkCode(ctx, o.Name, ask.Code, ask.From)
	}
	if err != nil {
		return Agreement{}, err
	}
	if o.Account != app.Account {
		return Agreement{}, reeve.Errorf(reeve.Forbidden, "this app belongs to another account; sign in as an operator of that one")
	}
	account, err := c.store.Account(ctx, o.Account)
	if err != nil {
		return Agreement{}, err
	}
	if o.Role == reeve.NoRole {
		return Agreement{}, reeve.Errorf(reeve.Forbidden, "this operator has roles in single groups only, and apps act on the whole account; sign in as one with a role in the account")
	}
	scopes := app.Scopes.And(o.Role.Scopes())
	if len(ask.Scopes) > 0 {
		scopes = scopes.And(ask.Scopes)
	}
	if len(scopes) == 0 {
		return Agreement{}, reeve.Errorf(reeve.Forbidden, "this operator may do nothing of what the app asks for; sign in as one who may")
	}
	before, err := c.store.AgreedScopes(ctx, o.Name, app.ClientID)
	if err != nil {
		return Agreement{}, err
	}
	now := c.now()
	handle := newSecret(handleLength)
	g := reeve.Grant{ClientID: app.ClientID, Operator: o.Name, Scopes: scopes, RedirectURI: ask.RedirectURI,
		Challenge: ask.Challenge, Handle: hashSecret(handle), Begun: now}
	a := Agreement{App: app, Operator: o.Name, Account: account.Name, Scopes: scopes, Agreed: before.HasAll(scopes)}
	var entries []reeve.AuditEntry
	if a.Agreed {
		a.Secret = renew(&g, handle, reeve.Agreed, now.Add(grantLife))
		entries = append(entries, agreedEntry(ask, app, g, now))
	} else {
		a.Secret = renew(&g, handle, reeve.Asking, now.Add(formLife))
	}
	_, err = c.store.AddGrant(ctx, g, entries...)
	return a, err
}

// renew gives a grant its next secret, which it returns.
func renew(g *reeve.Grant, handle string, step reeve.GrantStep, expires time.Time) string {
	secret := handle + newSecret(secretLength-handleLength)
	g.Step, g.Secret, g.Expires = step, hashSecret(secret), expires
	return secret
}

func agreedEntry(ask Ask, app reeve.App, g reeve.Grant, now time.Time) reeve.AuditEntry {
	by := reeve.Caller{Account: app.Account, Source: reeve.FromConsole, Actor: "operator:" + g.Operator, Name: g.Operator,
		Address: ask.From.Address, RequestID: ask.From.RequestID}
	return entry(by, now, "app_authorised", detail("", map[string]any{"client_id": app.ClientID, "name": app.Name,
		"scopes": g.Scopes, "redirect_uri": g.RedirectURI}))
}

// Agree gives the code for a secret of SignIn and the same ask. A secret that was
// used, or is too old, is Invalid.
func (c *Control) Agree(ctx context.Context, ask Ask, secret string) (string, error) {
	app, err := c.Asking(ctx, ask)
	if err != nil {
		return "", err
	}
	over := reeve.Errorf(reeve.Invalid, "this page was used before or is too old; go back to the app and begin again")
	g, err := c.grantWith(ctx, secret)
	if err != nil {
		return "", orElse(err, over)
	}
	now := c.now()
	if g.Step != reeve.Asking || !sameHash(g.Secret, hashSecret(secret)) || !g.Expires.After(now) ||
		g.ClientID != ask.ClientID || g.RedirectURI != ask.RedirectURI || g.Challenge != ask.Challenge {
		return "", over
	}
	code := renew(&g, secret[:handleLength], reeve.Agreed, now.Add(grantLife))
	err = c.store.AdvanceGrant(ctx, hashSecret(secret), g, reeve.Token{}, now, agreedEntry(ask, app, g, now))
	return code, orElse(err, over)
}

// grantWith finds the grant that a secret is or was one of.
func (c *Control) grantWith(ctx context.Context, secret string) (reeve.Grant, error) {
	if len(secret) != secretLength {
		return reeve.Grant{}, reeve.Errorf(reeve.NotFound, "there is no such grant")
	}
	return c.store.Grant(ctx, hashSecret(secret[:handleLength]))
}

// orElse puts other in the place of an error that says that something is gone.
func orElse(err, other error) error {
	if kind := reeve.KindOf(err); err != nil && (kind == reeve.NotFound || kind == reeve.Conflict) {
		return other
	}
	return err
}

// A Redemption is what an app sends for its code.
type Redemption struct {
	Code, RedirectURI, Verifier string // Verifier as in RFC 7636, empty without
	From                        From
}

// Redeem gives an app its tokens for a code. A wrong key or secret is Denied; a
// code that is not good for the app is Invalid, and one that was used before ends
// whatever came of it.
func (c *Control) Redeem(ctx context.Context, clientID, secret string, r Redemption) (Granted, error) {
	app, err := c.client(ctx, clientID, secret)
	if err != nil {
		return Granted{}, err
	}
	g, err := c.spend(ctx, app, r.Code, reeve.Agreed, r.From)
	if err != nil {
		return Granted{}, err
	}
	if g.RedirectURI != r.RedirectURI {
		return Granted{}, reeve.Errorf(reeve.Invalid, "redirect_uri is not the one that the code was sent to")
	}
	sum := sha256.Sum256([]byte(r.Verifier))
	if g.Challenge != "" && !sameHash(g.Challenge, base64.RawURLEncoding.EncodeToString(sum[:])) || g.Challenge == "" && r.Verifier != "" {
		return Granted{}, reeve.Errorf(reeve.Invalid, "code_verifier does not fit the code_challenge that the code was asked for with")
	}
	return c.advance(ctx, app, g, r.Code, r.From)
}

// Refresh gives an app its next tokens for a refresh token, which thereby ends.
// One that has ended ends whatever came of it: either the app or somebody else
// has a copy, and nobody can tell who.
func (c *Control) Refresh(ctx context.Context, clientID, secret, token string, from From) (Granted, error) {
	app, err := c.client(ctx, clientID, secret)
	if err != nil {
		return Granted{}, err
	}
	g, err := c.spend(ctx, app, token, reeve.Refreshing, from)
	if err != nil {
		return Granted{}, err
	}
	return c.advance(ctx, app, g, token, from)
}

var errBadGrant = reeve.Errorf(reeve.Invalid, "the code or refresh token is not valid: it was used before, has expired or belongs to another app; have the operator sign in again")

// spend returns the grant whose secret at this step is the given one. It ends a
// grant whose secret this was before.
func (c *Control) spend(ctx context.Context, app reeve.App, secret string, step reeve.GrantStep, from From) (reeve.Grant, error) {
	g, err := c.grantWith(ctx, secret)
	if err != nil {
		return g, orElse(err, errBadGrant)
	}
	if g.ClientID != app.ClientID {
		return g, errBadGrant
	}
	if !sameHash(g.Secret, hashSecret(secret)) {
		return g, c.endReused(ctx, app, g, from)
	}
	if g.Step != step || !g.Expires.After(c.now()) {
		return g, errBadGrant
	}
	return g, nil
}

// endReused ends a grant of which a secret was used twice.
func (c *Control) endReused(ctx context.Context, app reeve.App, g reeve.Grant, from From) error {
	by := reeve.Caller{Account: app.Account, Source: reeve.FromOAuthAPI, Actor: "app:" + app.ClientID, Name: onBehalf(app, g.Operator),
		Address: from.Address, RequestID: from.RequestID}
	e := entry(by, c.now(), "authorisation_ended", detail("", map[string]any{"client_id": app.ClientID, "operator": g.Operator,
		"why": "a code or refresh token was used twice"}))
	if err := c.store.EndGrant(ctx, g.No, e); err != nil {
		return orElse(err, errBadGrant)
	}
	return errBadGrant
}

// advance spends a grant's secret on fresh tokens.
func (c *Control) advance(ctx context.Context, app reeve.App, g reeve.Grant, secret string, from From) (Granted, error) {
	o, err := c.store.Operator(ctx, g.Operator)
	if err != nil {
		return Granted{}, orElse(err, errBadGrant)
	}
	scopes := app.Scopes.And(g.Scopes).And(o.Role.Scopes())
	if len(scopes) == 0 {
		return Granted{}, reeve.Errorf(reeve.Invalid, "nothing is left of what the operator agreed to; have the operator sign in again")
	}
	now := c.now()
	token, t := c.newToken(app, now)
	// What the token stands for must outlast it.
	next := renew(&g, secret[:handleLength], reeve.Refreshing, now.Add(max(refreshLife, c.opts.TokenLife)))
	err = c.store.AdvanceGrant(ctx, hashSecret(secret), g, t, now)
	if reeve.KindOf(err) == reeve.Conflict {
		return Granted{}, c.endReused(ctx, app, g, from) // somebody else was faster
	}
	if err != nil {
		return Granted{}, orElse(err, errBadGrant)
	}
	app.Scopes = scopes
	return Granted{Token: token, Life: c.opts.TokenLife, Refresh: next, App: app}, nil
}
