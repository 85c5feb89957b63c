package cmapi

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

// tokenPaths are both spellings of the token endpoint that the pages use.
var tokenPaths = []string{"/o/oauth/token", "/o/oauth2/token"}

func (a *api) tokenRoutes() []door.Route {
	var routes []door.Route
	for _, path := range tokenPaths {
		for _, method := range []string{"POST", "GET"} {
			routes = append(routes, door.Route{Method: method, Path: path, Credentials: true, Serve: a.token, Page: tokenPage(method)})
		}
	}
	return routes
}

func tokenPage(method string) *door.Page {
	in := map[string]string{"POST": "form", "GET": "query"}[method]
	input := func(name, about string) door.Field {
		return door.Field{Name: name, In: in, Type: "string", About: about}
	}
	return &door.Page{
		Family: "Token", Source: "How to work with oAuth APIs: Authentication; the older grants: 1.1. Authentication of the manual of 2018",
		About: "Gives an app an access token for its client key and secret, by itself or for an operator who agreed.",
		Inputs: []door.Field{
			input("grant_type", "client_credentials, authorization_code or refresh_token"),
			input("client_id", "client key of the app; or HTTP Basic"),
			input("client_secret", "its secret; or HTTP Basic"),
			input("code", "with authorization_code: the code, good for 5 minutes and for one use"),
			input("redirect_uri", "with authorization_code: where the code was sent"),
			{Name: "code_verifier", In: in, Type: "string", About: "with authorization_code: needed if the code was asked for with a code_challenge, refused if not", Ours: true},
			input("refresh_token", "with refresh_token: the last one, good for 30 days and for one use"),
			{Name: "scope", In: in, Type: "string", Unknown: "a token has what its app may do, or what the operator agreed to; a word that is no scope is refused"},
			{Name: "Authorization", In: "header", Type: "string", About: "HTTP Basic with client key and secret, in the place of the parameters", Ours: true},
		},
		Answer: []door.Field{
			{Name: "access_token", Type: "string", About: "48 of A-Z and 0-9"},
			{Name: "token_type", Type: "string", About: "bearer"},
			{Name: "refresh_token", Type: "string", About: "with authorization_code and refresh_token: the next one"},
			{Name: "expires_in", Type: "int", About: "seconds; 43199 unless the server says otherwise"},
			{Name: "scope", Type: "string", About: "what the token is good for, such as read write: at most what the app has; for an operator also at most what he has and agreed to"},
			{Name: "client_id", Type: "string"},
		},
		Codes: map[int]string{
			400: "invalid_request, unsupported_grant_type, invalid_scope; invalid_grant for a code or refresh token that is not good",
			401: "invalid_client: wrong client key or secret",
			415: "a body that is not a form", 429: "too many failures of this client from this address",
		},
		Notes: []string{
			"Both paths take POST with a form and GET with the query; HEAD is refused, since it would make a token that nobody sees.",
			"Each use of a refresh token gives another one and ends it. One that is used again ends all tokens that came of the same sign-in, since either the app or somebody else has a copy. There is no grace for an answer that was lost: the operator signs in again.",
			"A code that is used again ends the tokens that it gave.",
		},
	}
}

// maxTokenBody is the largest form of a token request in bytes.
const maxTokenBody = 16 << 10

// A grant is one way to a token. What it needs beside the client's credentials
// may not be empty.
type grant struct {
	needs string
	give  func(a *api, r *door.Request, client, secret string, form url.Values) (control.Granted, error)
}

var grants = map[string]grant{
	"client_credentials": {"", func(a *api, r *door.Request, client, secret string, _ url.Values) (control.Granted, error) {
		return a.Rules.Grant(r.Context(), client, secret)
	}},
	"authorization_code": {"code", func(a *api, r *door.Request, client, secret string, form url.Values) (control.Granted, error) {
		return a.Rules.Redeem(r.Context(), client, secret, control.Redemption{
			Code: form.Get("code"), RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"), From: fromOf(r),
		})
	}},
	"refresh_token": {"refresh_token", func(a *api, r *door.Request, client, secret string, form url.Values) (control.Granted, error) {
		return a.Rules.Refresh(r.Context(), client, secret, form.Get("refresh_token"), fromOf(r))
	}},
}

func fromOf(r *door.Request) control.From {
	return control.From{Address: r.Caller.Address, RequestID: r.Caller.RequestID}
}

