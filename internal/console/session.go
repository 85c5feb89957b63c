package console

import (
	"cmp"
	"net/url"
	"strings"

	"reeve"
	"reeve/internal/door"
)

// sessionCookie is the name of the cookie that holds a session's secret. Browsers
// take a name with this prefix only from the very server, over TLS.
func (c *console) sessionCookie() string {
	if c.secured() {
		return "__Host-reeve"
	}
	return "reeve"
}

// signedIn finds whose session a request belongs to.
func (c *console) signedIn(r *door.Request) (reeve.Caller, reeve.Account, error) {
	kept, err := r.Cookie(c.sessionCookie())
	if err != nil {
		return reeve.Caller{}, reeve.Account{}, reeve.Errorf(reeve.Denied, "sign in to see this page")
	}
	return c.session(r, kept.Value)
}

func (c *console) signInRoutes() []door.Route {
	return []door.Route{
		credentials(c.open("GET", "sign-in", "", c.askToSignIn)),
		credentials(c.open("POST", "sign-in", "signed_in", c.signIn)),
		credentials(c.open("POST", "sign-in/code", "signed_in", c.enterCode)),
		credentials(c.open("GET", "first/{secret}", "", c.first)),
		credentials(c.open("POST", "first/{secret}", "operator_changed", c.choosePassword)),
		c.open("POST", "look", "", c.setLook),
		c.change("sign-out", door.Session, "signed_out", c.signOut),
	}
}

// credentials marks a route whose handler checks a secret: wrong ones count
// against the address that they come from.
func credentials(r door.Route) door.Route {
	r.Credentials, r.Counter = true, "sign-in"
	return r
}

// A signInPage is the form for name and password, and the other ways in.
type signInPage struct {
	Name, Next string
	Passkeys   bool   // whether the server offers them
	Provider   string // what people call it; empty without one
}

func (c *console) askToSignIn(v *visit) (*page, error) {
	return c.signInForm(signInPage{Next: v.URL.Query().Get("next")}), nil
}

func (c *console) signInForm(p signInPage) *page {
	p.Passkeys, p.Provider = c.Rules.PasskeysOffered() == nil, c.Rules.ProviderName()
	return &page{name: "sign_in", title: "signin.title", data: p, bare: true}
}

// next returns where to go after signing in: a path of the console, whatever
// the address says.
func next(wanted string) string {
	u, err := url.Parse(wanted)
	if err != nil || u.IsAbs() || u.Host != "" || strings.HasPrefix(wanted, "/") || strings.Contains(wanted, "\\") {
		return "overview"
	}
	return cmp.Or(wanted, "overview")
}

// setLook keeps which theme and language a person wants.
func (c *console) setLook(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	chosen := v.look
	if v.Form.Has("theme") {
		chosen.Theme = v.Form.Get("theme")
	}
	if v.Form.Has("language") {
		chosen.Language = v.Form.Get("language")
	}
	if c.shelf.words[chosen.Language] == nil || chosen.Theme != "" && chosen.Theme != "light" && chosen.Theme != "dark" {
		return nil, reeve.Errorf(reeve.Invalid, "there is no such theme or language; choose one of those offered")
	}
	v.keep(lookCookie, chosen.Theme+"."+chosen.Language, 365*24*60*60)
	return v.goTo(next(v.Form.Get("next")))
}
