package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"reeve"
)

const name = "0000018f5c0e2a000000002a"

func open(t *testing.T, dir string) *Folder {
	t.Helper()
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func read(t *testing.T, f *Folder, name string) string {
	t.Helper()
	file, err := f.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPutAndOpen(t *testing.T) {
	f := open(t, t.TempDir())
	size, digest, err := f.Put(t.Context(), name, strings.NewReader("contents"), 8)
	sum := sha256.Sum256([]byte("contents"))
	if err != nil || size != 8 || digest != hex.EncodeToString(sum[:]) {
		t.Fatalf("put: %d, %s, %v", size, digest, err)
	}
	if got := read(t, f, name); got != "contents" {
		t.Errorf("read %q", got)
	}
	if _, _, err := f.Put(t.Context(), name, strings.NewReader("other"), 8); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f, name); got != "other" {
		t.Errorf("read %q after it was replaced", got)
	}
}

func TestFailedPutChangesNothing(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	if _, _, err := f.Put(t.Context(), name, strings.NewReader("good"), 8); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken off")
	ended, end := context.WithCancel(t.Context())
	end()
	tests := map[string]struct {
		ctx  context.Context
		r    io.Reader
		want func(error) bool
	}{
		"too large": {t.Context(), strings.NewReader("123456789"), func(err error) bool { return reeve.KindOf(err) == reeve.TooLarge }},
		"broken off": {t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)),
			func(err error) bool { return errors.Is(err, broken) }},
		"cancelled": {ended, strings.NewReader("late"), func(err error) bool { return errors.Is(err, context.Canceled) }},
	}
	for name_, tt := range tests {
		t.Run(name_, func(t *testing.T) {
			if _, _, err := f.Put(tt.ctx, name, tt.r, 8); !tt.want(err) {
				t.Errorf("put: %v", err)
			}
			if got := read(t, f, name); got != "good" {
				t.Errorf("read %q", got)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	f := open(t, dir)
	secret := filepath.Join(filepath.Dir(dir), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", ".", "..", "../secret", secret, "a/b", `a\b`, "A", "a.b", "a\x00", strings.Repeat("a", 65), "é"} {
		if _, _, err := f.Put(t.Context(), bad, bytes.NewReader(nil), 8); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("put %q: %v", bad, err)
		}
		if _, err := f.Open(t.Context(), bad); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("open %q: %v", bad, err)
		}
		if err := f.Remove(t.Context(), bad); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("remove %q: %v", bad, err)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error("the file outside is gone:", err)
	}
}

func TestRemoveAndPrune(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	for _, n := range []string{"old", "new", "gone"} {
		if _, _, err := f.Put(t.Context(), n, strings.NewReader(n), 8); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := f.Remove(t.Context(), "gone"); err != nil {
			t.Error("remove:", err)
		}
	}
	now := time.Now()
	if err := os.Chtimes(filepath.Join(dir, "old"), now, now.Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Prune(t.Context(), now.Add(-24*time.Hour), nil); n != 1 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	if _, err := f.Open(t.Context(), "old"); reeve.KindOf(err) != reeve.NotFound {
		t.Error("the old file is still there:", err)
	}
	if got := read(t, f, "new"); got != "new" {
		t.Errorf("read %q", got)
	}
}

func TestInterruptedUploadIsCleared(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{incoming + "rest", "kept", "Not ours"} {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir)
	files, _ := os.ReadDir(dir)
	if len(files) != 2 {
		t.Errorf("the folder holds %v", files)
	}
}
