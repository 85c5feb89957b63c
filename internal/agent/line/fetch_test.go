package line_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"reeve/internal/agent/line"
	"reeve/internal/agent/linetest"
	"reeve/internal/link"
)

func TestFetch(t *testing.T) {
	s := linetest.Start(t, true)
	door, err := line.Open(s.URL, s.Pin)
	if err != nil {
		t.Fatal(err)
	}
	key := line.NewKey()
	m, err := door.Enrol(t.Context(), key, linetest.Code, link.Hello{})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := line.NewTrust(m.Root, m.RootCert)
	if err != nil {
		t.Fatal(err)
	}
	content := []byte(strings.Repeat("signature ", 100_000))
	files := map[string][]byte{"00ff": content, "00fe": {}}
	s.Settle(5, "{}", files, false)
	got, err := door.Settings(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	session := line.Session{Trust: trust, Place: m.Place}
	if err := session.CheckSettings(got, 5); err != nil || got.Revision != 5 || string(got.Content) != "{}" {
		t.Errorf("%+v: %v", got, err)
	}
	if err := session.CheckSettings(got, 6); !errors.Is(err, line.ErrOlder) {
		t.Errorf("older settings: %v", err)
	}
	session.Place.Account++
	if err := session.CheckSettings(got, 0); err == nil {
		t.Error("settings of another account")
	}
	for _, whole := range []bool{false, true} {
		s.Settle(5, "{}", files, whole)
		for _, from := range []int64{0, 1, 999_999} {
			s.DropWeb() // also the connection that was kept
			var b bytes.Buffer
			if err := door.Fetch(t.Context(), key, "00ff", from, int64(len(content)), &b); err != nil || !bytes.Equal(b.Bytes(), content[from:]) {
				t.Errorf("from %d: %d bytes, %v", from, b.Len(), err)
			}
		}
		var none, more bytes.Buffer
		if err := door.Fetch(t.Context(), key, "00fe", 0, 0, &none); err != nil || none.Len() > 0 {
			t.Errorf("an empty file: %v", err)
		}
		if err := door.Fetch(t.Context(), key, "00ff", 0, 10, &more); err == nil || more.Len() > 0 {
			t.Errorf("more than was announced: %d bytes, %v", more.Len(), err)
		}
	}
	err = door.Fetch(t.Context(), key, "00aa", 0, 10, new(bytes.Buffer))
	if refusal, ok := errors.AsType[*line.Refusal](err); !ok || refusal.Status != 404 {
		t.Errorf("a file that is not there: %v", err)
	}
}
