package passkey

import (
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/keys"
	"reeve/internal/passkeytest"
)

const origin = "https://reeve.example.org:8443"

// A house is a party with a clock to turn, and the passkeys that it knows.
type house struct {
	*Party
	now   time.Time
	known map[string]reeve.Passkey
}

func newHouse(t *testing.T, public string) *house {
	t.Helper()
	h := &house{now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), known: map[string]reeve.Passkey{}}
	own, err := keys.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := own.Vault("passkeys")
	if err != nil {
		t.Fatal(err)
	}
	if h.Party, err = Open(public, vault, func() time.Time { return h.now }); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) find(id string) (reeve.Passkey, error) {
	if k, ok := h.known[id]; ok {
		return k, nil
	}
	return reeve.Passkey{}, reeve.Errorf(reeve.NotFound, "there is no such passkey")
}

// add makes a passkey for the operator on the key.
func (h *house) add(t *testing.T, operator string, key *passkeytest.Key) reeve.Passkey {
	t.Helper()
	q, err := h.AskNew(operator, nil)
	if err != nil {
		t.Fatal(err)
	}
	k, _, err := h.CheckNew(operator, q.State, key.Make(t, q.Options))
	if err != nil {
		t.Fatal(err)
	}
	h.known[k.ID] = k
	return k
}

