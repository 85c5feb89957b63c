//go:build unix

package scan

import (
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestLeavesAloneWhatIsNoFile(t *testing.T) {
	dir := tree(t, map[string]string{"real/file": "x"})
	for link, target := range map[string]string{"loop": dir, "real/up": "..", "file": "real/file", "dangling": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := scanWith(t, "", Options{}, dir)
	want := map[Reason]int64{Link: 4, NotAFile: 1}
	if !maps.Equal(r.Roots[0].Skipped, want) || r.Counts.Files != 1 || r.Counts.Skipped != 5 {
		t.Errorf("skipped %v with counts %+v, want %v and one file", r.Roots[0].Skipped, r.Counts, want)
	}
}