// token answers a grant.
//
// Source: "How to work with oAuth APIs: Authentication", and for the shape of
// the answer, of which the page's example could not be read, an integrator's
// guide of 2015. The wrong client's answer is ours.
func (a *api) token(w http.ResponseWriter, r *door.Request) error {
	w.Header().Set("Pragma", "no-cache") // for HTTP/1.0 caches, as RFC 6749 asks
	form, err := tokenForm(w, r)
	if err != nil {
		return err
	}
	grant, known := grants[form.Get("grant_type")]
	switch {
	case !form.Has("grant_type"):
		return reeve.Errorf(reeve.Invalid, "grant_type is missing; send grant_type=client_credentials in a form or in the query")
	case !known:
		return door.Refuse(reeve.Invalid, http.StatusBadRequest, "unsupported_grant_type",
			"this grant type is not supported; use client_credentials, authorization_code or refresh_token")
	case grant.needs != "" && form.Get(grant.needs) == "":
		return reeve.Errorf(reeve.Invalid, "%s is missing", grant.needs)
	}
	if _, err := readScopes(form.Get("scope")); err != nil {
		return err
	}
	client, secret, basic, err := clientOf(r, form)
	if err != nil {
		return err
	}
	if err := r.Guard(w, client); err != nil {
		return err
	}
	granted, err := grant.give(a, r, client, secret, form)
	switch kind := reeve.KindOf(err); {
	case err == nil:
	case kind == reeve.Denied:
		if basic {
			w.Header().Set("WWW-Authenticate", `Basic realm="reeve"`)
		}
		return errBadClient
	case kind == reeve.Invalid:
		return door.Refuse(kind, http.StatusBadRequest, "invalid_grant", "%s", reeve.Message(err))
	default:
		return err
	}
	return door.Write(w, http.StatusOK, struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		RefreshToken string `json:"refresh_token,omitempty"`
		ExpiresIn    int64  `json:"expires_in"`
		Scope        string `json:"scope"`
		ClientID     string `json:"client_id"`
	}{
		granted.Token, "bearer", granted.Refresh,
		int64((granted.Life - time.Nanosecond) / time.Second), // whole seconds that are surely left: 43199 of 12 h
		joinScopes(granted.App.Scopes), granted.App.ClientID,
	})
}

func joinScopes(scopes reeve.Scopes) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}

var errBadClient = door.Refuse(reeve.Denied, http.StatusUnauthorized, "invalid_client", "Bad client credentials")

// readScopes reads the words of a scope parameter and refuses those that are none.
func readScopes(wanted string) (reeve.Scopes, error) {
	var scopes reeve.Scopes
	for word := range strings.FieldsSeq(wanted) {
		switch scope := reeve.Scope(word); scope {
		case reeve.Read, reeve.Write, reeve.Admin:
			scopes = append(scopes, scope)
		default:
			return nil, door.Refuse(reeve.Invalid, http.StatusBadRequest, "invalid_scope",
				"there is no scope %.40q; there are %s, %s and %s", word, reeve.Read, reeve.Write, reeve.Admin)
		}
	}
	return scopes, nil
}

// tokenForm gathers the parameters from the query and, with POST, the form. A
// parameter that is given twice is refused, as RFC 6749 asks.
func tokenForm(w http.ResponseWriter, r *door.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxTokenBody)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, reeve.Errorf(reeve.TooLarge, "the form is larger than %d bytes", maxTokenBody)
		}
		return nil, reeve.Errorf(reeve.Invalid, "the form is malformed; encode it as application/x-www-form-urlencoded")
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method == http.MethodPost && r.ContentLength != 0 &&
		kind != "application/x-www-form-urlencoded" {
		return nil, door.Refuse(reeve.Invalid, http.StatusUnsupportedMediaType, "unsupported_media_type",
			"send the parameters as a form, declared as Content-Type: application/x-www-form-urlencoded")
	}
	for name, values := range r.Form {
		for _, v := range values[1:] {
			if v != values[0] {
				return nil, reeve.Errorf(reeve.Invalid, "the parameter %.40q is given twice; send each once", name)
			}
		}
	}
	return r.Form, nil
}

// clientOf returns the client's credentials, and whether they came by HTTP
// Basic. Two ways at once must agree.
func clientOf(r *door.Request, form url.Values) (client, secret string, basic bool, err error) {
	client, secret, basic = r.BasicAuth()
	if !basic {
		return form.Get("client_id"), form.Get("client_secret"), false, nil
	}
	for name, value := range map[string]string{"client_id": client, "client_secret": secret} {
		if form.Has(name) && form.Get(name) != value {
			return "", "", true, reeve.Errorf(reeve.Invalid, "the request names two different clients; authenticate in one way")
		}
	}
	return client, secret, true, nil
}
