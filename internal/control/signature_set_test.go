package control_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"testing"

	"reeve"
)

// contents keeps files in memory.
type contents map[string][]byte

func (c contents) Put(_ context.Context, name string, r io.Reader, limit int64) (int64, string, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = reeve.Errorf(reeve.TooLarge, "the file is too large")
	}
	if err != nil {
		return 0, "", err
	}
	c[name] = b
	return int64(len(b)), "", nil
}

func (c contents) Open(_ context.Context, name string) (io.ReadSeekCloser, error) {
	b, ok := c[name]
	if !ok {
		return nil, reeve.Errorf(reeve.NotFound, "there is no such file")
	}
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(b), io.NopCloser(nil)}, nil
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// set stores files by name and content, and creates a version of them.
func (w *world) set(t *testing.T, name string, files ...string) (reeve.SignatureSet, error) {
	t.Helper()
	spec := reeve.SignatureSet{Name: name, Description: "test"}
	for i := 0; i < len(files); i += 2 {
		stored, err := w.StoreSetFile(t.Context(), w.admin, digestOf(files[i+1]), strings.NewReader(files[i+1]))
		if err != nil || stored.Size != int64(len(files[i+1])) {
			t.Fatalf("storing gave %+v, %v", stored, err)
		}
		spec.Files = append(spec.Files, reeve.SetFile{Name: files[i], SHA256: digestOf(files[i+1]), Size: 99})
	}
	return w.CreateSet(t.Context(), w.admin, spec)
}

func TestCreateSet(t *testing.T) {
	w := newWorld(t)
	s, err := w.set(t, "daily", "b.yar", "rule", "a.hsb", "hashes")
	if err != nil || s.Version != 1 || s.By != "first app" || s.Files[0] != (reeve.SetFile{Name: "a.hsb", Size: 6, SHA256: digestOf("hashes")}) {
		t.Errorf("%+v, %v", s, err)
	}
	many := make([]string, 2*(reeve.MaxSetFiles+1))
	for i := range many {
		many[i] = strings.Repeat("a", i/20+1) + string(rune('a'+i%20)) + ".hdb"
	}
	for why, files := range map[string][]string{
		"no files":            {},
		"too many":            many,
		"a path":              {"../a.hdb", "x"},
		"an unknown ending":   {"a.exe", "x"},
		"a name twice":        {"a.hdb", "x", "a.hdb", "y"},
		"a name in two cases": {"a.hdb", "x", "A.hdb", "y"},
	} {
		if _, err := w.set(t, "daily", files...); reeve.KindOf(err) != reeve.Invalid {
			t.Errorf("%s: %v", why, err)
		}
	}
	for _, name := range []string{"", "Daily", "a/b", "..", "a b", strings.Repeat("a", 65)} {
		if _, err := w.set(t, name, "a.hdb", "x"); reeve.KindOf(err) != reeve.Invalid {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	// What was stored for one account is not there for another.
	if _, err := w.set(t, "daily", "a.hdb", "ours"); err != nil {
		t.Fatal(err)
	}
	other := w.admin
	other.Account++
	_, err = w.CreateSet(t.Context(), other, reeve.SignatureSet{Name: "theirs", Files: []reeve.SetFile{{Name: "a.hdb", SHA256: digestOf("ours")}}})
	if reeve.KindOf(err) != reeve.Invalid {
		t.Errorf("another account took our file: %v", err)
	}
}

func TestStoreSetFile(t *testing.T) {
	w := newWorld(t)
	_, err := w.StoreSetFile(t.Context(), w.admin, digestOf("other"), strings.NewReader("content"))
	if reeve.KindOf(err) != reeve.Invalid || len(w.contents) != 0 {
		t.Errorf("another content: %v; kept %v", err, w.contents)
	}
	for _, digest := range []string{"", "00", strings.ToUpper(digestOf("x")), "../" + digestOf("x")[3:]} {
		if _, err := w.StoreSetFile(t.Context(), w.admin, digest, strings.NewReader("x")); reeve.KindOf(err) != reeve.Invalid {
			t.Errorf("the digest %q: %v", digest, err)
		}
	}
	for err = nil; err == nil; {
		_, err = w.StoreSetFile(t.Context(), w.admin, digestOf("x"), strings.NewReader("x"))
	}
	if reeve.KindOf(err) != reeve.Limited {
		t.Errorf("the day's last: %v", err)
	}
}

// Whoever may have other settings is told, after the commit.
func TestSettled(t *testing.T) {
	w := newWorld(t)
	told := func(want string) {
		t.Helper()
		if !slices.Contains(w.wake.told, want) {
			t.Errorf("told %v, want %s", w.wake.told, want)
		}
		w.wake.told = nil
	}
	if _, err := w.set(t, "daily", "a.hdb", "x"); err != nil {
		t.Fatal(err)
	}
	told("settled []")
	got, err := w.ChangeAgentSettings(t.Context(), w.admin, "", func(s *reeve.AgentSettings) {
		s.Set, s.Engines = "daily", []string{"yara", "builtin", "yara"}
	})
	if err != nil || got.InForce.Version != 1 || !slices.Equal(got.Engines, []string{"builtin", "yara"}) {
		t.Errorf("%+v, %v", got, err)
	}
	told("settled []")
	if err := w.RemoveSet(t.Context(), w.admin, "daily", 1); reeve.KindOf(err) != reeve.Conflict {
		t.Errorf("removing what is in force: %v", err)
	}
	for why, change := range map[string]func(*reeve.AgentSettings){
		"version below 0":       func(s *reeve.AgentSettings) { s.SetVersion = -1 },
		"version without a set": func(s *reeve.AgentSettings) { s.Set, s.SetVersion = "", 1 },
		"an engine's name":      func(s *reeve.AgentSettings) { s.Engines = []string{"/bin/sh"} },
	} {
		if _, err := w.ChangeAgentSettings(t.Context(), w.admin, "", change); reeve.KindOf(err) != reeve.Invalid {
			t.Errorf("%s: %v", why, err)
		}
	}
	if len(w.wake.told) > 0 {
		t.Errorf("told %v of what did not happen", w.wake.told)
	}
	if err := w.RemoveAgentSettings(t.Context(), w.admin, ""); err != nil {
		t.Error(err)
	}
	told("settled []")
}
