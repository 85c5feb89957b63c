package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A disk that is full costs nothing but the newer settings, and what came of
// them is given back.
func TestDiskFull(t *testing.T) {
	from, dir := newShelf(t), filepath.Join(t.TempDir(), "sets")
	s := openSettings(t, dir, from)
	from.serve(1, "a.hsb", "one")
	_, err := s.renew(t.Context())
	must(t, err)
	from.serve(2, "a.hsb", "two")
	incoming := filepath.Join(dir, incomingDir)
	must(t, os.MkdirAll(incoming, 0o700))
	must(t, os.Symlink("/dev/full", filepath.Join(incoming, digestOf("two"))))
	if changed, err := s.renew(t.Context()); changed || err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v, %v", changed, err)
	}
	wantFiles(t, "then", s, "a.hsb one")
	for _, left := range []string{filepath.Join(dir, buildingDir), filepath.Join(incoming, digestOf("two"))} {
		if _, err := os.Lstat(left); err == nil {
			t.Errorf("%s is left", left)
		}
	}
	if changed, err := s.renew(t.Context()); !changed || err != nil {
		t.Errorf("when there is room again: %v, %v", changed, err)
	}
	wantFiles(t, "in the end", s, "a.hsb two")
}
