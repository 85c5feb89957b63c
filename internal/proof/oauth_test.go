package proof

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"reeve/client"
)

// A person fills in the forms of the authorize endpoint.
type person struct {
	*server
	name, password string
	seen           []string // what the forms were given that is secret
}

var (
	hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	formAction  = regexp.MustCompile(`<form method="post" action="([^"]*)">`)
)

// authorise opens the address that an app sends the browser to, fills in what
// the pages ask, and returns the address that the browser is sent back to.
func (p *person) authorise(t testing.TB, address string) *url.URL {
	t.Helper()
	web := &http.Client{Transport: p.web.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := web.Get(address)
	must(t, err)
	for range 3 {
		text, err := io.ReadAll(answer.Body)
		must(t, err)
		answer.Body.Close()
		if answer.StatusCode == http.StatusSeeOther || answer.StatusCode == http.StatusFound {
			back, err := answer.Location()
			must(t, err)
			return back
		}
		action := formAction.FindSubmatch(text)
		if answer.StatusCode != http.StatusOK || action == nil {
			t.Fatalf("the page is answered with %d\n%s", answer.StatusCode, text)
		}
		filled := url.Values{"name": {p.name}, "password": {p.password}}
		for _, input := range hiddenInput.FindAllSubmatch(text, -1) {
			filled.Set(html.UnescapeString(string(input[1])), html.UnescapeString(string(input[2])))
		}
		if filled.Has("agreement") {
			p.seen = append(p.seen, filled.Get("agreement"))
			filled.Set("decision", "allow")
			filled.Del("password")
		}
		request, err := http.NewRequest("POST", p.first.URL+string(action[1]), strings.NewReader(filled.Encode()))
		must(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
		answer, err = web.Do(request)
		must(t, err)
	}
	t.Fatal("the pages ask on and on")
	return nil
}

// gateway makes an app, and an operator to agree.
func (s *server) gateway(t testing.TB) (*oauth2.Config, *person) {
	t.Helper()
	app, err := s.own.CreateApp(t.Context(), client.NewApp{Name: "gateway", Scopes: []string{"read", "write"}, RedirectURIs: []string{"http://127.0.0.1/opswat"}})
	must(t, err)
	ann, err := s.own.CreateOperator(t.Context(), client.NewOperator{Name: "ann", Scopes: []string{"read", "write", "admin"}})
	must(t, err)
	return &oauth2.Config{
		ClientID: app.ClientID, ClientSecret: app.ClientSecret, RedirectURL: "http://127.0.0.1:49152/opswat", Scopes: []string{"read"},
		Endpoint: oauth2.Endpoint{AuthURL: s.first.URL + "/o/oauth/authorize", TokenURL: s.first.URL + "/o/oauth/token"},
	}, &person{server: s, name: "ann", password: ann.Password}
}

// A common OAuth library gets a token that an operator agreed to, uses it,
// refreshes it, and loses everything when it shows a refresh token twice.
func TestOAuthLibrary(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	config, ann := s.gateway(t)
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, s.web)
	verifier := oauth2.GenerateVerifier()
	back := ann.authorise(t, config.AuthCodeURL("a state & more", oauth2.S256ChallengeOption(verifier)))
	if back.Host != "127.0.0.1:49152" || back.Path != "/opswat" || back.Query().Get("state") != "a state & more" {
		t.Fatalf("the browser is sent back to %s", back.Redacted())
	}
	if _, err := config.Exchange(ctx, back.Query().Get("code")); err == nil {
		t.Error("the code is good without its verifier")
	}
	token, err := config.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
	must(t, err)
	if token.TokenType != "bearer" || token.Extra("scope") != "read" || token.RefreshToken == "" || time.Until(token.Expiry) < 11*time.Hour {
		t.Errorf("the token is of type %s, scope %v, until %v", token.TokenType, token.Extra("scope"), token.Expiry)
	}
	status := func(token *oauth2.Token, path, body string) int {
		t.Helper()
		answer, err := config.Client(ctx, token).Post(s.first.URL+path, "application/json", strings.NewReader(body))
		must(t, err)
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if got := status(token, "/o/api/v3/groups", "[]"); got != http.StatusOK {
		t.Errorf("reading is answered with %d", got)
	}
	if got := status(token, "/api/v1/groups", `{"name":"Lab"}`); got != http.StatusForbidden {
		t.Errorf("writing without that scope is answered with %d", got)
	}

	// The library refreshes a token that is over by itself.
	old := *token
	old.Expiry = time.Now().Add(-time.Minute)
	next, err := config.TokenSource(ctx, &old).Token()
	must(t, err)
	if next.RefreshToken == old.RefreshToken || next.AccessToken == old.AccessToken {
		t.Error("refreshing gives the same again")
	}
	if got := status(next, "/o/api/v3/groups", "[]"); got != http.StatusOK {
		t.Errorf("reading with the next token is answered with %d", got)
	}
	// A second sign-in needs no second agreement, and PKCE is not asked of old programs.
	other, err := config.Exchange(ctx, ann.authorise(t, config.AuthCodeURL("x")).Query().Get("code"))
	must(t, err)
	if len(ann.seen) != 1 {
		t.Errorf("the operator was asked %d times", len(ann.seen))
	}

	_, err = config.TokenSource(ctx, &old).Token()
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); !ok || refused.ErrorCode != "invalid_grant" {
		t.Errorf("a refresh token for the second time: %v", err)
	}
	if got := status(next, "/o/api/v3/groups", "[]"); got != http.StatusUnauthorized {
		t.Errorf("a token of the ended sign-in is answered with %d", got)
	}
	if got := status(other, "/o/api/v3/groups", "[]"); got != http.StatusOK {
		t.Errorf("the other sign-in's token is answered with %d", got)
	}
	rows, err := s.own.LogNewest(t.Context(), client.LogFilter{Events: []string{"app_authorised", "authorisation_ended"}}, 0, 10)
	must(t, err)
	if len(rows) != 3 || rows[0].Event != "authorisation_ended" || rows[0].By != "gateway (ann)" || rows[1].Actor != "operator:ann" || rows[1].Source != "console" {
		t.Errorf("the log has %+v", rows)
	}
	must(t, s.own.RemoveOperator(t.Context(), "ann"))
	if got := status(other, "/o/api/v3/groups", "[]"); got != http.StatusUnauthorized {
		t.Errorf("a token of an operator who is gone is answered with %d", got)
	}
}

// useGrants has an operator agree and everything that comes of it used, rightly
// and wrongly.
func (s *server) useGrants(t *testing.T, found secrets) {
	t.Helper()
	config, ann := s.gateway(t)
	found["the gateway's secret"], found["ann's password"] = config.ClientSecret, ann.password
	config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, s.web)
	back := ann.authorise(t, config.AuthCodeURL("x"))
	found["what the form was given"], found["a code of ann's"] = ann.seen[0], back.Query().Get("code")
	token, err := config.Exchange(ctx, back.Query().Get("code"))
	must(t, err)
	found["ann's token"], found["ann's refresh token"] = token.AccessToken, token.RefreshToken
	token.Expiry = time.Now().Add(-time.Minute)
	next, err := config.TokenSource(ctx, token).Token()
	must(t, err)
	found["ann's next token"], found["ann's next refresh token"] = next.AccessToken, next.RefreshToken
	if _, err := config.TokenSource(ctx, token).Token(); err == nil {
		t.Error("a refresh token is good for twice")
	}
	for _, query := range []string{"grant_type=refresh_token&refresh_token=" + next.RefreshToken, "grant_type=authorization_code&code=" + found["a code of ann's"]} {
		answer, err := s.web.Get(config.Endpoint.TokenURL + "?" + query + "&client_id=" + config.ClientID + "&client_secret=" + config.ClientSecret)
		must(t, err)
		answer.Body.Close()
	}
	found["a password that ann mistyped"] = "tr0ub4dor and three"
	answer, err := s.web.PostForm(config.AuthCodeURL("x"), url.Values{"name": {"ann"}, "password": {"tr0ub4dor and three"}})
	must(t, err)
	answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a mistyped password is answered with %d", answer.StatusCode)
	}
	renewed, err := s.own.RenewSecret(t.Context(), config.ClientID)
	must(t, err)
	found["the gateway's new secret"] = renewed.ClientSecret
	empty := ""
	changed, err := s.own.ChangeOperator(t.Context(), "ann", client.OperatorChange{Password: &empty})
	must(t, err)
	found["ann's new password"] = changed.Password
}
