package control_test

import (
	"errors"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/passkey"
	"reeve/internal/passkeytest"
)

const console = "https://reeve.example.org"

// glass seals nothing, but notices another owner.
type glass struct{}

func (glass) Seal(owner, secret string) []byte { return []byte(owner + "\x00" + secret) }

func (glass) Open(owner string, sealed []byte) (string, error) {
	if n := len(owner); len(sealed) > n && string(sealed[:n+1]) == owner+"\x00" {
		return string(sealed[n+1:]), nil
	}
	return "", errors.New("sealed for something else")
}

// passkeys returns a Control over the world that offers passkeys.
func (w *world) passkeys(t *testing.T) *control.Control {
	t.Helper()
	party, err := passkey.Open(console, glass{}, w.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return control.New(w.store, nil, nil, control.Options{Now: w.clock.Now, Passkeys: party})
}

func addPasskey(t *testing.T, c *control.Control, caller reeve.Caller, key *passkeytest.Key) reeve.Passkey {
	t.Helper()
	q, err := c.AskNewPasskey(t.Context(), caller)
	if err != nil {
		t.Fatal(err)
	}
	k, err := c.AddPasskey(t.Context(), caller, " laptop ", q.State, key.Make(t, q.Options))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestPasskeys(t *testing.T) {
	w := newWorld(t)
	c, key := w.passkeys(t), passkeytest.New(t, console)
	ann, bob := w.colleague(t, "ann", reeve.RoleViewer), w.colleague(t, "bob", reeve.RoleAdministrator)
	made := addPasskey(t, c, ann, key)
	if made.Name != "laptop" || made.Operator != "ann" || !made.Created.Equal(noon) {
		t.Errorf("made %+v", made)
	}
	sign := func(operator string) (reeve.Operator, error) {
		t.Helper()
		q, err := c.AskPasskey(t.Context(), operator)
		if err != nil {
			t.Fatal(err)
		}
		answer := key.Sign(t, q.Options)
		o, err := c.CheckPasskey(t.Context(), control.From{Address: "192.0.2.7"}, operator, q.State, answer)
		if err == nil {
			_, again := c.CheckPasskey(t.Context(), control.From{}, operator, q.State, answer)
			if kind := reeve.KindOf(again); again == nil || kind != reeve.Denied && kind != reeve.Conflict {
				t.Errorf("one answer signs in twice: %v", again)
			}
		}
		return o, err
	}
	w.clock.advance(time.Hour)
	for _, operator := range []string{"", "ann"} {
		if o, err := sign(operator); err != nil || o.Name != "ann" {
			t.Errorf("asked for %q: %+v, %v", operator, o, err)
		}
	}
	if list, err := c.Passkeys(t.Context(), ann); err != nil || len(list) != 1 || !list[0].Used.Equal(noon.Add(time.Hour)) || list[0].Suspect {
		t.Errorf("the passkeys are %+v, %v", list, err)
	}
	if list, err := c.Passkeys(t.Context(), bob); err != nil || len(list) != 0 {
		t.Errorf("bob sees %+v, %v", list, err)
	}
	_, err := c.AskPasskey(t.Context(), "bob")
	wantKind(t, "asking for a passkey that bob does not have", err, reeve.NotFound)
	wantKind(t, "removing a colleague's", c.RemovePasskey(t.Context(), bob, made.ID), reeve.NotFound)

	key.Counter = 1 // as a copy would sign
	_, err = sign("")
	wantKind(t, "a counter that went back", err, reeve.Denied)
	key.Counter = 100
	_, err = sign("")
	wantKind(t, "the passkey after that", err, reeve.Denied)
	if err := c.RemovePasskey(t.Context(), ann, made.ID); err != nil {
		t.Fatal(err)
	}
	_, err = sign("")
	wantKind(t, "a passkey that was removed", err, reeve.Denied)
	w.wantEvents(t, "passkey_added", "passkey_refused", "passkey_refused", "passkey_removed")
}

func TestPasskeysOfOthersAndOfNobody(t *testing.T) {
	w := newWorld(t)
	c, key := w.passkeys(t), passkeytest.New(t, console)
	ann := w.colleague(t, "ann", reeve.RoleViewer)
	q, err := c.AskNewPasskey(t.Context(), ann)
	if err != nil {
		t.Fatal(err)
	}
	answer := key.Make(t, q.Options)
	bob := w.colleague(t, "bob", reeve.RoleViewer)
	_, err = c.AddPasskey(t.Context(), bob, "laptop", q.State, answer)
	wantKind(t, "the answer to a question for ann", err, reeve.Denied)
	_, err = c.AddPasskey(t.Context(), ann, "\n", q.State, answer)
	wantKind(t, "a name that is none", err, reeve.Invalid)
	if _, err = c.AddPasskey(t.Context(), ann, "laptop", q.State, answer); err != nil {
		t.Fatal(err)
	}
	_, err = c.AddPasskey(t.Context(), ann, "laptop", q.State, answer)
	wantKind(t, "the same answer again", err, reeve.Conflict)
	if err := w.RemoveOperator(t.Context(), w.admin, "ann"); err != nil {
		t.Fatal(err)
	}
	if q, err = c.AskPasskey(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	_, err = c.CheckPasskey(t.Context(), control.From{}, "", q.State, key.Sign(t, q.Options))
	wantKind(t, "a passkey of who is gone", err, reeve.Denied)

	if err := w.PasskeysOffered(); reeve.KindOf(err) != reeve.Unavailable || err == nil {
		t.Errorf("a server without passkeys offers them: %v", err)
	}
	why := reeve.Errorf(reeve.Unavailable, "the server has no name")
	if err := control.New(w.store, nil, nil, control.Options{NoPasskeys: why}).PasskeysOffered(); err != error(why) {
		t.Errorf("the reason is %v", err)
	}
	_, err = w.AskPasskey(t.Context(), "")
	wantKind(t, "asking where there are none", err, reeve.Unavailable)
}
