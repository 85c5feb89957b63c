package cmapi

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

// tokenPaths are both spellings of the token endpoint that the pages use.
var tokenPaths = []string{"/o/oauth/token", "/o/oauth2/token"}

func (a *api) tokenRoutes() []door.Route {
	var routes []door.Route
	for _, path := range tokenPaths {
		for _, method := range []string{"POST", "GET"} {
			routes = append(routes, door.Route{Method: method, Path: path, Credentials: true, Serve: a.token, Page: &door.Page{
				Family: "Token", Source: "How to work with oAuth APIs: Authentication",
			}})
		}
	}
	return routes
}

// maxTokenBody is the largest form of a token request in bytes.
const maxTokenBody = 16 << 10

// token answers a grant of client credentials.
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
	switch grant := form.Get("grant_type"); grant {
	case "client_credentials":
	case "":
		return door.Refuse(reeve.Invalid, http.StatusBadRequest, "invalid_request",
			"grant_type is missing; send grant_type=client_credentials in a form or in the query")
	default:
		return door.Refuse(reeve.Invalid, http.StatusBadRequest, "unsupported_grant_type",
			"this grant type is not supported; use client_credentials")
	}
	if err := checkScopes(form.Get("scope")); err != nil {
		return err
	}
	client, secret, basic, err := clientOf(r, form)
	if err != nil {
		return err
	}
	granted, err := a.Rules.Grant(r.Context(), client, secret)
	if reeve.KindOf(err) == reeve.Denied {
		if basic {
			w.Header().Set("WWW-Authenticate", `Basic realm="reeve"`)
		}
		return errBadClient
	}
	if err != nil {
		return err
	}
	scopes := make([]string, len(granted.App.Scopes))
	for i, s := range granted.App.Scopes {
		scopes[i] = string(s)
	}
	return door.Write(w, http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string `json:"scope"`
		ClientID    string `json:"client_id"`
	}{
		granted.Token, "bearer",
		int64((granted.Life - time.Nanosecond) / time.Second), // whole seconds that are surely left: 43199 of 12 h
		strings.Join(scopes, " "), granted.App.ClientID,
	})
}

var errBadClient = door.Refuse(reeve.Denied, http.StatusUnauthorized, "invalid_client", "Bad client credentials")

// checkScopes refuses words that are no scopes. A token always has the scopes of
// its app, as RFC 6749 allows: the answer's scope says which.
func checkScopes(wanted string) error {
	for _, word := range strings.Fields(wanted) {
		switch reeve.Scope(word) {
		case reeve.Read, reeve.Write, reeve.Admin:
		default:
			return door.Refuse(reeve.Invalid, http.StatusBadRequest, "invalid_scope",
				"there is no scope %.40q; there are %s, %s and %s", word, reeve.Read, reeve.Write, reeve.Admin)
		}
	}
	return nil
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
