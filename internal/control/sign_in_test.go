package control_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

const anns = "correct horse battery"

var here = control.From{Address: "192.0.2.7", RequestID: "r-7", Browser: "a browser"}

// ann adds an operator whose password is known.
func (w *world) ann(t *testing.T, role reeve.Role) {
	t.Helper()
	if _, _, err := w.CreateOperator(t.Context(), w.admin, reeve.Operator{Name: "ann", Role: role}, anns); err != nil {
		t.Fatal(err)
	}
}

func (w *world) enter(t *testing.T, name, password string) control.Entry {
	t.Helper()
	in, err := w.EnterPassword(t.Context(), name, password, here)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func (w *world) session(t *testing.T, secret string) (control.SignedIn, error) {
	t.Helper()
	return w.Session(t.Context(), secret, here)
}

func TestSessions(t *testing.T) {
	w := newWorld(t)
	w.ann(t, reeve.RoleOperator)
	in := w.enter(t, "ann", anns)
	if !isSecret(in.Secret) || in.Pending != "" || w.enter(t, "ann", anns).Secret == in.Secret {
		t.Errorf("signed in: %+v", in)
	}
	got, err := w.session(t, in.Secret)
	must(err)
	if got.Caller.Actor != "operator:ann" || got.Caller.Source != reeve.FromConsole || got.Account.No != w.admin.Account ||
		got.Caller.Address != here.Address || got.Session.Address != here.Address || got.Session.Browser != here.Browser || got.Session.How != "password" {
		t.Errorf("the session is %+v", got)
	}
	if err := control.Allow(got.Caller, reeve.Write); err != nil {
		t.Error(err)
	}
	for what, secret := range map[string]string{"nothing": "", "another secret": strings.Repeat("A", 48)} {
		_, err := w.session(t, secret)
		wantKind(t, what, err, reeve.Denied)
	}

	// What the operator may do is what he may do now.
	role := reeve.RoleViewer
	_, _, err = w.ChangeOperator(t.Context(), w.admin, "ann", control.OperatorChange{Role: &role})
	must(err)
	got, err = w.session(t, in.Secret)
	must(err)
	wantKind(t, "writing after the role was taken", control.Allow(got.Caller, reeve.Write), reeve.Forbidden)

	list, err := w.Sessions(t.Context(), got.Caller)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d sessions, %v", len(list), err)
	}
	must(w.EndOtherSessions(t.Context(), got.Caller, got.Session.ID))
	if list, err := w.OperatorSessions(t.Context(), w.admin, "ann"); err != nil || len(list) != 1 || list[0].ID != got.Session.ID {
		t.Errorf("after ending the others: %+v, %v", list, err)
	}
	must(w.EndSession(t.Context(), got.Caller, got.Session.ID))
	_, err = w.session(t, in.Secret)
	wantKind(t, "after signing out", err, reeve.Denied)
	in = w.enter(t, "ann", anns)
	must(w.EndOperatorSessions(t.Context(), w.admin, "ann", ""))
	_, err = w.session(t, in.Secret)
	wantKind(t, "after an administrator ended it", err, reeve.Denied)
	_, stranger := w.further(t, "acme")
	if list, err := w.OperatorSessions(t.Context(), stranger, "ann"); err != nil || len(list) != 0 {
		t.Errorf("another account's administrator sees %+v, %v", list, err)
	}
	wantKind(t, "ending another account's", w.EndOperatorSessions(t.Context(), stranger, "ann", ""), reeve.NotFound)
	rows := w.audit(t, w.admin.Account, "signed_in", "signed_out", "sessions_ended")
	if len(rows) != 6 || rows[0].Source != reeve.FromConsole || rows[0].Actor != "operator:ann" {
		t.Errorf("the log has %d rows: %+v", len(rows), rows)
	}
}

