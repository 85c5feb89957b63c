package sso

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"reeve"
)

// pending is what travels with the browser.
type pending struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // of PKCE
	For      string    `json:"for,omitempty"`
	Until    time.Time `json:"until"`
}

// purpose is what pending is sealed for.
const purpose = "journey to a provider"

// Begin sends a browser to the provider: to sign in, or for an operator who is
// signed in and wants to be linked. Unavailable if the provider is.
func (p *Provider) Begin(ctx context.Context, operator string) (reeve.Journey, error) {
	f, err := p.find(ctx)
	if err != nil {
		return reeve.Journey{}, err
	}
	was := pending{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), operator, p.config.Now().Add(journeyLife)}
	text, err := json.Marshal(was)
	if err != nil {
		return reeve.Journey{}, err
	}
	return reeve.Journey{
		URL:   f.oauth.AuthCodeURL(was.State, oidc.Nonce(was.Nonce), oauth2.S256ChallengeOption(was.Verifier)),
		State: base64.RawURLEncoding.EncodeToString(p.config.Vault.Seal(purpose, string(text))),
		Until: was.Until,
	}, nil
}

func (p *Provider) recall(a reeve.Arrival) (was pending, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(a.State)
	if err == nil {
		var text string
		if text, err = p.config.Vault.Open(purpose, sealed); err == nil {
			err = json.Unmarshal([]byte(text), &was)
		}
	}
	if err == nil && subtle.ConstantTimeCompare([]byte(was.State), []byte(a.Told)) != 1 {
		err = errors.New("the state is that of another journey")
	}
	if err == nil && !p.config.Now().Before(was.Until) {
		err = errors.New("the journey took too long")
	}
	if err != nil {
		err = reeve.Errorf(reeve.Denied, "this sign-in took too long, or was begun elsewhere; begin anew").Because(err)
	}
	return was, err
}

// Finish returns who came back. Denied if what the browser brings does not show
// it, Unavailable if the provider cannot be asked.
func (p *Provider) Finish(ctx context.Context, a reeve.Arrival) (reeve.Visitor, error) {
	was, err := p.recall(a)
	if err != nil {
		return reeve.Visitor{}, err
	}
	if a.Failure != "" || a.Code == "" {
		return reeve.Visitor{}, p.denied(fmt.Errorf("the provider answered %q", a.Failure))
	}
	if a.Issuer != "" && a.Issuer != p.config.Issuer {
		return reeve.Visitor{}, p.denied(fmt.Errorf("another provider answered: %q", a.Issuer))
	}
	f, err := p.find(ctx)
	if err != nil {
		return reeve.Visitor{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := f.oauth.Exchange(ctx, a.Code, oauth2.VerifierOption(was.Verifier))
	if _, unsent := errors.AsType[*url.Error](err); unsent {
		return reeve.Visitor{}, p.unreachable(err)
	}
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refusal.Response.StatusCode >= http.StatusInternalServerError {
		return reeve.Visitor{}, p.unreachable(err)
	}
	if err != nil {
		return reeve.Visitor{}, p.denied(err)
	}
	said, err := p.verify(ctx, f, token, was.Nonce)
	if err != nil {
		return reeve.Visitor{}, p.denied(err)
	}
	name, err := p.name(ctx, f, token, said)
	if err != nil {
		return reeve.Visitor{}, p.denied(err)
	}
	return reeve.Visitor{Issuer: p.config.Issuer, Subject: said.Subject, Name: name, For: was.For,
		OneUse: reeve.OneUse{Mark: "journey " + was.State, Until: was.Until}}, nil
}

func (p *Provider) denied(err error) error {
	return reeve.Errorf(reeve.Denied, "%s did not show who you are; try again, or sign in in another way", p.config.Name).Because(err)
}

// verify checks the ID token: its signature, issuer, audience, time and nonce.
func (p *Provider) verify(ctx context.Context, f *found, token *oauth2.Token, nonce string) (*oidc.IDToken, error) {
	raw, _ := token.Extra("id_token").(string)
	said, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	var party struct {
		Authorised string `json:"azp"`
	}
	if err := said.Claims(&party); err != nil {
		return nil, err
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(said.Nonce), []byte(nonce)) != 1:
		return nil, errors.New("the ID token is for another journey")
	case party.Authorised != p.config.ClientID && (party.Authorised != "" || len(said.Audience) > 1):
		return nil, fmt.Errorf("the ID token was made for %q", party.Authorised)
	case !printable(said.Subject):
		return nil, errors.New("the ID token names nobody")
	case said.AccessTokenHash != "":
		return said, said.VerifyAccessToken(token.AccessToken)
	}
	return said, nil
}

// name returns by what the provider calls the person, from the ID token, or from
// where it tells more; empty if it is not said, or an address of mail not verified.
func (p *Provider) name(ctx context.Context, f *found, token *oauth2.Token, said *oidc.IDToken) (string, error) {
	var claims map[string]any
	if err := said.Claims(&claims); err != nil {
		return "", err
	}
	if _, told := claims[p.config.Claim]; !told && f.provider.UserInfoEndpoint() != "" {
		more, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return "", err
		}
		if more.Subject != said.Subject {
			return "", errors.New("the provider tells about another person than the one who signed in")
		}
		claims = nil
		if err := more.Claims(&claims); err != nil {
			return "", err
		}
	}
	name, _ := claims[p.config.Claim].(string)
	verified := claims["email_verified"] == true || claims["email_verified"] == "true" // some write it so
	if !printable(name) || p.config.Claim == DefaultClaim && !verified {
		return "", nil
	}
	return name, nil
}

// maxSaid is the longest that a provider may call somebody.
const maxSaid = 255

func printable(s string) bool {
	return s != "" && len(s) <= maxSaid && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
