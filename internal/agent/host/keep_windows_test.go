package host

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// folder is a temporary one that is removed with [RemoveAll].
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "reeve-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The state folder is closed to others with what is in it already, and stays
// open to its user. Wine keeps no access lists but what the modes of files can
// say; who is kept out is for Windows to show.
func TestPrivateOnWindows(t *testing.T) {
	dir := filepath.Join(folder(t), "state")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "identity.json")
	put(t, key, "secret")
	for range 2 {
		if err := Private(dir); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "journal"), "new")
	if text, err := os.ReadFile(key); string(text) != "secret" {
		t.Errorf("the key reads %q, %v", text, err)
	}
}

// A file that somebody reads is replaced when he is done.
func TestRenameOnWindows(t *testing.T) {
	dir := folder(t)
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	put(t, to, "old")
	put(t, from, "new")
	reader, err := Open(dir).OpenFile(nil, to, false)
	if err != nil {
		t.Fatal(err)
	}
	renamed := make(chan error, 1)
	go func() { renamed <- Rename(from, to) }()
	if text, err := io.ReadAll(reader); string(text) != "old" {
		t.Errorf("who has it open reads %q, %v", text, err)
	}
	reader.Close()
	if err := <-renamed; err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(to); string(text) != "new" {
		t.Errorf("it holds %q, %v", text, err)
	}
}

func TestRemoveAllOnWindows(t *testing.T) {
	dir := filepath.Join(folder(t), "a")
	if err := os.MkdirAll(filepath.Join(dir, "b", "c"), 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "b", "c", "d"), "text")
	for range 2 { // what is gone is no error
		if err := RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}