func TestSessionsEnd(t *testing.T) {
	for what, end := range map[string]func(*world) error{
		"twelve hours without use": func(w *world) error { w.clock.advance(12 * time.Hour); return nil },
		"a week of use": func(w *world) error {
			in := w.enter(t, "ann", anns)
			for range 7 * 24 {
				if _, err := w.session(t, in.Secret); err != nil {
					return err
				}
				w.clock.advance(time.Hour)
			}
			_, err := w.session(t, in.Secret)
			wantKind(t, "the session that was used", err, reeve.Denied)
			return nil
		},
		"a new password": func(w *world) error {
			empty := ""
			_, _, err := w.ChangeOperator(t.Context(), w.admin, "ann", control.OperatorChange{Password: &empty})
			return err
		},
		"a reset":               func(w *world) error { _, err := w.ResetOperator(t.Context(), "ann"); return err },
		"removing the operator": func(w *world) error { return w.RemoveOperator(t.Context(), w.admin, "ann") },
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.ann(t, reeve.RoleViewer)
			in := w.enter(t, "ann", anns)
			must(end(w))
			_, err := w.session(t, in.Secret)
			wantKind(t, "the session", err, reeve.Denied)
		})
	}
}

func TestOwnPassword(t *testing.T) {
	w := newWorld(t)
	w.ann(t, reeve.RoleViewer)
	in := w.enter(t, "ann", anns)
	ann, err := w.session(t, in.Secret)
	must(err)
	_, err = w.ChangePassword(t.Context(), ann.Caller, "wrong", "a longer password", here)
	wantKind(t, "with a wrong password", err, reeve.Denied)
	_, err = w.ChangePassword(t.Context(), ann.Caller, anns, "short", here)
	wantKind(t, "to a short one", err, reeve.Invalid)
	next, err := w.ChangePassword(t.Context(), ann.Caller, anns, "a longer password", here)
	must(err)
	_, err = w.session(t, in.Secret)
	wantKind(t, "the session of before", err, reeve.Denied)
	if _, err := w.session(t, next.Secret); err != nil {
		t.Error(err)
	}
	w.enter(t, "ann", "a longer password")
}

func TestProof(t *testing.T) {
	w := newWorld(t)
	w.ann(t, reeve.RoleViewer)
	in := w.enter(t, "ann", anns)
	must(w.NeedProof(in.Session))
	w.clock.advance(10 * time.Minute)
	if err := w.NeedProof(in.Session); err != error(control.ErrProve) {
		t.Errorf("ten minutes later: %v", err)
	}
	wantKind(t, "a wrong password", w.Prove(t.Context(), in.Session, "wrong", here), reeve.Denied)
	must(w.Prove(t.Context(), in.Session, anns, here))
	got, err := w.session(t, in.Secret)
	must(err)
	must(w.NeedProof(got.Session))
}

// Guesses are slowed down, for a name at an address first; where the operator is
// signed in, guesses from elsewhere do not count.
func TestLockOut(t *testing.T) {
	w := newWorld(t)
	w.ann(t, reeve.RoleViewer)
	guess := func(address, password string) error {
		_, err := w.EnterPassword(t.Context(), "ann", password, control.From{Address: address})
		return err
	}
	for range 5 {
		wantKind(t, "a guess", guess("198.51.100.1", "wrong"), reeve.Denied)
	}
	wantKind(t, "the right password after five guesses", guess("198.51.100.1", anns), reeve.Limited)
	must(guess("192.0.2.7", anns)) // from elsewhere he gets in
	for i, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		w.clock.advance(wait - time.Microsecond)
		wantKind(t, fmt.Sprint("too early, after ", i), guess("198.51.100.1", "wrong"), reeve.Limited)
		w.clock.advance(time.Microsecond)
		wantKind(t, fmt.Sprint("in time, after ", i), guess("198.51.100.1", "wrong"), reeve.Denied)
	}
	for i := range 20 {
		guess(fmt.Sprint("203.0.113.", i), "wrong")
	}
	wantKind(t, "a new address after many guesses", guess("203.0.113.99", anns), reeve.Limited)
	must(guess("192.0.2.7", anns)) // he is signed in there
	w.clock.advance(24 * time.Hour)
	must(guess("198.51.100.1", anns))
	if err := guess("198.51.100.1", "wrong"); reeve.KindOf(err) != reeve.Denied {
		t.Errorf("after signing in: %v", err)
	}
	_, err := w.EnterPassword(t.Context(), "nobody", "wrong", here)
	wantKind(t, "nobody", err, reeve.Denied)
	if rows := w.audit(t, w.admin.Account, "sign_in_locked"); len(rows) != 2 {
		t.Errorf("locked out: %+v", rows)
	}
	if rows := w.audit(t, w.admin.Account, "sign_in_failed"); len(rows) != 24 || rows[0].Outcome != "denied" {
		t.Errorf("%d failures are in the log", len(rows))
	}
}

