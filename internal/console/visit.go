package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

// A visit is one request of a person, with what the person chose to see it in.
type visit struct {
	*door.Request
	c     *console
	w     http.ResponseWriter
	look  look
	words *words
	view  *control.View // what the person may see; nil without a session

	groups map[string]string // names of those that the page has asked for, by id
}

// A look is how a person wants pages: kept in a cookie, since it is the
// browser's matter, also before anybody has signed in.
type look struct {
	Theme    string // "light", "dark" or "" for what the system says
	Language string // of the catalogue
}

const (
	lookCookie = "reeve-look"
	saidCookie = "reeve-said"
)

func (c *console) visit(w http.ResponseWriter, r *door.Request) *visit {
	v := &visit{Request: r, c: c, w: w}
	if kept, err := r.Cookie(lookCookie); err == nil {
		v.look.Theme, v.look.Language, _ = strings.Cut(kept.Value, ".")
	}
	if v.look.Theme != "light" && v.look.Theme != "dark" {
		v.look.Theme = ""
	}
	if c.shelf.words[v.look.Language] == nil {
		v.look.Language = preferred(r.Header.Get("Accept-Language"))
	}
	v.words = c.shelf.words[v.look.Language]
	return v
}

// keep sets a cookie that scripts cannot read and other sites cannot send.
func (v *visit) keep(name, value string, maxAge int) {
	http.SetCookie(v.w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: v.c.secured(), SameSite: http.SameSiteStrictMode})
}

// secured reports whether browsers reach the server over TLS.
func (c *console) secured() bool { return strings.HasPrefix(c.Public, "https:") }

// A note is what the next page says of the change before it.
type note struct {
	Key  string
	Args []any
}

// say leaves a word of the catalogue for the page that follows.
func (v *visit) say(key string, args ...any) error {
	encoded, err := json.Marshal(note{key, args})
	if err == nil {
		v.keep(saidCookie, encode(string(encoded)), 60)
	}
	return err
}

// encode makes any text fit a cookie, and decode reads it again; what cannot be
// read is empty.
func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decode(value string) string {
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// done sends the browser on after a change, with a word of the catalogue on the
// page that follows.
func (v *visit) done(path, key string, args ...any) (*page, error) {
	if err := v.say(key, args...); err != nil {
		return nil, err
	}
	return v.goTo(path)
}

// goTo sends the browser to a path of the console, which is given from Prefix on.
func (v *visit) goTo(path string) (*page, error) {
	v.w.Header().Set("Location", Prefix+path)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil, nil
}

// said returns what the change before this page left, once.
func (v *visit) said() string {
	kept, err := v.Cookie(saidCookie)
	if err != nil {
		return ""
	}
	v.keep(saidCookie, "", -1)
	var n note
	if json.Unmarshal([]byte(decode(kept.Value)), &n) != nil || !v.words.has(n.Key) {
		return ""
	}
	return v.words.say(n.Key, n.Args...)
}

// form reads the fields of a posted form.
func (v *visit) form() error {
	v.Body = http.MaxBytesReader(v.w, v.Body, maxForm)
	if err := v.ParseForm(); err != nil {
		return reeve.Errorf(reeve.Invalid, "the form could not be read; go back and send it again").Because(err)
	}
	return nil
}

// maxForm is the largest form in bytes: some thousand selected devices.
const maxForm = 1 << 20
