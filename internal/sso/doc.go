// Package sso sends people to an OpenID provider and checks who it says came
// back: the authorization code flow with PKCE, a state and a nonce. The provider
// is asked for its addresses and keys when somebody first wants to sign in, so
// that a server starts without it. What must be remembered until the answer
// travels sealed with the browser.
//
// It imports the root words, the OpenID library and the OAuth library. Which
// operator somebody is, the rules decide.
package sso

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"reeve"
)

// A Vault seals what must not be read or changed outside; keys.Vault is one.
type Vault interface {
	Seal(owner, secret string) []byte
	Open(owner string, sealed []byte) (string, error)
}

// A Config names a provider and this server's place with it.
type Config struct {
	Issuer       string // URL, exactly as the provider writes it
	ClientID     string
	ClientSecret string // empty for a public client
	Name         string // for people; empty: the issuer's host
	Claim        string // that names the operator; empty: DefaultClaim
	Return       string // URL on this server that the provider sends browsers back to
	Vault        Vault
	Now          func() time.Time
}

// DefaultClaim is trusted only where the provider says that it verified it.
const DefaultClaim = "email"

// Times of a provider.
const (
	journeyLife  = 10 * time.Minute // for people to sign in there
	answerWithin = 10 * time.Second // for each request to it
	firstPause   = time.Second      // after it could not be reached, doubled each time
	maxPause     = time.Minute
)

// A Provider is one OpenID provider. It is safe for concurrent use.
type Provider struct {
	config Config
	client *http.Client

	mu     sync.Mutex
	found  *found
	failed error         // why it was not found the last time
	pause  time.Duration // how long it is left alone after the last failure
	again  time.Time     // when it may be looked for again
}

// found is what the provider says of itself.
type found struct {
	provider *oidc.Provider
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// New returns the provider of a config, without asking it anything. The errors
// name the flags of the server that set it.
func New(c Config) (*Provider, error) {
	if !trusted(c.Issuer) {
		return nil, reeve.Errorf(reeve.Invalid, "--oidc-issuer must be the https:// URL of an OpenID provider")
	}
	if c.ClientID == "" {
		return nil, reeve.Errorf(reeve.Invalid, "--oidc-client-id is missing; it is what the provider calls this server")
	}
	u, _ := url.Parse(c.Issuer)
	c.Name, c.Claim = cmp.Or(c.Name, u.Host), cmp.Or(c.Claim, DefaultClaim)
	return &Provider{config: c, client: &http.Client{Timeout: answerWithin}}, nil
}

// Name is what people call the provider.
func (p *Provider) Name() string { return p.config.Name }

// Issuer is what the provider calls itself.
func (p *Provider) Issuer() string { return p.config.Issuer }

// trusted reports whether nobody on the way can change what comes from a URL.
func trusted(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (strings.EqualFold(u.Hostname(), "localhost") || err == nil && ip.IsLoopback())
}
