package control_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

// Whatever is given out in plain text once is nowhere afterwards: not in the
// log, not in the server's own log, and not in the store's files.
func TestSecretsAreNowhere(t *testing.T) {
	w := newWorld(t)
	secrets := map[string]string{
		"the first client's secret": w.boot.ClientSecret, "the first password": w.boot.Password, "the first code": w.boot.Code,
	}
	note := func(what, secret string, err error) {
		t.Helper()
		if err != nil || secret == "" {
			t.Fatalf("%s: %q, %v", what, secret, err)
		}
		secrets[what] = secret
	}
	app, secret, err := w.CreateApp(t.Context(), w.admin, reeve.App{Name: "nightly", Scopes: reeve.Scopes{reeve.Read}})
	note("an app's secret", secret, err)
	g, err := w.Grant(t.Context(), app.ClientID, secret)
	note("a token", g.Token, err)
	revoked, err := w.CreateCode(t.Context(), w.admin, reeve.Code{Note: "for one", Uses: 1})
	note("a code", revoked.Code, err)
	b, _ := w.further(t, "other")
	note("another account's secret", b.ClientSecret, nil)
	note("another account's password", b.Password, nil)
	note("another account's code", b.Code, nil)
	password, err := w.ResetOperator(t.Context(), "admin")
	note("a password that was reset", password, err)
	guess := "a password that somebody mistyped"
	note("a guess", guess, nil)

	e := w.linux()
	e.Code = revoked.Code
	d := w.enrol(t, e)
	w.CheckPassword(t.Context(), "admin", guess)
	w.Grant(t.Context(), app.ClientID, guess)
	w.Authenticate(t.Context(), guess)
	e.Code, e.Key = guess, reeve.Key{1}
	w.Enrol(t.Context(), e)
	w.Authenticate(t.Context(), g.Token)
	for name := range outcomes {
		w.place(t, control.Order{Action: name, Params: []byte(outcomes[name].params), All: true, Key: name, Route: "POST"})
	}
	if err := w.RevokeApp(t.Context(), w.admin, app.ClientID); err != nil {
		t.Fatal(err)
	}
	if err := w.RevokeCode(t.Context(), w.admin, w.boot.Code); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(200 * 24 * time.Hour)
	if _, err := w.store.Expire(t.Context(), w.clock.Now()); err != nil {
		t.Fatal(err)
	}

	places := map[string][]byte{"the server's log": []byte(w.log.String())}
	accounts, err := w.store.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		for _, row := range w.audit(t, a.No) {
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			places["the log of "+a.Name] = append(places["the log of "+a.Name], text...)
		}
	}
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(w.file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		places["the store's file "+suffix] = raw
	}
	// The test looks in the right places if it finds what is no secret there.
	for _, place := range []string{"the log of default", "the store's file -wal"} {
		if !bytes.Contains(places[place], []byte(app.ClientID)) || !bytes.Contains(places[place], []byte(d.ID)) {
			t.Errorf("%s has neither the app's id nor the device's", place)
		}
	}
	for what, secret := range secrets {
		for place, text := range places {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s is in %s", what, place)
			}
		}
	}
}
