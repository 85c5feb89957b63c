package control_test

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

const back = "https://app.example/back"

// A party is an app that asks, its secret, and what it asks of the operator ann.
type party struct {
	*world
	t        *testing.T
	app      reeve.App
	secret   string
	password string
	ask      control.Ask
}

func newParty(t *testing.T) *party {
	t.Helper()
	p := &party{world: newWorld(t), t: t}
	var err error
	p.app, p.secret, err = p.CreateApp(t.Context(), p.admin, reeve.App{Name: "gateway", Scopes: reeve.Scopes{reeve.Read, reeve.Write},
		RedirectURIs: []string{back, "http://127.0.0.1/cb"}})
	must(err)
	_, p.password, err = p.CreateOperator(t.Context(), p.admin, reeve.Operator{Name: "ann", Role: reeve.RoleAdministrator}, "")
	must(err)
	p.ask = control.Ask{ClientID: p.app.ClientID, RedirectURI: back, From: control.From{Address: "192.0.2.9", RequestID: "r-9"}}
	return p
}

// code goes all the way to a code.
func (p *party) code() string {
	p.t.Helper()
	a, err := p.SignIn(p.t.Context(), p.ask, "ann", p.password)
	must(err)
	if a.Agreed {
		return a.Secret
	}
	code, err := p.Agree(p.t.Context(), p.ask, a.Secret)
	must(err)
	return code
}

func (p *party) redeem(code string) (control.Granted, error) {
	return p.Redeem(p.t.Context(), p.app.ClientID, p.secret, control.Redemption{Code: code, RedirectURI: p.ask.RedirectURI, From: p.ask.From})
}

func (p *party) refresh(token string) (control.Granted, error) {
	return p.Refresh(p.t.Context(), p.app.ClientID, p.secret, token, p.ask.From)
}

// alive reports whether a token is good for anything.
func (p *party) alive(token string) bool {
	p.t.Helper()
	_, _, err := p.Authenticate(p.t.Context(), token)
	if err != nil && reeve.KindOf(err) != reeve.Denied {
		p.t.Fatal(err)
	}
	return err == nil
}

func TestOperatorsAgree(t *testing.T) {
	p := newParty(t)
	a, err := p.SignIn(t.Context(), p.ask, "ann", p.password)
	must(err)
	if a.Agreed || !isSecret(a.Secret) || a.Account != control.FirstAccount || !slices.Equal(a.Scopes, reeve.Scopes{reeve.Read, reeve.Write}) {
		t.Errorf("the operator is asked %+v", a)
	}
	_, err = p.redeem(a.Secret)
	wantKind(t, "the form's secret as a code", err, reeve.Invalid)
	code, err := p.Agree(t.Context(), p.ask, a.Secret)
	must(err)
	_, err = p.Agree(t.Context(), p.ask, a.Secret)
	wantKind(t, "agreeing twice", err, reeve.Invalid)
	g, err := p.redeem(code)
	must(err)
	if !isSecret(g.Token) || !isSecret(g.Refresh) || !slices.Equal(g.App.Scopes, reeve.Scopes{reeve.Read, reeve.Write}) {
		t.Errorf("granted: %+v", g)
	}
	app, _, err := p.Authenticate(t.Context(), g.Token)
	if err != nil || app.ClientID != p.app.ClientID || app.Name != "gateway (ann)" {
		t.Errorf("the token stands for %+v, %v", app, err)
	}
	if a, err = p.SignIn(t.Context(), p.ask, "ann", p.password); err != nil || !a.Agreed {
		t.Errorf("who agreed is asked again: %+v, %v", a, err)
	}
	if other, err := p.redeem(a.Secret); err != nil || other.Token == g.Token {
		t.Errorf("the second code: %v", err)
	}
	var events []string
	for _, row := range p.audit(t, p.admin.Account) {
		if row.Event == "app_authorised" && (row.Actor != "operator:ann" || row.Source != reeve.FromConsole || row.Address != "192.0.2.9") {
			t.Errorf("the row is %+v", row)
		}
		events = append(events, row.Event)
	}
	if want := []string{"account_created", "app_created", "operator_created", "app_authorised", "app_authorised"}; !slices.Equal(events, want) {
		t.Errorf("the log has %v, want %v", events, want)
	}
}

