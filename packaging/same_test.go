package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Everything that is released comes out the same in another folder, and for a
// caller with other habits.
func TestSameBytesProof(t *testing.T) {
	if os.Getenv("REEVE_PROOF") == "" {
		return
	}
	here := pack(t, "26.0.1")
	copied := filepath.Join(t.TempDir(), "elsewhere")
	for path := range strings.SplitSeq(output(t, exec.Command("git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard")), "\x00") {
		text, err := os.ReadFile(filepath.Join("..", path))
		if path == "" || err != nil { // the end, or removed and not committed yet
			continue
		}
		to := filepath.Join(copied, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	there := t.TempDir()
	defer syscall.Umask(syscall.Umask(0o077))
	dist := exec.Command(filepath.Join(copied, "scripts/dist.sh"), there)
	dist.Env = append(os.Environ(), "REEVE_VERSION=26.0.1", "SOURCE_DATE_EPOCH=1700000000",
		"TZ=Pacific/Auckland", "LC_ALL=C.UTF-8", "GOFLAGS=-tags=other", "GOAMD64=v2")
	output(t, dist)

	sums := func(folder string) string {
		text, err := os.ReadFile(filepath.Join(folder, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if a, b := sums(here), sums(there); a != b || strings.Count(a, "\n") != 11 {
		t.Errorf("these come out\n%s\nhere, and\n%s\nelsewhere", a, b)
	}
	for _, folder := range []string{here, there} {
		check := exec.Command("sha256sum", "--check", "--quiet", "SHA256SUMS")
		check.Dir = folder
		output(t, check)
	}
}
