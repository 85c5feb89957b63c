package doortest

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"reeve"
)

// A Visitor is a person with a browser: it keeps cookies, and says where its
// forms come from as browsers do.
type Visitor struct {
	house   *House
	cookies map[string]string
}

// Visitor returns somebody who has not signed in.
func (h *House) Visitor() *Visitor { return &Visitor{h, map[string]string{}} }

// Operator returns an operator of the first account, made on the spot with these
// roles, who has signed in.
func (h *House) Operator(spec reeve.Operator) *Visitor {
	h.t.Helper()
	_, password, err := h.Rules.CreateOperator(h.t.Context(), h.Admin(), spec, "")
	must(h.t, err)
	return h.SignIn(spec.Name, password)
}

// SignIn returns who signed in with this name and password.
func (h *House) SignIn(name, password string) *Visitor {
	h.t.Helper()
	v := h.Visitor()
	if got := v.Post("/console/sign-in", url.Values{"name": {name}, "password": {password}}); got.Code != http.StatusSeeOther {
		h.t.Fatalf("%s cannot sign in: %d %s", name, got.Code, got.Body)
	}
	return v
}

// Get asks for a page; headers are "Name: value".
func (v *Visitor) Get(target string, headers ...string) *httptest.ResponseRecorder {
	return v.ask(httptest.NewRequest("GET", target, nil), headers)
}

// Post sends a form of one of our own pages.
func (v *Visitor) Post(target string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.ask(r, headers)
}

// Send sends JSON, as a script of one of our own pages does.
func (v *Visitor) Send(target string, body any, headers ...string) *httptest.ResponseRecorder {
	v.house.t.Helper()
	text, err := json.Marshal(body)
	must(v.house.t, err)
	r := httptest.NewRequest("POST", target, bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.ask(r, headers)
}

// Upload sends a form with files, which have their names as keys.
func (v *Visitor) Upload(target string, form url.Values, files map[string]string) *httptest.ResponseRecorder {
	v.house.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		for _, value := range values {
			must(v.house.t, w.WriteField(name, value))
		}
	}
	for name, content := range files {
		part, err := w.CreateFormFile("files", name)
		must(v.house.t, err)
		_, err = part.Write([]byte(content))
		must(v.house.t, err)
	}
	must(v.house.t, w.Close())
	r := httptest.NewRequest("POST", target, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return v.ask(r, nil)
}

// Follow asks for a stream and returns what it told until its end. It calls begun
// as soon as the stream says something.
func (v *Visitor) Follow(target string, begun func(), headers ...string) *httptest.ResponseRecorder {
	w := &listener{ResponseRecorder: httptest.NewRecorder(), begun: sync.OnceFunc(begun)}
	v.serve(w, httptest.NewRequest("GET", target, nil), headers)
	return w.ResponseRecorder
}

type listener struct {
	*httptest.ResponseRecorder
	begun func()
}

func (l *listener) Write(part []byte) (int, error) {
	defer l.begun()
	return l.ResponseRecorder.Write(part)
}

func (v *Visitor) ask(r *http.Request, headers []string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	v.serve(w, r, headers)
	for _, cookie := range w.Result().Cookies() {
		if cookie.MaxAge < 0 {
			delete(v.cookies, cookie.Name)
		} else {
			v.cookies[cookie.Name] = cookie.Value
		}
	}
	return w
}

func (v *Visitor) serve(w http.ResponseWriter, r *http.Request, headers []string) {
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	v.house.Handler.ServeHTTP(w, r)
}
