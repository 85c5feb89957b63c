package sso

import (
	"context"
	"fmt"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"reeve"
)

// find returns what the provider says of itself. It is asked once; while it
// cannot be reached it is asked ever more rarely, whoever wants to sign in.
func (p *Provider) find(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if now := p.config.Now(); p.failed == nil || !now.Before(p.again) {
		if p.found, p.failed = p.discover(ctx); p.failed == nil {
			return p.found, nil
		}
		p.pause = min(max(2*p.pause, firstPause), maxPause)
		p.again = now.Add(p.pause)
	}
	return nil, p.unreachable(p.failed)
}

func (p *Provider) unreachable(err error) error {
	return reeve.Errorf(reeve.Unavailable, "%s does not answer as an OpenID provider should; try again in a minute, or sign in in another way", p.config.Name).Because(err)
}

// discover outlives the request that began it, since others wait for it as well.
func (p *Provider) discover(ctx context.Context) (*found, error) {
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), p.client)
	provider, err := oidc.NewProvider(ctx, p.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("asking the OpenID provider about itself: %w", err)
	}
	var more struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, fmt.Errorf("reading what the OpenID provider says of itself: %w", err)
	}
	endpoint := provider.Endpoint()
	addresses := []string{endpoint.AuthURL, endpoint.TokenURL, more.Keys}
	if user := provider.UserInfoEndpoint(); user != "" {
		addresses = append(addresses, user)
	}
	for _, address := range addresses {
		if !trusted(address) {
			return nil, fmt.Errorf("the OpenID provider names the address %q, which is no https:// URL", address)
		}
	}
	return &found{
		provider: provider,
		oauth: oauth2.Config{ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: endpoint,
			RedirectURL: p.config.Return, Scopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail}},
		verifier: provider.Verifier(&oidc.Config{ClientID: p.config.ClientID, Now: p.config.Now}),
	}, nil
}
