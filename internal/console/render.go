package console

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

//go:embed templates
var templateFiles embed.FS

// A shelf holds every template in every language.
type shelf struct {
	words map[string]*words
	pages map[string]map[string]*template.Template // by language and name
}

// openShelf parses all templates; one that does not parse stops the program.
func openShelf(a *assets) *shelf {
	s := &shelf{words: openWords(), pages: map[string]map[string]*template.Template{}}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err)
	}
	for language, words := range s.words {
		frame := template.Must(template.New("layout.html").Funcs(funcs(words, a)).
			ParseFS(templateFiles, "templates/layout.html", "templates/parts*.html"))
		s.pages[language] = map[string]*template.Template{}
		for _, name := range names {
			short := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
			if short == "layout" || strings.HasPrefix(short, "parts") {
				continue
			}
			one := template.Must(template.Must(frame.Clone()).ParseFS(templateFiles, name))
			s.pages[language][short] = one
		}
	}
	return s
}

// A page is what a handler shows.
type page struct {
	name  string // of its template, which defines "main"
	title string // in the catalogue
	args  []any  // of the title
	data  any    // what "main" gets as .Page
	bare  bool   // without the frame of who has signed in
}

// again shows a form once more, with what was wrong with it. Faults that are not
// the person's end the matter instead.
func again(p *page, err error) (*page, error) {
	switch reeve.KindOf(err) {
	case reeve.Invalid, reeve.Conflict, reeve.Denied, reeve.TooLarge, reeve.Forbidden, reeve.Limited, reeve.Unapproved:
		return nil, &shownAgain{p, err}
	}
	return nil, err
}

// shownAgain is an error with the form that shows it.
type shownAgain struct {
	page *page
	err  error
}

func (e *shownAgain) Error() string { return e.err.Error() }
func (e *shownAgain) Unwrap() error { return e.err }

// A frame is what the layout gets: the page, and who looks at it.
type frame struct {
	Title    string
	Page     any
	Path     string // of this page, from Prefix on; empty where it cannot be opened again
	Section  string // its first segment: which entry of the menu is lit
	Caller   reeve.Caller
	Account  reeve.Account
	Theme    string
	Language string
	Said     string // what became of the change before
	Fault    string
	Bare     bool
}

// May reports whether the person may do what needs the scope, anywhere at all.
func (f frame) May(scope reeve.Scope) bool {
	_, err := control.AllowSome(f.Caller, scope)
	return err == nil
}

// MayAll reports whether the person may do it in the whole account.
func (f frame) MayAll(scope reeve.Scope) bool { return control.Allow(f.Caller, scope) == nil }

// show writes a page.
func (v *visit) show(status int, p *page, fault string) error {
	f := frame{
		Title: v.words.say(p.title, p.args...), Page: p.data, Path: v.address(), Section: v.section(), Caller: v.Caller, Account: v.Account,
		Theme: v.look.Theme, Language: v.look.Language, Said: v.said(), Fault: fault, Bare: p.bare || v.Caller.Account == 0,
	}
	return v.write(status, p.name, "layout.html", f)
}

// section returns the first part of the path behind Prefix, such as devices.
func (v *visit) section() string {
	section, _, _ := strings.Cut(strings.TrimPrefix(v.URL.Path, Prefix), "/")
	return section
}

// address returns where this page can be opened again, from Prefix on: empty for
// the answer to a form, which is there once.
func (v *visit) address() string {
	if v.Method != http.MethodGet && v.Method != http.MethodHead {
		return ""
	}
	return strings.TrimPrefix(v.URL.RequestURI(), Prefix)
}

// part writes one template of a page's file without the layout, for what
// scripts load into a page. Who opens it by itself gets a page around it.
func (v *visit) part(name, define string, data any) (*page, error) {
	if !v.opened() {
		return nil, v.write(http.StatusOK, name, define, data)
	}
	inner, err := v.fill(name, define, data)
	if err != nil {
		return nil, err
	}
	return &page{name: "part", title: v.section() + ".title", data: partPage{template.HTML(inner), v.cameFrom()}}, nil
}

// A partPage is a part of a page by itself, with the way back.
type partPage struct {
	Part template.HTML
	Back string
}

// opened reports whether a person opens the address, and no script loads it.
func (v *visit) opened() bool {
	if dest := v.Header.Get("Sec-Fetch-Dest"); dest != "" { // browsers say so where the server speaks TLS
		return dest == "document"
	}
	return strings.HasPrefix(v.Header.Get("Accept"), "text/html,")
}

// cameFrom returns the page of the console that led here, from Prefix on.
func (v *visit) cameFrom() string {
	if from, err := url.Parse(v.Referer()); err == nil && from.Host == v.Host && strings.HasPrefix(from.Path, Prefix) {
		return strings.TrimPrefix(from.RequestURI(), Prefix)
	}
	return "overview"
}

func (v *visit) write(status int, name, define string, data any) error {
	out, err := v.render(name, define, data)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return pack(v.w, v.Request.Request, status, out)
}

// render fills in one template of a page's file.
func (v *visit) render(name, define string, data any) ([]byte, error) {
	out, err := v.fill(name, define, data)
	return label(out), err
}

func (v *visit) fill(name, define string, data any) ([]byte, error) {
	var out bytes.Buffer
	err := v.c.shelf.pages[v.look.Language][name].ExecuteTemplate(&out, define, data)
	return out.Bytes(), err
}

// refuse answers errors: without a session with the way to sign in, else with a
// page that says what happened.
func (c *console) refuse(w http.ResponseWriter, r *door.Request, f door.Failure) {
	secure(w)
	v := c.visit(w, r)
	if form, ok := errors.AsType[*shownAgain](f.Err); ok {
		if err := v.show(f.Status, form.page, v.words.fault(f.Err)); err != nil {
			panic(err) // the template does not fit its data
		}
		return
	}
	if f.Status == http.StatusUnauthorized && r.Caller.Account == 0 && !strings.HasPrefix(r.URL.Path, Prefix+"sign-in") {
		if r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Dest") != "empty" { // a page, not what a script loads
			v.goTo("sign-in?next=" + template.URLQueryEscaper(v.address()))
			return
		}
	}
	fault := faultPage{Status: f.Status, Message: v.words.fault(f.Err), RequestID: f.RequestID}
	fault.SignIn = f.Status == http.StatusUnauthorized && r.Method == http.MethodPost
	if err := v.show(f.Status, &page{name: "fault", title: "fault.title", data: fault}, ""); err != nil {
		panic(err) // the template does not fit its data
	}
}

type faultPage struct {
	Status    int
	Message   string
	RequestID string
	SignIn    bool // a form was sent after the session had ended
}