func (h *house) ask(t *testing.T, operator string, has ...reeve.Passkey) reeve.PasskeyQuestion {
	t.Helper()
	q, err := h.Ask(operator, has)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestAPasskeySignsIn(t *testing.T) {
	h := newHouse(t, origin)
	key := passkeytest.New(t, origin)
	made := h.add(t, "ann", key)
	if made.Operator != "ann" || made.ID == "" || made.Counter != 1 {
		t.Errorf("made %+v", made)
	}
	for _, operator := range []string{"", "ann"} {
		q := h.ask(t, operator, made)
		key.Counter += 5
		got, err := h.Check(operator, q.State, key.Sign(t, q.Options), h.find)
		if err != nil {
			t.Fatalf("asked for %q: %v", operator, err)
		}
		if k := got.Passkey; k.Operator != "ann" || k.Suspect || k.Counter <= got.Counter || !k.Used.Equal(h.now) {
			t.Errorf("asked for %q: %+v", operator, got)
		}
		if got.OneUse.Mark == "" || !got.OneUse.Until.Equal(h.now.Add(Life)) {
			t.Errorf("its use is %+v", got.OneUse)
		}
	}
	if q, err := h.AskNew("ann", []reeve.Passkey{made}); err != nil || !strings.Contains(string(q.Options), made.ID) {
		t.Errorf("a second key may be made on the device of the first: %s, %v", q.Options, err)
	}
}

func TestWhatDoesNotFitIsDenied(t *testing.T) {
	h := newHouse(t, origin)
	key, others, synced := passkeytest.New(t, origin), passkeytest.New(t, origin), passkeytest.New(t, origin)
	ann, bob := h.add(t, "ann", key), h.add(t, "bob", others)
	synced.Counter = 0
	h.add(t, "ann", synced)
	answer := func(t *testing.T, by *passkeytest.Key, operator string, change func(*passkeytest.Key)) error {
		q := h.ask(t, operator, ann)
		if operator == "bob" {
			q = h.ask(t, operator, bob)
		}
		by.Counter += 10
		other := *by
		change(&other)
		_, err := h.Check(operator, q.State, other.Sign(t, q.Options), h.find)
		return err
	}
	for what, err := range map[string]error{
		"a page of somebody else's":            answer(t, key, "", func(k *passkeytest.Key) { k.Origin = "https://reeve.example.com:8443" }),
		"another port":                         answer(t, key, "", func(k *passkeytest.Key) { k.Origin = "https://reeve.example.org" }),
		"a holder who was not verified":        answer(t, key, "", func(k *passkeytest.Key) { k.Verified = false }),
		"another operator's handle":            answer(t, key, "", func(k *passkeytest.Key) { k.Handle = others.Handle }),
		"no handle":                            answer(t, key, "", func(k *passkeytest.Key) { k.Handle = nil }),
		"a key that nobody knows":              answer(t, key, "", func(k *passkeytest.Key) { k.ID = []byte("somebody's") }),
		"one key under the name of another":    answer(t, key, "", func(k *passkeytest.Key) { k.ID, k.Handle = others.ID, others.Handle }),
		"another operator's key":               answer(t, others, "ann", func(*passkeytest.Key) {}),
		"another operator's key with a handle": answer(t, key, "bob", func(k *passkeytest.Key) { k.Handle = others.Handle }),
	} {
		if err == nil || reeve.KindOf(err) != reeve.Denied {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := answer(t, key, "ann", func(k *passkeytest.Key) { k.Verified = false }); err != nil {
		t.Errorf("beside a password a touch is enough: %v", err)
	}
	q := h.ask(t, "")
	got, err := h.Check("", q.State, func() []byte { k := *key; k.Counter = 0; return k.Sign(t, q.Options) }(), h.find)
	if err != nil || !got.Passkey.Suspect || got.Passkey.Counter != 1 {
		t.Errorf("a counter that went back: %+v, %v", got.Passkey, err)
	}
	synced.Counter = 0
	q = h.ask(t, "")
	if got, err := h.Check("", q.State, synced.Sign(t, q.Options), h.find); err != nil || got.Passkey.Suspect {
		t.Errorf("a key that does not count: %+v, %v", got.Passkey, err)
	}
}

func TestAStateIsForItsQuestion(t *testing.T) {
	h := newHouse(t, origin)
	key := passkeytest.New(t, origin)
	made := h.add(t, "ann", key)
	forAnyone, forAnn := h.ask(t, ""), h.ask(t, "ann", made)
	stale := h.ask(t, "")
	key.Counter = 50
	for what, err := range map[string]error{
		"a state for another purpose": second(h.Check("ann", forAnyone.State, key.Sign(t, forAnyone.Options), h.find)),
		"a state of another question": second(h.Check("", forAnyone.State, key.Sign(t, stale.Options), h.find)),
		"a second factor alone":       second(h.Check("", forAnn.State, key.Sign(t, forAnn.Options), h.find)),
		"no state":                    second(h.Check("", "", key.Sign(t, forAnyone.Options), h.find)),
		"a state made up":             second(h.Check("", "AAAA", key.Sign(t, forAnyone.Options), h.find)),
		"an answer that is none":      second(h.Check("", forAnyone.State, []byte("{}"), h.find)),
	} {
		if err == nil || reeve.KindOf(err) != reeve.Denied {
			t.Errorf("%s: %v", what, err)
		}
	}
	q, err := h.AskNew("ann", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.CheckNew("bob", q.State, key.Make(t, q.Options)); reeve.KindOf(err) != reeve.Denied {
		t.Errorf("a key made for ann becomes bob's: %v", err)
	}
	h.now = h.now.Add(Life)
	if _, err := h.Check("", stale.State, key.Sign(t, stale.Options), h.find); reeve.KindOf(err) != reeve.Denied || err == nil {
		t.Errorf("an answer that came too late: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestPasskeysBelongToNames(t *testing.T) {
	for public, ok := range map[string]bool{
		"https://reeve.example.org":   true,
		"https://Reeve.Example.Org/":  true,
		"http://localhost:8443":       true,
		"https://127.0.0.1:8443":      false,
		"https://[2001:db8::1]":       false,
		"http://reeve.example.org":    false,
		"https://192.0.2.1":           false,
		"":                            false,
		"https://":                    false,
		"https://reeve.example.org:1": true,
	} {
		if _, err := Open(public, nil, time.Now); (err == nil) != ok {
			t.Errorf("%q: %v", public, err)
		}
	}
}
