package sso

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"runtime"
	"testing"
	"time"

	"reeve"
	"reeve/internal/keys"
	"reeve/internal/ssotest"
)

const returns = "https://reeve.example.org/console/sso/return"

// A house is this server's side of a provider, with a clock to turn.
type house struct {
	*Provider
	their *ssotest.Provider
	now   time.Time
}

func newHouse(t *testing.T, change ...func(*Config)) *house {
	t.Helper()
	own, err := keys.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := own.Vault("sign-in")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{their: ssotest.Open(t), now: time.Now()}
	h.their.Return = returns
	c := Config{Issuer: h.their.URL, ClientID: ssotest.ClientID, ClientSecret: ssotest.ClientSecret,
		Return: returns, Vault: vault, Now: func() time.Time { return h.now }}
	for _, f := range change {
		f(&c)
	}
	if h.Provider, err = New(c); err != nil {
		t.Fatal(err)
	}
	return h
}

// travel goes to the provider, and returns what the browser brings back.
func (h *house) travel(t *testing.T, operator string) reeve.Arrival {
	t.Helper()
	j, err := h.Begin(t.Context(), operator)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(j.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	back, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || answer.StatusCode != http.StatusFound {
		t.Fatalf("the provider answered %d, %v", answer.StatusCode, err)
	}
	q := back.Query()
	return reeve.Arrival{State: j.State, Told: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")}
}

func TestWhoComesBackIsKnown(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		h := newHouse(t)
		h.their.Key = ssotest.NewKey(t, algorithm)
		h.their.Keys = []*ssotest.Key{h.their.Key}
		got, err := h.Finish(t.Context(), h.travel(t, "ann"))
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		if got.Issuer != h.their.URL || got.Subject != h.their.Subject || got.Name != "ann@example.org" || got.For != "ann" || got.OneUse.Mark == "" {
			t.Errorf("%s: %+v", algorithm, got)
		}
		// A key that came later is fetched, one that is gone is not.
		h.their.Key = ssotest.NewKey(t, algorithm)
		h.their.Keys = append(h.their.Keys, h.their.Key)
		// go-oidc shares a fetch between those who ask while it runs, also for the
		// instant after its answer came; who comes just then is asked to try again.
		_, err = h.Finish(t.Context(), h.travel(t, ""))
		for tries := 1; err != nil && tries < 100; tries++ {
			runtime.Gosched()
			_, err = h.Finish(t.Context(), h.travel(t, ""))
		}
		if err != nil {
			t.Errorf("%s with a new key: %v", algorithm, err)
		}
	}
}

func TestTokensThatSayTheWrongThingAreDenied(t *testing.T) {
	set := func(name string, value any) func(map[string]any) {
		return func(claims map[string]any) { claims[name] = value }
	}
	unset := func(name string) func(map[string]any) {
		return func(claims map[string]any) { delete(claims, name) }
	}
	for what, bend := range map[string]func(map[string]any){
		"another nonce":             set("nonce", "x"),
		"no nonce":                  unset("nonce"),
		"another audience":          set("aud", "another"),
		"no audience":               unset("aud"),
		"made for another of two":   func(c map[string]any) { c["aud"], c["azp"] = []string{"another", ssotest.ClientID}, "another" },
		"two audiences, for nobody": set("aud", []string{"another", ssotest.ClientID}),
		"expired":                   set("exp", time.Now().Add(-time.Minute).Unix()),
		"no end":                    unset("exp"),
		"not yet valid":             set("nbf", time.Now().Add(time.Hour).Unix()),
		"a foreign issuer":          set("iss", "https://login.example.com"),
		"no subject":                unset("sub"),
		"a subject with a trick":    set("sub", "a\x00b"),
		"another access token":      set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
	} {
		t.Run(what, func(t *testing.T) {
			h := newHouse(t)
			h.their.Bend = bend
			if got, err := h.Finish(t.Context(), h.travel(t, "")); err == nil || reeve.KindOf(err) != reeve.Denied {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestSignaturesOfOthersAreDenied(t *testing.T) {
	h := newHouse(t)
	mine := h.their.Key
	for what, key := range map[string]*ssotest.Key{
		"a key that is not listed":        ssotest.NewKey(t, "ES256"),
		"a key by the name of another":    mine.Like(t),
		"a sort of key that is not named": ssotest.NewKey(t, "RS256"),
	} {
		h.their.Key = key
		if _, err := h.Finish(t.Context(), h.travel(t, "")); err == nil || reeve.KindOf(err) != reeve.Denied {
			t.Errorf("%s: %v", what, err)
		}
	}
	h.their.Key = mine
	if _, err := h.Finish(t.Context(), h.travel(t, "")); err != nil {
		t.Error(err)
	}
}

func TestAnswersToOtherJourneysAreDenied(t *testing.T) {
	h := newHouse(t)
	other := newHouse(t)
	for what, change := range map[string]func(*reeve.Arrival){
		"another state":         func(a *reeve.Arrival) { a.Told = "x" },
		"no state":              func(a *reeve.Arrival) { a.Told = "" },
		"another journey's":     func(a *reeve.Arrival) { a.State = h.travel(t, "").State },
		"another server's":      func(a *reeve.Arrival) { *a = other.travel(t, "") },
		"no journey":            func(a *reeve.Arrival) { a.State = "" },
		"a journey made up":     func(a *reeve.Arrival) { a.State = "AAAA" },
		"no code":               func(a *reeve.Arrival) { a.Code = "" },
		"a code made up":        func(a *reeve.Arrival) { a.Code = "x" },
		"a code of another":     func(a *reeve.Arrival) { a.Code = h.travel(t, "").Code },
		"a refusal":             func(a *reeve.Arrival) { a.Failure = "access_denied" },
		"another provider's":    func(a *reeve.Arrival) { a.Issuer = "https://login.example.com" },
		"a state and no more":   func(a *reeve.Arrival) { *a = reeve.Arrival{State: a.State, Told: a.Told} },
		"an arrival of nowhere": func(a *reeve.Arrival) { *a = reeve.Arrival{} },
	} {
		a := h.travel(t, "")
		change(&a)
		if got, err := h.Finish(t.Context(), a); err == nil || reeve.KindOf(err) != reeve.Denied {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	a := h.travel(t, "")
	if _, err := h.Finish(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Finish(t.Context(), a); reeve.KindOf(err) != reeve.Denied {
		t.Errorf("the same answer again: %v", err)
	}
	late := h.travel(t, "")
	h.now = h.now.Add(journeyLife)
	if _, err := h.Finish(t.Context(), late); err == nil || reeve.KindOf(err) != reeve.Denied {
		t.Errorf("too late: %v", err)
	}
}

func TestNamesThatNobodyVerifiedAreNone(t *testing.T) {
	for what, test := range map[string]struct {
		claim        string
		claims, more map[string]any
		want         string
	}{
		"verified":                  {"", map[string]any{"email": "ann@example.org", "email_verified": true}, nil, "ann@example.org"},
		"verified in a word":        {"", map[string]any{"email": "ann@example.org", "email_verified": "true"}, nil, "ann@example.org"},
		"not verified":              {"", map[string]any{"email": "ann@example.org", "email_verified": false}, nil, ""},
		"nothing said":              {"", map[string]any{"email": "ann@example.org"}, nil, ""},
		"verified somewhere else":   {"", map[string]any{"email": "ann@example.org"}, map[string]any{"email": "bob@example.org", "email_verified": true}, ""},
		"told on request":           {"", nil, map[string]any{"email": "ann@example.org", "email_verified": true}, "ann@example.org"},
		"told on request, unproven": {"", map[string]any{"email_verified": true}, map[string]any{"email": "ann@example.org"}, ""},
		"another claim":             {"preferred_username", map[string]any{"preferred_username": "ann"}, nil, "ann"},
		"a claim that is no text":   {"preferred_username", map[string]any{"preferred_username": 7}, nil, ""},
		"a claim with a trick":      {"preferred_username", map[string]any{"preferred_username": "ann\n"}, nil, ""},
		"a claim that nobody tells": {"preferred_username", nil, nil, ""},
	} {
		h := newHouse(t, func(c *Config) { c.Claim = test.claim })
		h.their.Claims, h.their.More = test.claims, test.more
		got, err := h.Finish(t.Context(), h.travel(t, ""))
		if err != nil || got.Name != test.want || got.Subject != h.their.Subject {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	h := newHouse(t)
	h.their.Claims, h.their.More = nil, map[string]any{"sub": "somebody else", "email": "bob@example.org", "email_verified": true}
	if got, err := h.Finish(t.Context(), h.travel(t, "")); err == nil || reeve.KindOf(err) != reeve.Denied {
		t.Errorf("the provider tells about somebody else: %+v, %v", got, err)
	}
}

func TestAProviderThatIsNotThere(t *testing.T) {
	h := newHouse(t)
	h.their.Down(true)
	unavailable := func() {
		t.Helper()
		if _, err := h.Begin(t.Context(), ""); err == nil || reeve.KindOf(err) != reeve.Unavailable {
			t.Fatalf("without a provider: %v", err)
		}
	}
	unavailable()
	h.their.Down(false)
	unavailable() // it is left alone for a while
	h.now = h.now.Add(firstPause)
	a := h.travel(t, "")
	if h.their.Asks != 1 {
		t.Errorf("the provider was asked %d times about itself", h.their.Asks)
	}
	h.their.Down(true)
	if _, err := h.Finish(t.Context(), a); err == nil || reeve.KindOf(err) != reeve.Unavailable {
		t.Errorf("somebody came back from a provider that is down: %v", err)
	}
}

func TestConfigs(t *testing.T) {
	for issuer, ok := range map[string]bool{
		"https://login.example.org":      true,
		"http://127.0.0.1:8080":          true,
		"http://localhost:8080/x":        true,
		"http://login.example.org":       false,
		"https://ann:pw@example.org":     false,
		"login.example.org":              false,
		"":                               false,
		"https://login.example.org/a/b/": true,
	} {
		if _, err := New(Config{Issuer: issuer, ClientID: "reeve"}); (err == nil) != ok {
			t.Errorf("%q: %v", issuer, err)
		}
	}
	if _, err := New(Config{Issuer: "https://login.example.org"}); err == nil {
		t.Error("a provider without a client")
	}
}

// What the browser carries tells it nothing.
func TestTheStateIsSealed(t *testing.T) {
	h := newHouse(t)
	j, err := h.Begin(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := base64.RawURLEncoding.DecodeString(j.State)
	if err != nil || json.Valid(sealed) {
		t.Errorf("the state can be read: %q, %v", sealed, err)
	}
}
