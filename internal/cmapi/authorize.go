package cmapi

import (
	"net/http"
	"net/url"
	"regexp"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

// authorizePaths are both spellings, like those of the token endpoint.
var authorizePaths = []string{"/o/oauth/authorize", "/o/oauth2/authorize"}

func (a *api) authorizeRoutes() []door.Route {
	var routes []door.Route
	for _, path := range authorizePaths {
		routes = append(routes,
			door.Route{Method: "GET", Path: path, Credentials: true, Counter: "sign-in", Serve: a.askToSignIn, Refuse: a.refuseOnPage, Page: authorizePage("GET")},
			door.Route{Method: "POST", Path: path, Verb: "app_authorised", Credentials: true, Counter: "sign-in", Serve: a.readForm, Refuse: a.refuseOnPage, Page: authorizePage("POST")})
	}
	return routes
}

func authorizePage(method string) *door.Page {
	page := &door.Page{
		Family: "Authorize", Source: "1.1. Authentication of the manual of 2018",
		About: "Asks an operator, on a page, to sign in and to let an app act for him, and sends his browser back to the app with a code for the token endpoint.",
		Inputs: []door.Field{
			{Name: "client_id", In: "query", Type: "string", About: "client key of the app"},
			{Name: "redirect_uri", In: "query", Type: "string", About: "where to send the browser back to: one of the app's redirect URIs, to the letter; of a loopback one the port may differ"},
			{Name: "response_type", In: "query", Type: "string", About: "code"},
			{Name: "state", In: "query", Type: "string", About: "comes back as it is", Ours: true},
			{Name: "scope", In: "query", Type: "string", About: "less than what the app has, such as read; default all of it", Ours: true},
			{Name: "code_challenge", In: "query", Type: "string", About: "as in RFC 7636; the token endpoint then needs its code_verifier", Ours: true},
			{Name: "code_challenge_method", In: "query", Type: "string", About: "S256, the only one", Ours: true},
		},
		Answer: door.None,
		Codes: map[int]string{
			302: "back to redirect_uri with error and state: invalid_request, unsupported_response_type, invalid_scope",
			400: "the app is unknown, or the redirect URI is not its own: this is told on the page and never sent on",
			429: "too many failures from this address",
		},
		Notes: []string{
			"The answers are pages of HTML, without scripts and cookies.",
			"Operators sign in with name and password each time. They are asked once for each app, and again when it wants more; revoking the app or a new password of the operator ends what was agreed.",
			"A token is good for what app, operator and agreement have in common at the moment of its use.",
			"An app gets its redirect URIs by reeve apps create or POST /api/v1/apps.",
		},
	}
	if method == "POST" {
		page.About = "Takes the two forms of that page: name and password, then whether the operator agrees."
		inputs := make([]door.Field, len(page.Inputs))
		for i, f := range page.Inputs {
			f.In = "form"
			inputs[i] = f
		}
		page.Inputs = append(inputs,
			door.Field{Name: "name", In: "form", Type: "string", About: "of the operator", Ours: true},
			door.Field{Name: "password", In: "form", Type: "string", About: "of the operator", Ours: true},
			door.Field{Name: "code", In: "form", Type: "string", About: "of the operator's authenticator app, if there is one, or a recovery code", Ours: true},
			door.Field{Name: "agreement", In: "form", Type: "string", About: "what the page that asks was given, good for 10 minutes and for one use", Ours: true},
			door.Field{Name: "decision", In: "form", Type: "string", About: "allow or deny", Ours: true})
		page.Codes = map[int]string{
			303: "back to redirect_uri with code and state, or with error=access_denied",
			400: "as before; or the page was used already",
			401: "a wrong name or password; the page asks again",
			403: "an operator who may not agree to this; or a form of another site",
			429: "too many failures from this address",
		}
	}
	return page
}

// A request is what an app asks, once it is known where its answer may go.
type request struct {
	control.Ask
	app   reeve.App
	state string
	form  url.Values
}

// A sentBack is an error that the app is told, not the person.
type sentBack struct {
	request
	code, why string
}

func (e *sentBack) Error() string { return e.code + ": " + e.why }

// Unwrap says that the app is at fault, or the operator's will, never the server.
func (e *sentBack) Unwrap() error { return reeve.Errorf(reeve.Invalid, "%s", e.why) }

// An askedAgain is an error that the sign-in form shows.
type askedAgain struct {
	request
	err error
}

func (e *askedAgain) Error() string { return e.err.Error() }
func (e *askedAgain) Unwrap() error { return e.err }

// challengePattern is the form of an S256 code challenge.
var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// readRequest reads what an app asks. Faults that come before it is known that
// the redirect URI is the app's are for the page, all others for the app.
func (a *api) readRequest(w http.ResponseWriter, r *door.Request) (request, error) {
	form, err := tokenForm(w, r)
	if err != nil {
		return request{}, err
	}
	q := request{form: form, state: form.Get("state"), Ask: control.Ask{
		ClientID: form.Get("client_id"), RedirectURI: form.Get("redirect_uri"), Challenge: form.Get("code_challenge"), From: fromOf(r),
	}}
	q.app, err = a.Rules.Asking(r.Context(), q.Ask)
	if reeve.KindOf(err) == reeve.Denied {
		err = door.Refuse(reeve.Denied, http.StatusBadRequest, "invalid_client", "%s", reeve.Message(err))
	}
	if err != nil {
		return q, err
	}
	q.Scopes, err = readScopes(form.Get("scope"))
	method := form.Get("code_challenge_method")
	switch {
	case form.Get("response_type") == "":
		return q, &sentBack{q, "invalid_request", "response_type is missing; send response_type=code"}
	case form.Get("response_type") != "code":
		return q, &sentBack{q, "unsupported_response_type", "the only response_type is code"}
	case err != nil:
		return q, &sentBack{q, "invalid_scope", "the scopes are read, write and admin"}
	case len(q.Scopes) > 0 && len(q.app.Scopes.And(q.Scopes)) == 0:
		return q, &sentBack{q, "invalid_scope", "the app has none of these scopes"}
	case method != "" && method != "S256" || method == "" && q.Challenge != "":
		return q, &sentBack{q, "invalid_request", "the only code_challenge_method is S256"}
	case method != "" && !challengePattern.MatchString(q.Challenge):
		return q, &sentBack{q, "invalid_request", "code_challenge must be the SHA-256 of the verifier in base64url, 43 characters"}
	}
	return q, nil
}

// askToSignIn shows the sign-in form.
func (a *api) askToSignIn(w http.ResponseWriter, r *door.Request) error {
	q, err := a.readRequest(w, r)
	if err != nil {
		return err
	}
	return writePage(w, http.StatusOK, q.page(r, "Sign in"))
}

// forgery refuses forms that pages of other sites send. The forms themselves
// hold nothing that only our pages could know before the operator signs in.
var forgery = http.NewCrossOriginProtection()

// readForm takes the sign-in form, and the one that asks whether the operator
// agrees.
func (a *api) readForm(w http.ResponseWriter, r *door.Request) error {
	if err := forgery.Check(r.Request); err != nil {
		return door.Refuse(reeve.Forbidden, http.StatusForbidden, "cross_origin",
			"this form was sent by another site; go back to the app and begin again")
	}
	q, err := a.readRequest(w, r)
	if err != nil {
		return err
	}
	switch r.PostForm.Get("decision") {
	case "":
		return a.signIn(w, r, q)
	case "allow":
		code, err := a.Rules.Agree(r.Context(), q.Ask, r.PostForm.Get("agreement"))
		if err != nil {
			return err
		}
		q.sendBack(w, r, url.Values{"code": {code}})
		return nil
	default:
		return &sentBack{q, "access_denied", "the operator did not agree"}
	}
}

func (a *api) signIn(w http.ResponseWriter, r *door.Request, q request) error {
	q.Code = r.PostForm.Get("code")
	agreement, err := a.Rules.SignIn(r.Context(), q.Ask, r.PostForm.Get("name"), r.PostForm.Get("password"))
	switch kind := reeve.KindOf(err); {
	case err != nil && (kind == reeve.Denied || kind == reeve.Forbidden):
		return &askedAgain{q, err}
	case err != nil:
		return err
	case agreement.Agreed:
		q.sendBack(w, r, url.Values{"code": {agreement.Secret}})
		return nil
	}
	p := q.page(r, "Allow access?")
	p.Agreement = &agreement
	return writePage(w, http.StatusOK, p)
}

// sendBack sends the browser to the app.
func (q request) sendBack(w http.ResponseWriter, r *door.Request, answer url.Values) {
	u, err := url.Parse(q.RedirectURI)
	if err != nil { // it was parsed when it was registered
		panic(err)
	}
	query := u.Query() // what the app registered stays
	for name, values := range answer {
		query[name] = values
	}
	if q.form.Has("state") {
		query.Set("state", q.state)
	}
	u.RawQuery = query.Encode()
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther // the password must not follow
	}
	secure(w, q.RedirectURI)
	w.Header().Set("Location", u.String())
	w.WriteHeader(status)
}