// codeOf is what an authenticator app with the secret shows.
func codeOf(secret string, at time.Time) string {
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	must(err)
	mac := hmac.New(sha1.New, raw)
	binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

func TestSecondFactor(t *testing.T) {
	w := newWorld(t)
	w.ann(t, reeve.RoleViewer)
	signed, err := w.session(t, w.enter(t, "ann", anns).Secret)
	must(err)
	ann := signed.Caller
	made, err := w.BeginFactor(t.Context(), ann)
	must(err)
	if len(made.Secret) != 32 || !strings.HasPrefix(made.URI, "otpauth://totp/Reeve:ann?") || !strings.Contains(made.URI, "secret="+made.Secret) {
		t.Errorf("the app is given %+v", made)
	}
	if in := w.enter(t, "ann", anns); in.Pending != "" {
		t.Error("an app counts that nobody confirmed")
	}
	_, err = w.ConfirmFactor(t.Context(), ann, "000000")
	wantKind(t, "a wrong code to confirm", err, reeve.Denied)
	recovery, err := w.ConfirmFactor(t.Context(), ann, codeOf(made.Secret, w.clock.Now()))
	must(err)
	if len(recovery) != 10 || recovery[0] == recovery[1] {
		t.Errorf("recovery codes %v", recovery)
	}
	_, err = w.BeginFactor(t.Context(), ann)
	wantKind(t, "a second app", err, reeve.Conflict)

	enter := func(code string) error {
		t.Helper()
		in := w.enter(t, "ann", anns)
		if in.Pending == "" || in.Secret != "" {
			t.Fatalf("the password alone signs in: %+v", in)
		}
		got, err := w.EnterCode(t.Context(), in.Pending, code, here)
		if err == nil {
			_, again := w.EnterCode(t.Context(), in.Pending, code, here)
			wantKind(t, "the same again", again, reeve.Denied)
			if _, err := w.session(t, got.Secret); err != nil {
				t.Error(err)
			}
		}
		return err
	}
	wantKind(t, "the code that confirmed", enter(codeOf(made.Secret, w.clock.Now())), reeve.Denied)
	w.clock.advance(time.Minute)
	must(enter(codeOf(made.Secret, w.clock.Now())))
	wantKind(t, "the code of before", enter(codeOf(made.Secret, w.clock.Now().Add(-30*time.Second))), reeve.Denied)
	must(enter(codeOf(made.Secret, w.clock.Now().Add(30*time.Second)))) // a clock that is fast
	wantKind(t, "a code of long ago", enter(codeOf(made.Secret, noon.Add(-time.Hour))), reeve.Denied)
	must(enter(strings.ToLower(recovery[3][:5]) + " " + recovery[3][5:]))
	wantKind(t, "a recovery code again", enter(recovery[3]), reeve.Denied)
	if has, left, err := w.HasFactor(t.Context(), ann); !has || left != 9 || err != nil {
		t.Errorf("has %v, %d left, %v", has, left, err)
	}
	w.clock.advance(time.Hour)
	in := w.enter(t, "ann", anns)
	w.clock.advance(5 * time.Minute)
	_, err = w.EnterCode(t.Context(), in.Pending, codeOf(made.Secret, w.clock.Now()), here)
	wantKind(t, "after five minutes", err, reeve.Denied)

	other, err := w.RenewRecoveryCodes(t.Context(), ann)
	must(err)
	wantKind(t, "a recovery code of before", enter(recovery[0]), reeve.Denied)
	must(enter(other[0]))
	wantKind(t, "removing with a wrong password", w.RemoveFactor(t.Context(), ann, "wrong", here), reeve.Denied)
	must(w.RemoveFactor(t.Context(), ann, anns, here))
	if in := w.enter(t, "ann", anns); in.Secret == "" {
		t.Error("a code is asked for of an app that was removed")
	}
}

// Who has lost app and codes is let in by an administrator, or on the server.
func TestFactorReset(t *testing.T) {
	for what, reset := range map[string]func(*world) (string, error){
		"an administrator": func(w *world) (string, error) { return anns, w.ResetFactor(t.Context(), w.admin, "ann") },
		"on the server":    func(w *world) (string, error) { return w.ResetOperator(t.Context(), "ann") },
	} {
		w := newWorld(t)
		w.ann(t, reeve.RoleViewer)
		signed, err := w.session(t, w.enter(t, "ann", anns).Secret)
		must(err)
		made, err := w.BeginFactor(t.Context(), signed.Caller)
		must(err)
		_, err = w.ConfirmFactor(t.Context(), signed.Caller, codeOf(made.Secret, w.clock.Now()))
		must(err)
		password, err := reset(w)
		must(err)
		if in := w.enter(t, "ann", password); in.Secret == "" {
			t.Errorf("%s: a code is still asked for", what)
		}
	}
}

func TestFirstRun(t *testing.T) {
	w := newWorld(t)
	o, err := w.FirstRun(t.Context(), w.boot.FirstRun)
	if err != nil || o.Name != w.boot.Operator {
		t.Fatalf("the link of set-up is for %+v, %v", o, err)
	}
	_, err = w.ChooseFirstPassword(t.Context(), w.boot.FirstRun, "short", here)
	wantKind(t, "a short password", err, reeve.Invalid)
	in, err := w.ChooseFirstPassword(t.Context(), w.boot.FirstRun, anns, here)
	must(err)
	if _, err := w.session(t, in.Secret); err != nil {
		t.Error(err)
	}
	_, err = w.CheckPassword(t.Context(), w.boot.Operator, w.boot.Password)
	wantKind(t, "the password of before", err, reeve.Denied)
	for what, secret := range map[string]string{"the link again": w.boot.FirstRun, "no link": "x"} {
		_, err := w.FirstRun(t.Context(), secret)
		wantKind(t, what, err, reeve.NotFound)
		_, err = w.ChooseFirstPassword(t.Context(), secret, anns, here)
		wantKind(t, what, err, reeve.NotFound)
	}

	w.ann(t, reeve.RoleViewer)
	invited := func() string {
		secret, until, err := w.Invite(t.Context(), w.admin, "ann")
		must(err)
		if want := w.clock.Now().Add(24 * time.Hour); !until.Equal(want) {
			t.Errorf("good until %v, want %v", until, want)
		}
		return secret
	}
	first, second := invited(), invited()
	_, err = w.FirstRun(t.Context(), first)
	wantKind(t, "a link that another replaced", err, reeve.NotFound)
	w.enter(t, "ann", anns)
	_, err = w.FirstRun(t.Context(), second)
	wantKind(t, "a link of who has signed in", err, reeve.NotFound)
	third := invited()
	w.clock.advance(24 * time.Hour)
	_, err = w.FirstRun(t.Context(), third)
	wantKind(t, "a link after a day", err, reeve.NotFound)
	in, err = w.ChooseFirstPassword(t.Context(), invited(), "another of her own", here)
	if err != nil || in.Secret == "" {
		t.Errorf("an invitation: %+v, %v", in, err)
	}
}
