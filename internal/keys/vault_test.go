package keys

import (
	"bytes"
	"testing"
	"time"

	"reeve"
)

func TestVault(t *testing.T) {
	dir := t.TempDir()
	vault := func(dir, purpose string) *Vault {
		t.Helper()
		k, err := Open(dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		v, err := k.Vault(purpose)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	sealed := vault(dir, "outlets").Seal("one", "a secret")
	if bytes.Contains(sealed, []byte("secret")) || bytes.Equal(sealed, vault(dir, "outlets").Seal("one", "a secret")) {
		t.Errorf("sealed: %q", sealed)
	}
	if got, err := vault(dir, "outlets").Open("one", sealed); got != "a secret" || err != nil {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	for name, open := range map[string]func() (string, error){
		"another owner":   func() (string, error) { return vault(dir, "outlets").Open("two", sealed) },
		"another purpose": func() (string, error) { return vault(dir, "passwords").Open("one", sealed) },
		"another root":    func() (string, error) { return vault(t.TempDir(), "outlets").Open("one", sealed) },
		"cut":             func() (string, error) { return vault(dir, "outlets").Open("one", sealed[:7]) },
		"changed": func() (string, error) {
			return vault(dir, "outlets").Open("one", append([]byte{sealed[0] ^ 1}, sealed[1:]...))
		},
	} {
		if got, err := open(); err == nil || reeve.KindOf(err) != reeve.Conflict {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
