package control

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"reeve"
)

// Granted is a fresh access token. The token itself is known to nobody else:
// the store keeps its hash.
type Granted struct {
	Token   string
	Life    time.Duration
	Refresh string    // leads to the next token; empty for an app by itself
	App     reeve.App // with what the token is good for as its scopes
}

var errBadClient = reeve.Errorf(reeve.Denied, "Bad client credentials")

// Grant gives an app a token for its key and secret. A wrong pair is Denied.
func (c *Control) Grant(ctx context.Context, clientID, secret string) (Granted, error) {
	app, err := c.client(ctx, clientID, secret)
	if err != nil {
		return Granted{}, err
	}
	now := c.now()
	token, t := c.newToken(app, now)
	if err := c.store.AddToken(ctx, t, now); err != nil {
		return Granted{}, err
	}
	return Granted{Token: token, Life: c.opts.TokenLife, App: app}, nil
}

// client returns the valid app with this key and secret, else Denied.
func (c *Control) client(ctx context.Context, clientID, secret string) (reeve.App, error) {
	app, err := c.store.App(ctx, clientID)
	if reeve.KindOf(err) == reeve.NotFound || err == nil && !sameHash(app.SecretHash, hashSecret(secret)) {
		return reeve.App{}, errBadClient
	}
	return app, err
}

func (c *Control) newToken(app reeve.App, now time.Time) (string, reeve.Token) {
	token := newSecret(secretLength)
	return token, reeve.Token{Hash: hashSecret(token), App: app, Expires: now.Add(c.opts.TokenLife)}
}

const noToken = "the access token is invalid or expired; get a new one from /o/oauth/token"

// ErrExpired is the Denied error of a token that was valid until its time was
// over. Callers are told the same as of one that never was.
var ErrExpired = reeve.Errorf(reeve.Denied, noToken)

// Authenticate returns the app and account that a token stands for. The app has
// the scopes of the token, and the name of the operator who agreed to it beside
// its own. A token that is not valid is Denied; one that was, and is over, is
// ErrExpired for as long as the store has it.
func (c *Control) Authenticate(ctx context.Context, token string) (reeve.App, reeve.Account, error) {
	denied := reeve.Errorf(reeve.Denied, noToken)
	if len(token) != secretLength {
		return reeve.App{}, reeve.Account{}, denied
	}
	t, err := c.store.Token(ctx, hashSecret(token), c.now())
	if reeve.KindOf(err) == reeve.NotFound {
		if _, err := c.store.Token(ctx, hashSecret(token), time.Time{}); err == nil {
			return reeve.App{}, reeve.Account{}, ErrExpired
		}
		return reeve.App{}, reeve.Account{}, denied
	}
	if err != nil {
		return reeve.App{}, reeve.Account{}, err
	}
	t.App.Scopes = t.Scopes
	if mayAudit(t) {
		t.App.Scopes = append(slices.Clone(t.Scopes), reeve.Audit)
	}
	if t.Operator != "" {
		t.App.Name, t.App.Operator = onBehalf(t.App, t.Operator), t.Operator
	}
	account, err := c.store.Account(ctx, t.App.Account)
	return t.App, account, err
}

// mayAudit decides whether who has a token reads the log: an app by itself that
// may read, and one that acts for an operator as far as he may.
func mayAudit(t reeve.Token) bool {
	return t.Scopes.Has(reeve.Read) && (t.Operator == "" || t.Role.Scopes().Has(reeve.Audit))
}

// onBehalf names an app that does what an operator agreed to.
func onBehalf(app reeve.App, operator string) string { return app.Name + " (" + operator + ")" }

// MaxName is the longest name of an account, app, operator or group in characters.
const MaxName = 64

// checkName returns a name without outer blanks, or says what is wrong with it.
func checkName(what reeve.Word, name string) (string, error) {
	name = strings.TrimSpace(name)
	runes := []rune(name)
	if len(runes) == 0 || len(runes) > MaxName || strings.ContainsFunc(name, unicode.IsControl) {
		return "", reeve.Errorf(reeve.Invalid, "the name of the %s must have 1 to %d printable characters", what, MaxName)
	}
	return name, nil
}