// Each refresh token is good for once; one that comes again ends them all.
func TestRefreshTokensTurn(t *testing.T) {
	p := newParty(t)
	g, err := p.redeem(p.code())
	must(err)
	for range 3 {
		p.clock.advance(29 * 24 * time.Hour)
		next, err := p.refresh(g.Refresh)
		must(err)
		if next.Refresh == g.Refresh || next.Token == g.Token || !p.alive(next.Token) {
			t.Fatalf("the next is %+v", next)
		}
		g = next
	}
	spent := g.Refresh
	next, err := p.refresh(spent)
	must(err)
	_, err = p.refresh(spent)
	wantKind(t, "a refresh token that was used", err, reeve.Invalid)
	if p.alive(g.Token) || p.alive(next.Token) {
		t.Error("tokens outlive the use of a refresh token that had ended")
	}
	_, err = p.refresh(next.Refresh)
	wantKind(t, "the refresh token that came of it", err, reeve.Invalid)
	rows := p.audit(t, p.admin.Account)
	if last := rows[len(rows)-1]; last.Event != "authorisation_ended" || last.Name != "gateway (ann)" || last.Source != reeve.FromOAuthAPI {
		t.Errorf("the log ends with %+v", last)
	}
}

func TestCodesAreUsedOnce(t *testing.T) {
	p := newParty(t)
	code := p.code()
	g, err := p.redeem(code)
	must(err)
	if _, err = p.refresh(g.Refresh); err != nil {
		t.Fatal(err)
	}
	_, err = p.redeem(code)
	wantKind(t, "a code that was used", err, reeve.Invalid)
	if p.alive(g.Token) {
		t.Error("a token outlives the second use of its code")
	}
}

func TestCodesAreBound(t *testing.T) {
	p := newParty(t)
	other, otherSecret, err := p.CreateApp(t.Context(), p.admin, reeve.App{Name: "other", Scopes: reeve.Scopes{reeve.Read}, RedirectURIs: []string{back}})
	must(err)
	sum := sha256.Sum256([]byte("verifier"))
	p.ask.Challenge = base64.RawURLEncoding.EncodeToString(sum[:])
	code := p.code()
	good := control.Redemption{Code: code, RedirectURI: back, Verifier: "verifier"}
	try := func(what string, kind reeve.Kind, id, secret string, change func(*control.Redemption)) {
		t.Helper()
		r := good
		change(&r)
		_, err := p.Redeem(t.Context(), id, secret, r)
		wantKind(t, what, err, kind)
	}
	same := func(*control.Redemption) {}
	try("another app", reeve.Invalid, other.ClientID, otherSecret, same)
	try("a wrong secret", reeve.Denied, p.app.ClientID, otherSecret, same)
	for what, change := range map[string]func(*control.Redemption){
		"another redirect URI": func(r *control.Redemption) { r.RedirectURI = "http://127.0.0.1/cb" },
		"no redirect URI":      func(r *control.Redemption) { r.RedirectURI = "" },
		"another verifier":     func(r *control.Redemption) { r.Verifier = "verifier2" },
		"no verifier":          func(r *control.Redemption) { r.Verifier = "" },
		"no code":              func(r *control.Redemption) { r.Code = "" },
		"another code":         func(r *control.Redemption) { r.Code = strings.Repeat("A", 48) },
	} {
		try(what, reeve.Invalid, p.app.ClientID, p.secret, change)
	}
	g, err := p.Redeem(t.Context(), p.app.ClientID, p.secret, good)
	must(err) // none of these did it harm
	_, err = p.Refresh(t.Context(), other.ClientID, otherSecret, g.Refresh, p.ask.From)
	wantKind(t, "another app's refresh token", err, reeve.Invalid)
	if _, err := p.refresh(g.Refresh); err != nil {
		t.Errorf("that did harm: %v", err)
	}
	// A verifier where no challenge was is a challenge that somebody took away.
	p.ask.Challenge = ""
	good.Code = p.code()
	try("a verifier without a challenge", reeve.Invalid, p.app.ClientID, p.secret, same)
}

