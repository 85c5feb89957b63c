package window

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"html"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/look"
)

// maxForm is the largest form of answers in bytes.
const maxForm = 128 << 10

// pagePatience is how long one request may take.
const pagePatience = 30 * time.Second

// A page takes the answers on a port of this machine that anybody on it can
// reach. So the address of the page is a secret, and since a browser's arguments
// are no secret on many systems, it opens the page once: what the page sends goes
// to an address that only the page knows.
type page struct {
	fields  []reeve.IdentityField
	host    string // of the address
	replies chan act.Reply
	reopen  chan struct{} // has something when an address was used that was used before
	server  http.Server

	mu     sync.Mutex
	first  string // path that opens the page; empty once it did
	spent  string // the one before
	form   string // path that takes the form; empty before the page was opened
	opened bool
	done   bool
}

func servePage(fields []reeve.IdentityField) (*page, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port of this machine: %w", err)
	}
	p := &page{fields: fields, host: listener.Addr().String(), replies: make(chan act.Reply, 1), reopen: make(chan struct{}, 1)}
	p.server = http.Server{Handler: p, ReadTimeout: pagePatience, WriteTimeout: pagePatience, MaxHeaderBytes: 16 << 10}
	go p.server.Serve(listener) // until close
	return p, nil
}

func newPath() string { return "/" + rand.Text() }

// launch returns an address that opens the page once; those before are over.
func (p *page) launch() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.first = newPath()
	return "http://" + p.host + p.first
}

// seen reports whether the page was opened.
func (p *page) seen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened
}

// close lets the last answer reach its browser.
func (p *page) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p.server.Shutdown(ctx)
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+look.StyleSource+"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	// A site that has its name lead here still sends its own.
	if origin := r.Header.Get("Origin"); r.Host != p.host || origin != "" && origin != "http://"+p.host {
		tell(w, http.StatusForbidden, "This does not work", "This page is only for the browser that it was opened in.")
		return
	}
	p.mu.Lock()
	first, spent, form, done := p.first, p.spent, p.form, p.done
	opens := r.Method == http.MethodGet && same(r.URL.Path, first)
	if opens {
		p.first, p.spent, p.opened = "", first, true
		p.form = newPath() // whoever opened it before has an address that is good for nothing
	}
	p.mu.Unlock()
	switch {
	case done:
		tell(w, http.StatusGone, "Answered", "The question was answered. You can close this page.")
	case opens:
		p.show(w, http.StatusOK, nil, "")
	case same(r.URL.Path, spent):
		select {
		case p.reopen <- struct{}{}:
		default:
		}
		tell(w, http.StatusGone, "Opened before", "This page opens once. You get another notification; click on it to go on.")
	case r.Method == http.MethodPost && same(r.URL.Path, form):
		p.take(w, r)
	default:
		tell(w, http.StatusNotFound, "This does not work", "There is nothing at this address.")
	}
}

// same compares a path with a secret one; no path is the same as none.
func same(path, secret string) bool {
	return secret != "" && subtle.ConstantTimeCompare([]byte(path), []byte(secret)) == 1
}

// take reads the form. What does not fit is asked once more.
func (p *page) take(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.show(w, http.StatusBadRequest, nil, "the form could not be read; send it again")
		return
	}
	if r.PostForm.Get("decision") == "later" {
		p.settle(w, act.Reply{Later: true}, "Not now", "You will be asked again later. You can close this page.")
		return
	}
	answers := map[string]string{}
	for i, f := range p.fields {
		answers[f.Name] = r.PostForm.Get(fmt.Sprint("a", i))
	}
	answers = reeve.TrimAnswers(answers)
	if err := reeve.CheckAnswers(p.fields, answers); err != nil {
		p.show(w, http.StatusBadRequest, answers, "nothing was sent yet: please look at what is marked below")
		return
	}
	p.settle(w, act.Reply{Identity: answers}, "Thank you", "Your answers are on their way. You can close this page.")
}

// settle gives the reply, unless there is one.
func (p *page) settle(w http.ResponseWriter, reply act.Reply, title, text string) {
	p.mu.Lock()
	again := p.done
	p.done = true
	p.mu.Unlock()
	tell(w, http.StatusOK, title, text)
	if !again {
		p.replies <- reply
	}
}

// The pages are written without html/template, whose weight the running agent
// would carry: every text goes through html.EscapeString.

func write(w http.ResponseWriter, status int, title, body string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>%s</style>
</head>
<body>
<main>
<h1>%[1]s</h1>
%[3]s</main>
</body>
</html>
`, html.EscapeString(title), look.Style, body)
}

func tell(w http.ResponseWriter, status int, title, text string) {
	write(w, status, title, "<p>"+html.EscapeString(text)+"</p>\n")
}

func (p *page) show(w http.ResponseWriter, status int, answers map[string]string, fault string) {
	var b strings.Builder
	b.WriteString("<p>Your administrator asks who uses this device.</p>\n")
	if fault != "" {
		fmt.Fprintf(&b, "<p class=\"fault\" role=\"alert\">%s.</p>\n", html.EscapeString(strings.ToUpper(fault[:1])+fault[1:]))
	}
	first := true // among those that are wrong
	p.mu.Lock()
	form := p.form
	p.mu.Unlock()
	fmt.Fprintf(&b, "<form method=\"post\" action=\"%s\">\n", form)
	for i, f := range p.fields {
		wrong := ""
		if err := f.Check(answers[f.Name]); err != nil && answers != nil {
			wrong = reeve.Message(err)
		}
		writeField(&b, fmt.Sprint("a", i), f, answers[f.Name], wrong, first)
		first = first && wrong == ""
	}
	b.WriteString(`<p class="buttons"><button class="first">Send</button> <button name="decision" value="later" formnovalidate>Not now</button></p>
</form>
<p class="quiet">Your answers go to the administrator of this device. This page is on your own machine; the agent sends them on.</p>
`)
	write(w, status, "Who uses this device?", b.String())
}

// writeField writes one question, with the answer before and what is wrong with it.
func writeField(b *strings.Builder, key string, f reeve.IdentityField, answer, wrong string, first bool) {
	state, optional := " required", ""
	if !f.Required {
		state, optional = "", ` <span class="quiet">(may stay empty)</span>`
	}
	if wrong != "" {
		state += fmt.Sprintf(` aria-invalid="true" aria-describedby="%s-fault"`, key)
		if first {
			state += " autofocus"
		}
	}
	fmt.Fprintf(b, "<label>%s%s\n", html.EscapeString(f.Label), optional)
	if f.Type == reeve.Choice {
		fmt.Fprintf(b, "<select name=\"%s\"%s>\n<option value=\"\">Choose</option>\n", key, state)
		for _, c := range f.Choices {
			selected := ""
			if c == answer {
				selected = " selected"
			}
			fmt.Fprintf(b, "<option%s>%s</option>\n", selected, html.EscapeString(c))
		}
		b.WriteString("</select></label>\n")
	} else {
		kind, _ := f.Kind()
		fmt.Fprintf(b, "<input name=\"%s\" type=\"%s\" value=\"%s\" maxlength=\"%d\"%s></label>\n",
			key, kind.Input, html.EscapeString(answer), reeve.MaxAnswer, state)
	}
	if wrong != "" {
		fmt.Fprintf(b, "<p class=\"fault beside\" id=\"%s-fault\">%s.</p>\n", key, html.EscapeString(wrong))
	}
}
