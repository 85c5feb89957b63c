//go:build unix

package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reeve/internal/agent/scan"
)

func TestOpensFromRootToFile(t *testing.T) {
	m, dir := Open(t.TempDir()), realTemp(t)
	must(t, os.MkdirAll(dir+"/a/b", 0o755))
	must(t, os.WriteFile(dir+"/a/b/file", []byte("content"), 0o644))
	must(t, os.Symlink("a", dir+"/link"))
	file, err := m.OpenFile(nil, dir+"/a/b/file", false)
	must(t, err)
	defer file.Close()
	if content := make([]byte, 7); file.Name() != dir+"/a/b/file" {
		t.Errorf("opened %q", file.Name())
	} else if _, err := file.ReadAt(content, 0); err != nil || string(content) != "content" {
		t.Errorf("read %q, %v", content, err)
	}
	if root, err := m.OpenFile(nil, "/", true); err != nil || root.Name() != "/" {
		t.Errorf("opening the root: %v", err)
	}
	for _, path := range []string{dir + "/link/b/file", dir + "/a/b/file/x", dir + "/none/file"} {
		if _, err := m.OpenFile(nil, path, false); err == nil {
			t.Errorf("opened %s", path)
		}
	}
	if _, err := m.OpenFile(nil, dir+"/a/b/file", true); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("opening a file as a folder: %v", err)
	}
}

// While a scan goes over an area, somebody puts links to another place where
// its folders were, again and again. Nothing of the other place is ever read.
func TestScanStaysInItsArea(t *testing.T) {
	m, dir := Open(t.TempDir()), realTemp(t)
	inside, outside, aside := dir+"/area/folder", dir+"/outside", dir+"/aside"
	for _, folder := range []string{inside + "/deeper", outside + "/deeper"} {
		must(t, os.MkdirAll(folder, 0o755))
	}
	secret := strings.Join([]string{`X5O!P%@AP[4\PZX54(P^)7CC)7}`, `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!`, `H+H*`}, "$")
	for _, name := range []string{"one", "two", "deeper/one", "deeper/two"} {
		must(t, os.WriteFile(filepath.Join(inside, name), []byte("harmless"), 0o644))
		must(t, os.WriteFile(filepath.Join(outside, name), []byte(secret), 0o644))
	}
	swap := func() {
		must(t, os.Rename(inside, aside))
		must(t, os.Symlink(outside, inside))
	}
	back := func() {
		must(t, os.Remove(inside))
		must(t, os.Rename(aside, inside))
	}
	pass := func(o scan.Options) scan.Result {
		o.Open, o.Device = m.OpenFile, m.Device
		return scan.Scan(t.Context(), []scan.Engine{scan.BuiltIn(nil, nil)}, []scan.Root{{Path: dir + "/area"}}, o, nil)
	}
	// Between each look at a name and its opening, once.
	for _, at := range []string{"folder", "one", "deeper", "deeper/two"} {
		swapped := false
		r := pass(scan.Options{Allow: func(path string) bool {
			if !swapped && strings.HasSuffix(path, "folder/"+at) || at == "folder" && path == inside {
				swapped = true
				swap()
			}
			return true
		}})
		if !swapped || r.Counts.Threats != 0 {
			t.Errorf("swapped at %s: %v; found %+v", at, swapped, r.Threats)
		}
		back()
	}
	// And at any time.
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			swap()
			back()
		}
	}()
	passes, read := 0, int64(0)
	for ctx.Err() == nil {
		r := pass(scan.Options{})
		if r.Counts.Threats != 0 {
			t.Fatalf("found %+v", r.Threats)
		}
		passes, read = passes+1, read+r.Counts.Files
	}
	<-done
	if read == 0 {
		t.Errorf("%d passes read nothing", passes)
	}
}

func realTemp(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