func TestGrantsExpire(t *testing.T) {
	p := newParty(t)
	a, err := p.SignIn(t.Context(), p.ask, "ann", p.password)
	must(err)
	p.clock.advance(10 * time.Minute)
	_, err = p.Agree(t.Context(), p.ask, a.Secret)
	wantKind(t, "a form after ten minutes", err, reeve.Invalid)
	code := p.code()
	p.clock.advance(5 * time.Minute)
	_, err = p.redeem(code)
	wantKind(t, "a code after five minutes", err, reeve.Invalid)
	g, err := p.redeem(p.code())
	must(err)
	p.clock.advance(30 * 24 * time.Hour)
	_, err = p.refresh(g.Refresh)
	wantKind(t, "a refresh token after 30 days", err, reeve.Invalid)
}

func TestWhoMayAgree(t *testing.T) {
	p := newParty(t)
	boot, _ := p.further(t, "acme")
	lab, err := p.CreateGroup(t.Context(), p.admin, "Lab", "")
	must(err)
	inLab := []reeve.GroupRole{{GroupID: lab.ID, Role: reeve.RoleOperator}}
	_, plain, err := p.CreateOperator(t.Context(), p.admin, reeve.Operator{Name: "of a group", Groups: inLab}, "")
	must(err)
	sign := func(what string, kind reeve.Kind, name, password string, change func(*control.Ask)) {
		t.Helper()
		ask := p.ask
		change(&ask)
		a, err := p.SignIn(t.Context(), ask, name, password)
		wantKind(t, what, err, kind)
		if a.Secret != "" {
			t.Errorf("%s: a secret is in the answer", what)
		}
	}
	same := func(*control.Ask) {}
	sign("a wrong password", reeve.Denied, "ann", "wrong", same)
	sign("nobody", reeve.Denied, "nobody", p.password, same)
	sign("an operator of another account", reeve.Forbidden, boot.Operator, boot.Password, same)
	sign("an operator of a group", reeve.Forbidden, "of a group", plain, same)
	sign("an unknown app", reeve.Denied, "ann", p.password, func(a *control.Ask) { a.ClientID = strings.Repeat("A", 48) })
	sign("an unknown redirect URI", reeve.Invalid, "ann", p.password, func(a *control.Ask) { a.RedirectURI = back + "/" })

	// What was agreed narrows with the operator and widens with nothing.
	p.ask.Scopes = reeve.Scopes{reeve.Read}
	g, err := p.redeem(p.code())
	must(err)
	if !slices.Equal(g.App.Scopes, p.ask.Scopes) {
		t.Errorf("asked for read, got %v", g.App.Scopes)
	}
	p.ask.Scopes = nil
	if a, err := p.SignIn(t.Context(), p.ask, "ann", p.password); err != nil || a.Agreed {
		t.Errorf("more than what was agreed passes without asking: %+v, %v", a, err)
	}
	none := reeve.NoRole
	_, _, err = p.ChangeOperator(t.Context(), p.admin, "ann", control.OperatorChange{Role: &none, Groups: &inLab})
	must(err)
	if app, _, err := p.Authenticate(t.Context(), g.Token); err != nil || len(app.Scopes) != 0 {
		t.Errorf("the token of an operator who lost read: %v, %v", app.Scopes, err)
	}
	_, err = p.refresh(g.Refresh)
	wantKind(t, "refreshing to nothing", err, reeve.Invalid)
}

// An app by itself reads the log with read; one that acts for an operator only if
// he may.
func TestWhoseTokensAudit(t *testing.T) {
	p := newParty(t)
	audits := func(token string) bool {
		t.Helper()
		app, _, err := p.Authenticate(t.Context(), token)
		must(err)
		return app.Scopes.Has(reeve.Audit)
	}
	own, err := p.Grant(t.Context(), p.app.ClientID, p.secret)
	must(err)
	if !audits(own.Token) || own.App.Scopes.Has(reeve.Audit) {
		t.Error("an app by itself does not read the log, or says that it has a scope that apps cannot have")
	}
	g, err := p.redeem(p.code())
	must(err)
	for role, want := range map[reeve.Role]bool{
		reeve.RoleViewer: false, reeve.RoleOperator: false, reeve.RoleAuditor: true, reeve.RoleAdministrator: true,
	} {
		_, _, err := p.ChangeOperator(t.Context(), p.admin, "ann", control.OperatorChange{Role: &role})
		must(err)
		if got := audits(g.Token); got != want {
			t.Errorf("the token of an operator with the role %s reads the log: %v", role, got)
		}
	}
}

