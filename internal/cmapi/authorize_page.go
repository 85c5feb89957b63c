package cmapi

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/look"
)

var (
	//go:embed authorize.html
	authorizeText string
	authorizeHTML = template.Must(template.New("authorize").Parse(authorizeText))
)

// A form is what the pages of the authorize endpoint show.
type form struct {
	styled
	Title     string
	Fault     string // what was wrong, for people
	RequestID string // with a fault that ends the matter
	Path      string
	App       reeve.App
	Hidden    []parameter // what the app asked, to come back with the form
	Agreement *control.Agreement
	Back      string // where the browser will be sent, without the details

	redirect string
}

// Allowed says in words what a scope lets an app do.
func (form) Allowed(s reeve.Scope) string {
	return map[reeve.Scope]string{
		reeve.Read:  "See devices, groups, jobs, results and the log",
		reeve.Write: "Order actions on devices, change groups, import devices",
		reeve.Admin: "Manage apps, registration codes, operators and settings",
	}[s]
}

type parameter struct{ Name, Value string }

// page prepares a form for what the app asks.
func (q request) page(r *door.Request, title string) form {
	p := form{Title: title, Path: r.URL.Path, App: q.app, redirect: q.RedirectURI}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "state", "scope", "code_challenge", "code_challenge_method"} {
		if q.form.Has(name) {
			p.Hidden = append(p.Hidden, parameter{name, q.form.Get(name)})
		}
	}
	if u, err := url.Parse(q.RedirectURI); err == nil {
		p.Back = u.Scheme + "://" + u.Host
	}
	return p
}

// refuseOnPage answers errors of the authorize endpoint: to the app, with the
// form once more, or on a page of their own.
func (a *api) refuseOnPage(w http.ResponseWriter, r *door.Request, f door.Failure) {
	if back, ok := errors.AsType[*sentBack](f.Err); ok {
		back.sendBack(w, r, url.Values{"error": {back.code}, "error_description": {back.why}})
		return
	}
	p := form{Title: "This does not work", RequestID: f.RequestID}
	if again, ok := errors.AsType[*askedAgain](f.Err); ok {
		p = again.page(r, "Sign in")
	}
	p.Fault = sentence(f.Message)
	if err := writePage(w, f.Status, p); err != nil {
		panic(err) // the template does not fit its data
	}
}

func writePage(w http.ResponseWriter, status int, p form) error {
	var page bytes.Buffer
	if err := authorizeHTML.Execute(&page, p); err != nil {
		return err
	}
	secure(w, p.redirect)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(page.Bytes()) // who has gone away needs no page
	return nil
}

// secure sets what keeps a page from others: nothing runs on it, nobody frames
// it, and its address goes nowhere. Its forms may lead to the redirect URI's
// scheme, since browsers hold every redirect that follows against this, and what
// the app does with the browser is its own matter.
func secure(w http.ResponseWriter, redirect string) {
	scheme, _, _ := strings.Cut(redirect, ":")
	target := "'self'"
	if scheme != "" {
		target += " " + scheme + ":"
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+look.StyleSource+"; form-action "+target+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	// Not no-referrer: with it browsers hide the origin of the form from us, too.
	h.Set("Referrer-Policy", "same-origin")
}
