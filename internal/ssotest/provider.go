// Package ssotest is a small OpenID provider, for tests: it tells about itself,
// lets one person in without a question, and checks every request as the
// standard asks. What it says can be bent. It imports the standard library alone.
package ssotest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// The client that the provider knows.
const (
	ClientID     = "reeve"
	ClientSecret = "a secret of the tests & of nobody else"
)

// A Provider serves on a loopback address. Its fields may be set between
// requests.
type Provider struct {
	URL     string // its issuer
	Return  string // the only URL that it sends browsers back to
	Subject string
	Claims  map[string]any // of the person, in the ID token
	More    map[string]any // of the person, told on request only
	// Bend changes what an ID token says, before it is signed.
	Bend func(claims map[string]any)
	Key  *Key // that signs
	Keys []*Key
	Now  func() time.Time
	Asks int // how often it was asked about itself

	t     testing.TB
	mu    sync.Mutex
	codes map[string]grant
	// tokens are access tokens, with whose they are.
	tokens map[string]string
	down   bool
}

// grant is what a code stands for.
type grant struct{ nonce, challenge string }

// Open starts a provider, until the end of the test.
func Open(t testing.TB) *Provider {
	t.Helper()
	key := NewKey(t, "ES256")
	p := &Provider{Subject: "248289761001", Key: key, Keys: []*Key{key}, Now: time.Now, t: t,
		Claims: map[string]any{"email": "ann@example.org", "email_verified": true}, codes: map[string]grant{}, tokens: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userinfo)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.down {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Down has the provider answer nothing useful, or work again.
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.Asks++
	var algorithms []string
	for _, k := range p.Keys {
		algorithms = append(algorithms, k.algorithm)
	}
	p.reply(w, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/keys", "userinfo_endpoint": p.URL + "/userinfo",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": algorithms,
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	var list []map[string]any
	for _, k := range p.Keys {
		list = append(list, k.public())
	}
	p.reply(w, map[string]any{"keys": list})
}

// authorize lets the person in and sends the browser back.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || q.Get("redirect_uri") != p.Return || q.Get("response_type") != "code" ||
		q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("state") == "" || q.Get("nonce") == "" {
		p.t.Errorf("the provider was asked for %v", q)
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.codes[code] = grant{q.Get("nonce"), q.Get("code_challenge")}
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}
	http.Redirect(w, r, p.Return+"?"+back.Encode(), http.StatusFound)
}

// token gives an ID token for a code, once, to the client that has the verifier.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	if basic { // both are encoded as in a form
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	g, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || id != ClientID || secret != ClientSecret || r.PostFormValue("redirect_uri") != p.Return ||
		r.PostFormValue("grant_type") != "authorization_code" || g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		w.WriteHeader(http.StatusBadRequest)
		p.reply(w, map[string]any{"error": "invalid_grant"})
		return
	}
	now, access := p.Now(), rand.Text()
	p.tokens[access] = p.Subject
	hash := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": p.URL, "sub": p.Subject, "aud": ClientID, "nonce": g.nonce, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	}
	maps.Copy(claims, p.Claims)
	if p.Bend != nil {
		p.Bend(claims)
	}
	p.reply(w, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": p.Key.sign(p.t, claims)})
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	subject, known := p.tokens[r.Header.Get("Authorization")[len("Bearer "):]]
	if !known {
		http.Error(w, "no such token", http.StatusUnauthorized)
		return
	}
	claims := map[string]any{"sub": subject}
	maps.Copy(claims, p.More)
	p.reply(w, claims)
}

func (p *Provider) reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}
