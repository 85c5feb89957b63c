package console_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
	"reeve/internal/passkeytest"
)

// codeAt is what an authenticator app shows (RFC 6238).
func codeAt(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// shown are what a page has in its code elements.
func shown(page string) (found []string) {
	for _, one := range regexp.MustCompile(`<code[^>]*>([^<]*)</code>`).FindAllStringSubmatch(page, -1) {
		found = append(found, one[1])
	}
	return found
}

func TestAnAuthenticatorAppIsAskedAtSignIn(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	h := doortest.Open(t, doortest.Options{Now: func() time.Time { return now }})
	admin := h.SignIn("admin", h.First.Password)
	page := admin.Post("/console/me/app", nil)
	secrets := shown(page.Body.String())
	if page.Code != http.StatusOK || len(secrets) != 1 || !strings.Contains(page.Body.String(), `<svg class="qr"`) {
		t.Fatalf("%d %s", page.Code, page.Body)
	}
	if got := admin.Post("/console/me/app/confirm", url.Values{"code": {"000000"}}); got.Code != http.StatusUnauthorized || !strings.Contains(got.Body.String(), `name="code"`) ||
		!slices.Equal(shown(got.Body.String()), secrets) || !strings.Contains(got.Body.String(), `<svg class="qr"`) {
		t.Errorf("a wrong code: %d, %v", got.Code, shown(got.Body.String()))
	}
	confirmed := admin.Post("/console/me/app/confirm", url.Values{"code": {codeAt(t, secrets[0], now)}})
	codes := shown(confirmed.Body.String())
	if confirmed.Code != http.StatusOK || len(codes) != 10 {
		t.Fatalf("%d, %d recovery codes", confirmed.Code, len(codes))
	}

	signIn := func(code string) (*doortest.Visitor, int) {
		t.Helper()
		v := h.Visitor()
		asked := v.Post("/console/sign-in", url.Values{"name": {"admin"}, "password": {h.First.Password}, "next": {"me"}})
		pending := regexp.MustCompile(`name="pending" value="([^"]+)"`).FindStringSubmatch(asked.Body.String())
		if asked.Code != http.StatusOK || pending == nil {
			t.Fatalf("no code is asked for: %d", asked.Code)
		}
		if got := v.Get("/console/me"); got.Code != http.StatusSeeOther {
			t.Errorf("half a sign-in opens pages: %d", got.Code)
		}
		got := v.Post("/console/sign-in/code", url.Values{"pending": {pending[1]}, "code": {code}, "next": {"me"}})
		return v, got.Code
	}
	now = now.Add(time.Minute)
	if _, got := signIn("000000"); got != http.StatusUnauthorized {
		t.Errorf("a wrong code: %d", got)
	}
	if v, got := signIn(codeAt(t, secrets[0], now)); got != http.StatusSeeOther || v.Get("/console/me").Code != http.StatusOK {
		t.Errorf("the right code: %d", got)
	}
	if _, got := signIn(codes[3]); got != http.StatusSeeOther {
		t.Errorf("a recovery code: %d", got)
	}
	if page := admin.Get("/console/me").Body.String(); !strings.Contains(page, "9 recovery codes left") {
		t.Error("the page does not count the recovery codes")
	}
	if got := admin.Post("/console/me/app/codes", nil); got.Code != http.StatusOK || len(shown(got.Body.String())) != 10 {
		t.Errorf("new recovery codes: %d", got.Code)
	}
	if got := admin.Post("/console/me/app/remove", url.Values{"password": {"not this one"}}); got.Code != http.StatusUnauthorized {
		t.Errorf("removing the app with a wrong password: %d", got.Code)
	}
	if got := admin.Post("/console/me/app/remove", url.Values{"password": {h.First.Password}}); got.Code != http.StatusSeeOther {
		t.Errorf("removing the app: %d", got.Code)
	}
	h.SignIn("admin", h.First.Password)
}

// A passkey will do instead of a code.
func TestAPasskeyIsASecondFactor(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	admin, key := h.SignIn("admin", h.First.Password), passkeytest.New(t, doortest.PublicURL)
	q := ask(t, admin, "/console/me/passkeys/question")
	onward(t, admin.Send("/console/me/passkeys", map[string]any{"state": q.State, "answer": json.RawMessage(key.Make(t, q.Options)), "name": "stick"}))
	secrets := shown(admin.Post("/console/me/app", nil).Body.String())
	if got := admin.Post("/console/me/app/confirm", url.Values{"code": {codeAt(t, secrets[0], time.Now())}}); got.Code != http.StatusOK {
		t.Fatalf("the app: %d", got.Code)
	}
	key.Verified = false // a touch, no finger: the password came before
	v := h.Visitor()
	asked := v.Post("/console/sign-in", url.Values{"name": {"admin"}, "password": {h.First.Password}}).Body.String()
	pending := regexp.MustCompile(`name="pending" value="([^"]+)"`).FindStringSubmatch(asked)
	if pending == nil || !strings.Contains(asked, "data-passkey") {
		t.Fatal("the page offers no passkey")
	}
	var got question
	if err := json.Unmarshal(v.Send("/console/sign-in/passkey", map[string]any{"pending": pending[1]}).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	answer := map[string]any{"state": got.State, "answer": json.RawMessage(key.Sign(t, got.Options)), "next": "me"}
	if alone := h.Visitor().Send("/console/sign-in/passkey/answer", answer); alone.Code != http.StatusUnauthorized {
		t.Errorf("a touch without a password: %d", alone.Code)
	}
	answer["pending"] = pending[1]
	if path := onward(t, v.Send("/console/sign-in/passkey/answer", answer)); path != "/console/me" || v.Get(path).Code != http.StatusOK {
		t.Errorf("nobody is signed in, and goes to %s", path)
	}
}

// What adds a way to sign in, or takes a passkey away, wants to know that it is still the operator.
func TestOldSessionsProveWhoTheyAre(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	h := doortest.Open(t, doortest.Options{Now: func() time.Time { return now }})
	admin := h.SignIn("admin", h.First.Password)
	now = now.Add(time.Hour)
	page := admin.Get("/console/me").Body.String()
	if !strings.Contains(page, "/console/me/prove") || strings.Contains(page, "data-passkey") {
		t.Error("the page offers what would be refused")
	}
	adding := func() map[string]int {
		return map[string]int{
			"a passkey": admin.Send("/console/me/passkeys/question", struct{}{}).Code,
			"an app":    admin.Post("/console/me/app", nil).Code,
			"a link":    admin.Get("/console/me/link").Code,
			"removal":   admin.Post("/console/me/passkeys/none/remove", nil).Code,
		}
	}
	for what, got := range adding() {
		if got != http.StatusForbidden {
			t.Errorf("%s after an hour: %d", what, got)
		}
	}
	if got := admin.Post("/console/me/prove", url.Values{"password": {"not this one"}}); got.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", got.Code)
	}
	if got := admin.Post("/console/me/prove", url.Values{"password": {h.First.Password}}); got.Code != http.StatusSeeOther {
		t.Errorf("the password: %d", got.Code)
	}
	for what, got := range adding() {
		if got == http.StatusForbidden {
			t.Errorf("%s after the proof: %d", what, got)
		}
	}
}

func TestSessionsAndPasswords(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	h.Operator(reeve.Operator{Name: "ann", Role: reeve.RoleViewer})
	_, password, err := h.Rules.ChangeOperator(t.Context(), h.Admin(), "ann", control.OperatorChange{Password: new(string)})
	if err != nil {
		t.Fatal(err)
	}
	here, there := h.SignIn("ann", password), h.SignIn("ann", password)
	page := here.Get("/console/me").Body.String()
	ids := regexp.MustCompile(`name="id" value="([0-9a-f]{32})"`).FindAllStringSubmatch(page, -1)
	if len(ids) != 1 {
		t.Fatalf("%d sessions can be ended", len(ids))
	}
	stranger := h.SignIn("admin", h.First.Password)
	if got := stranger.Post("/console/me/sessions/end", url.Values{"id": {ids[0][1]}}); got.Code != http.StatusNotFound {
		t.Errorf("somebody else's session: %d", got.Code)
	}
	if got := here.Post("/console/me/sessions/end", url.Values{"id": {ids[0][1]}}); got.Code != http.StatusSeeOther {
		t.Errorf("ending a session: %d", got.Code)
	}
	if there.Get("/console/me").Code != http.StatusSeeOther || here.Get("/console/me").Code != http.StatusOK {
		t.Error("the wrong session has ended")
	}
	there = h.SignIn("ann", password)
	if here.Post("/console/me/sessions/end", nil); there.Get("/console/me").Code != http.StatusSeeOther || here.Get("/console/me").Code != http.StatusOK {
		t.Error("not all other sessions have ended, or this one has")
	}

	there = h.SignIn("ann", password)
	wrong := url.Values{"present": {"not this one"}, "password": {"correct horse battery"}}
	if got := here.Post("/console/me/password", wrong); got.Code != http.StatusUnauthorized {
		t.Errorf("a wrong present password: %d", got.Code)
	}
	if got := here.Post("/console/me/password", url.Values{"present": {password}, "password": {"short"}}); got.Code != http.StatusBadRequest {
		t.Errorf("a short password: %d", got.Code)
	}
	if got := here.Post("/console/me/password", url.Values{"present": {password}, "password": {"correct horse battery"}}); got.Code != http.StatusSeeOther {
		t.Errorf("another password: %d", got.Code)
	}
	if there.Get("/console/me").Code != http.StatusSeeOther || here.Get("/console/me").Code != http.StatusOK {
		t.Error("after another password this session has ended, or others go on")
	}
	h.SignIn("ann", "correct horse battery")
}

func TestTheFirstPassword(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	secret := h.First.FirstRun
	somebody := h.Visitor()
	if got := somebody.Get("/console/first/" + secret); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "Welcome, admin") {
		t.Fatalf("the page of the link: %d", got.Code)
	}
	if got := somebody.Post("/console/first/"+secret, url.Values{"password": {"short"}}); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), `name="password"`) {
		t.Errorf("a short password: %d", got.Code)
	}
	if got := somebody.Post("/console/first/"+secret, url.Values{"password": {"correct horse battery"}}); got.Code != http.StatusSeeOther {
		t.Errorf("a password: %d", got.Code)
	}
	if got := somebody.Get("/console/me"); got.Code != http.StatusOK {
		t.Errorf("nobody is signed in: %d", got.Code)
	}
	for _, path := range []string{secret, "nothing"} {
		if got := h.Visitor().Get("/console/first/" + path); got.Code != http.StatusNotFound {
			t.Errorf("a link that is not good: %d", got.Code)
		}
	}
	h.SignIn("admin", "correct horse battery")
}