// What ends with the operator or the app ends at once.
func TestAgreementsEnd(t *testing.T) {
	empty := ""
	for what, end := range map[string]func(p *party) error{
		"revoking the app": func(p *party) error { return p.RevokeApp(t.Context(), p.admin, p.app.ClientID) },
		"a new password": func(p *party) error {
			_, _, err := p.ChangeOperator(t.Context(), p.admin, "ann", control.OperatorChange{Password: &empty})
			return err
		},
		"a reset":               func(p *party) error { _, err := p.ResetOperator(t.Context(), "ann"); return err },
		"removing the operator": func(p *party) error { return p.RemoveOperator(t.Context(), p.admin, "ann") },
	} {
		p := newParty(t)
		g, err := p.redeem(p.code())
		must(err)
		code := p.code()
		must(end(p))
		if p.alive(g.Token) {
			t.Errorf("%s leaves the token", what)
		}
		if _, err := p.refresh(g.Refresh); err == nil {
			t.Errorf("%s leaves the refresh token", what)
		}
		if _, err := p.redeem(code); err == nil {
			t.Errorf("%s leaves the code", what)
		}
	}
	p := newParty(t)
	g, err := p.redeem(p.code())
	must(err)
	own, err := p.Grant(t.Context(), p.app.ClientID, p.secret)
	must(err)
	old := p.secret
	_, p.secret, err = p.RenewSecret(t.Context(), p.admin, p.app.ClientID)
	must(err)
	if p.alive(g.Token) || p.alive(own.Token) {
		t.Error("another secret leaves tokens")
	}
	_, err = p.Grant(t.Context(), p.app.ClientID, old)
	wantKind(t, "the old secret", err, reeve.Denied)
	if _, err = p.refresh(g.Refresh); err != nil {
		t.Errorf("what was agreed ends with the secret: %v", err)
	}
}

func TestRedirectURIs(t *testing.T) {
	p := newParty(t)
	register := func(uris ...string) error {
		_, err := p.ChangeApp(t.Context(), p.admin, p.app.ClientID, control.AppChange{RedirectURIs: &uris})
		return err
	}
	for _, bad := range []string{"", "/back", "//app.example/", "app.example", "http://app.example/", "https://", "https:///x", "javascript:alert(1)",
		"myapp://back", "https://user@app.example/", "https://app.example/#x", "https://app.example/#", "https://app.example/a b", "https://app.example/\n",
		"https://app.example/\"", "http://127.0.0.1.example/", "http://localhost.example/", "https://ä.example/", "https://app.example\\@evil.example/",
		"https://app.example/" + strings.Repeat("a", 2048)} {
		wantKind(t, "registering "+bad, register(bad), reeve.Invalid)
	}
	wantKind(t, "seventeen", register(slices.Repeat([]string{back}, 17)...), reeve.Invalid)
	must(register(back, "https://app.example/q?a=b", "http://127.0.0.1:8080/cb", "http://[::1]/cb", "http://localhost/cb"))
	for uri, fits := range map[string]bool{
		back: true, "https://app.example/q?a=b": true, "http://127.0.0.1:8080/cb": true, "http://127.0.0.1:9/cb": true, "http://127.0.0.1/cb": true,
		"http://[::1]:4000/cb": true, "http://localhost:4000/cb": true,
		"": false, back + "?": false, back + "/..": false, "https://app.example:8443/back": false, "https://app.example/q?a=c": false,
		"http://app.example/back": false, "https://127.0.0.1/cb": false, "http://127.0.0.2/cb": false, "http://127.0.0.1:9/cb2": false,
		"http://127.0.0.1:9/cb?x": false, "http://127.0.0.1:9/cb#x": false, "http://a@127.0.0.1:9/cb": false, "HTTPS://app.example/back": false,
	} {
		ask := p.ask
		ask.RedirectURI = uri
		if _, err := p.Asking(t.Context(), ask); (err == nil) != fits {
			t.Errorf("%q: %v", uri, err)
		}
	}
	must(register())
	_, err := p.Asking(t.Context(), p.ask)
	wantKind(t, "an app without redirect URIs", err, reeve.Invalid)
}
