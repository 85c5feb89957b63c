package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"reeve"
)

func digest(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func TestResume(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	const content = "the whole file"
	d := digest(content)
	received := func(want int64) {
		t.Helper()
		if n, err := f.Received(t.Context(), name, d); n != want || err != nil {
			t.Errorf("received %d, %v; want %d", n, err, want)
		}
	}
	send := func(offset int64, r io.Reader) error { return f.Resume(t.Context(), name, d, offset, r, 100) }
	broken := errors.New("broken off")
	breaking := func(text string) io.Reader { return io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)) }

	received(0)
	if err := send(4, strings.NewReader(content[4:])); !errors.Is(err, ErrOffset) {
		t.Errorf("began in the middle: %v", err)
	}
	if err := send(0, breaking(content[:4])); !errors.Is(err, broken) {
		t.Errorf("broke off: %v", err)
	}
	received(4)
	if _, err := f.Open(t.Context(), name); reeve.KindOf(err) != reeve.NotFound {
		t.Errorf("a part can be opened: %v", err)
	}
	f.Close()
	f = open(t, dir) // parts outlast the process
	received(4)
	if err := send(5, strings.NewReader(content[5:])); !errors.Is(err, ErrOffset) {
		t.Errorf("with a gap: %v", err)
	}
	if err := send(4, breaking(content[4:10])); !errors.Is(err, broken) {
		t.Errorf("broke off again: %v", err)
	}
	received(10)
	if err := send(10, strings.NewReader(content[10:])); err != nil {
		t.Error(err)
	}
	if got := read(t, f, name); got != content {
		t.Errorf("stored %q", got)
	}
	received(int64(len(content)))
	left, _ := filepath.Glob(filepath.Join(dir, parts, "*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// An upload that is cut off behind its last byte lacks nothing.
func TestWholePartIsTheFile(t *testing.T) {
	f := open(t, t.TempDir())
	const content = "the whole file"
	broken := errors.New("broken off")
	cut := io.MultiReader(strings.NewReader(content), iotest.ErrReader(broken))
	if err := f.Resume(t.Context(), name, digest(content), 0, cut, 100); !errors.Is(err, broken) {
		t.Fatalf("broke off: %v", err)
	}
	for range 2 {
		if n, err := f.Received(t.Context(), name, digest(content)); n != int64(len(content)) || err != nil {
			t.Errorf("received %d, %v", n, err)
		}
	}
	if got := read(t, f, name); got != content {
		t.Errorf("stored %q", got)
	}
}

// What is put together wrongly, or grows too large, is dropped and replaces
// nothing.
func TestResumeOfSomethingElse(t *testing.T) {
	f := open(t, t.TempDir())
	if _, _, err := f.Put(t.Context(), name, strings.NewReader("good"), 8); err != nil {
		t.Fatal(err)
	}
	d := digest("evil")
	if err := f.Resume(t.Context(), name, d, 0, strings.NewReader("live"), 8); !errors.Is(err, ErrDigest) {
		t.Errorf("another file: %v", err)
	}
	if err := f.Resume(t.Context(), name, d, 0, strings.NewReader("much too large"), 8); reeve.KindOf(err) != reeve.TooLarge {
		t.Errorf("a large file: %v", err)
	}
	if n, err := f.Received(t.Context(), name, d); n != 0 || err != nil {
		t.Errorf("kept %d, %v", n, err)
	}
	if got := read(t, f, name); got != "good" {
		t.Errorf("read %q", got)
	}
	for _, bad := range []string{"", "../secret", "zz", digest("")[2:], strings.Repeat("/", 64)} {
		if err := f.Resume(t.Context(), name, bad, 0, strings.NewReader(""), 8); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("digest %q: %v", bad, err)
		}
	}
}

// Parts that nobody goes on with do not pile up.
func TestPartsAreTidied(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	part := func(name string, age time.Duration) string {
		path := filepath.Join(dir, parts, name+"-0123456789abcdef")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("part"), 0o600)); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		return path
	}
	count := func() int {
		left, _ := os.ReadDir(filepath.Join(dir, parts))
		return len(left)
	}
	part("old", partLife+time.Minute)
	part("young", time.Minute)
	if _, err := f.Prune(t.Context(), time.Now(), nil); err != nil || count() != 1 {
		t.Errorf("%d parts are left, %v", count(), err)
	}
	for i := range maxParts + 10 {
		part(fmt.Sprint("many", i), time.Duration(i)*time.Second)
	}
	if err := os.Truncate(part("large", 0), maxBytes-100); err != nil { // a sparse file
		t.Fatal(err)
	}
	broken := io.MultiReader(strings.NewReader("the"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if err := f.Resume(t.Context(), name, digest("another"), 0, broken, 100); err == nil {
		t.Error("no error")
	}
	if n := count(); n > 30 {
		t.Errorf("%d parts are left", n)
	}
	if n, err := f.Received(t.Context(), name, digest("another")); n != 3 || err != nil {
		t.Errorf("received %d, %v", n, err)
	}
	// Another file of the same command takes the place of its part.
	if err := f.Resume(t.Context(), name, digest("anew"), 0, strings.NewReader("anew"), 100); err != nil {
		t.Error(err)
	}
	if n, err := f.Received(t.Context(), name, digest("another")); n != 0 || err != nil {
		t.Errorf("received %d, %v", n, err)
	}
}
