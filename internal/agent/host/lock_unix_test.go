//go:build unix

package host

import (
	"os"
	"path/filepath"
	"testing"
)

// An old lock is neither made nor looked for behind a link.
func TestLockOld(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	if _, err := LockOld(path); err == nil {
		t.Error("a lock was made")
	}
	held, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	held.Close()
	old, err := LockOld(path)
	if err != nil {
		t.Fatal(err)
	}
	old.Close()
	linked, folder := filepath.Join(dir, "linked"), filepath.Join(dir, "folder")
	if err := os.Symlink(path, linked); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, folder); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{linked, filepath.Join(folder, "lock")} {
		if _, err := LockOld(path); err == nil {
			t.Errorf("%s was followed", path)
		}
	}
}
