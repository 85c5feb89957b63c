package console

import (
	"net/http"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

// ReturnPath is where an OpenID provider sends browsers back to.
const ReturnPath = Prefix + "sso/return"

// journeyCookie keeps the state of a browser's way to the provider and back. It
// must come along when another site sends the browser, which the session's does not.
const journeyCookie = "reeve-journey"

func (c *console) ssoRoutes() []door.Route {
	return []door.Route{
		c.open("GET", "sso/begin", "", c.beginJourney),
		credentials(c.open("GET", strings.TrimPrefix(ReturnPath, Prefix), "signed_in", c.finishJourney)),
		c.see("me/link", door.Session, c.beginLink),
		c.change("me/unlink", door.Session, "sso_unlinked", c.unlink),
	}
}

func (c *console) beginJourney(v *visit) (*page, error) {
	j, err := c.Rules.BeginJourney(v.Context())
	if err != nil {
		return nil, err
	}
	return v.travel(j, next(v.URL.Query().Get("next")))
}

func (c *console) beginLink(v *visit) (*page, error) {
	if err := c.proven(v); err != nil {
		return c.ownAgain(v, err)
	}
	j, err := c.Rules.BeginLink(v.Context(), v.Caller)
	if err != nil {
		return nil, err
	}
	return v.travel(j, "me")
}

// travel sends the browser to the provider. It is a link's and not a form's
// work: no form of ours may end at another site.
func (v *visit) travel(j reeve.Journey, after string) (*page, error) {
	v.journey(j.State+"."+encode(after), int(time.Until(j.Until).Seconds()))
	v.w.Header().Set("Location", j.URL)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil, nil
}

func (v *visit) journey(value string, maxAge int) {
	http.SetCookie(v.w, &http.Cookie{Name: journeyCookie, Value: value, Path: Prefix + "sso/", MaxAge: maxAge, HttpOnly: true,
		Secure: v.c.secured(), SameSite: http.SameSiteLaxMode})
}

// An onwardPage goes on by itself: to a page of ours, from a page of ours, so
// that the browser sends the session's cookie, which it keeps from other sites.
type onwardPage struct{ Path string }

func (c *console) finishJourney(v *visit) (*page, error) {
	var state, after string
	if kept, err := v.Cookie(journeyCookie); err == nil {
		state, after, _ = strings.Cut(kept.Value, ".")
		after = decode(after)
	}
	v.journey("", -1)
	q := v.URL.Query()
	o, linked, err := c.Rules.FinishJourney(v.Context(), v.from(), reeve.Arrival{
		State: state, Told: q.Get("state"), Code: q.Get("code"), Failure: q.Get("error"), Issuer: q.Get("iss"),
	})
	if err != nil {
		return again(c.signInForm(signInPage{Next: next(after)}), err)
	}
	if linked {
		err = v.say("me.links.added", c.Rules.ProviderName())
	} else {
		err = c.enter(v, o, "sso")
	}
	if err != nil {
		return nil, err
	}
	onward := onwardPage{Prefix + next(after)}
	v.w.Header().Set("Refresh", "0; url="+onward.Path)
	return &page{name: "onward", title: "signin.onward", data: onward, bare: true}, nil
}

func (c *console) unlink(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	if err := c.Rules.Unlink(v.Context(), v.Caller, v.Caller.Name, v.PostForm.Get("issuer")); err != nil {
		return nil, err
	}
	return v.done("me", "me.links.removed")
}
