package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/doortest"
	"reeve/internal/passkeytest"
)

// question is what the pages' script gets, and takes back with an answer.
type question struct {
	State   string          `json:"state"`
	Options json.RawMessage `json:"options"`
}

func ask(t *testing.T, who *doortest.Visitor, path string) question {
	t.Helper()
	var q question
	got := who.Send(path, struct{}{})
	if err := json.Unmarshal(got.Body.Bytes(), &q); err != nil || got.Code != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", path, got.Code, got.Body, err)
	}
	return q
}

// onward returns where an answer sends the script.
func onward(t *testing.T, got *httptest.ResponseRecorder) string {
	t.Helper()
	var to struct {
		Path string `json:"path"`
	}
	if err := json.Unmarshal(got.Body.Bytes(), &to); err != nil || got.Code != http.StatusOK {
		t.Fatalf("%d %s, %v", got.Code, got.Body, err)
	}
	return to.Path
}

func TestAPasskeyIsAddedAndSignsIn(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	ann := h.Operator(reeve.Operator{Name: "ann", Role: reeve.RoleViewer})
	key := passkeytest.New(t, doortest.PublicURL)
	q := ask(t, ann, "/console/me/passkeys/question")
	add := map[string]any{"state": q.State, "answer": json.RawMessage(key.Make(t, q.Options)), "name": "<b>laptop"}
	if path := onward(t, ann.Send("/console/me/passkeys", add)); path != "/console/me" {
		t.Errorf("after adding one goes to %s", path)
	}
	page := ann.Get("/console/me").Body.String()
	for _, want := range []string{"&lt;b&gt;laptop", "The passkey &lt;b&gt;laptop was added."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}

	somebody := h.Visitor()
	if page := somebody.Get("/console/sign-in").Body.String(); !strings.Contains(page, "Use a passkey") {
		t.Error("the page does not offer passkeys")
	}
	q = ask(t, somebody, "/console/sign-in/passkey")
	answer := map[string]any{"state": q.State, "answer": json.RawMessage(key.Sign(t, q.Options)), "next": "devices?search=x"}
	if path := onward(t, somebody.Send("/console/sign-in/passkey/answer", answer)); path != "/console/devices?search=x" {
		t.Errorf("after signing in one goes to %s", path)
	}
	if got := somebody.Get("/console/me"); !strings.Contains(got.Body.String(), ">ann<") {
		t.Errorf("nobody is signed in: %d", got.Code)
	}
	again := h.Visitor().Send("/console/sign-in/passkey/answer", answer)
	if again.Code != http.StatusConflict && again.Code != http.StatusUnauthorized {
		t.Errorf("the same answer signs in again: %d %s", again.Code, again.Body)
	}

	if got := ann.Post("/console/me/passkeys/nobody/remove", nil); got.Code != http.StatusNotFound {
		t.Errorf("a passkey that is not there: %d", got.Code)
	}
	keys, err := h.Store.Passkeys(t.Context(), h.Account().No, "ann")
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	admin := h.SignIn("admin", h.First.Password)
	remove := "/console/me/passkeys/" + keys[0].ID + "/remove"
	if got := admin.Post(remove, nil); got.Code != http.StatusNotFound {
		t.Errorf("a colleague's passkey: %d", got.Code)
	}
	if got := ann.Post(remove, nil); got.Code != http.StatusSeeOther {
		t.Errorf("removing: %d", got.Code)
	}
	q = ask(t, somebody, "/console/sign-in/passkey")
	answer = map[string]any{"state": q.State, "answer": json.RawMessage(key.Sign(t, q.Options))}
	got := somebody.Send("/console/sign-in/passkey/answer", answer)
	var said struct {
		Message string `json:"error_description"`
	}
	if err := json.Unmarshal(got.Body.Bytes(), &said); err != nil || got.Code != http.StatusUnauthorized || said.Message == "" {
		t.Errorf("a passkey that was removed: %d %s, %v", got.Code, got.Body, err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	h := doortest.Open(t, doortest.Options{})
	somebody := h.Visitor()
	q := ask(t, somebody, "/console/sign-in/passkey")
	for what, body := range map[string]any{
		"nothing":           nil,
		"a text":            "x",
		"no answer":         map[string]any{"state": q.State},
		"an answer of text": map[string]any{"state": q.State, "answer": "x"},
		"too much":          map[string]any{"state": strings.Repeat("x", 1<<20)},
	} {
		if got := somebody.Send("/console/sign-in/passkey/answer", body); got.Code != http.StatusBadRequest && got.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", what, got.Code, got.Body)
		}
	}
	if got := somebody.Send("/console/sign-in/passkey/answer", map[string]any{}, "Sec-Fetch-Site: cross-site"); got.Code != http.StatusForbidden {
		t.Errorf("another site: %d", got.Code)
	}
}
