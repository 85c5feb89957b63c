package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/agent/act"
)

// A plot is a machine with one file that was found.
type plot struct {
	*testing.T
	m     *Machine
	found act.PutAway
}

func newPlot(t *testing.T) plot {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := plot{t, Open(t.TempDir()), act.PutAway{Command: "c1", Path: filepath.Join(folder, "bad.bin")}}
	p.found.SHA256 = p.write("unwanted", 0o640)
	return p
}

func (p plot) write(content string, mode os.FileMode) string {
	p.Helper()
	if err := os.WriteFile(p.found.Path, []byte(content), mode); err != nil {
		p.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// there returns what is in the place of the file.
func (p plot) there() string {
	p.Helper()
	content, err := os.ReadFile(p.found.Path)
	if err != nil && !os.IsNotExist(err) {
		p.Fatal(err)
	}
	return string(content)
}

// stored returns how many files are in quarantine.
func (p plot) stored() int {
	homes, _ := os.ReadDir(p.m.quarantine())
	return len(homes)
}

func (p plot) putAway() string {
	p.Helper()
	id, err := p.m.PutAway(p.Context(), p.found)
	if err != nil {
		p.Fatal(err)
	}
	return id
}

func (p plot) refuses(kind reeve.Kind, err error) {
	p.Helper()
	if reeve.KindOf(err) != kind {
		p.Errorf("got %v, want kind %v", err, kind)
	}
}

func TestPutAwayAndBringBack(t *testing.T) {
	p := newPlot(t)
	old := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(p.found.Path, old, old); err != nil {
		t.Fatal(err)
	}
	id := p.putAway()
	if p.there() != "" || p.stored() != 1 {
		t.Errorf("%q is there, %d stored", p.there(), p.stored())
	}
	kept, _ := os.ReadFile(filepath.Join(p.m.quarantine(), id, contentName))
	if len(kept) != len("unwanted") || strings.Contains(string(kept), "want") {
		t.Errorf("kept as %q", kept)
	}
	if by, err := p.m.PutAwayBy("c1"); err != nil || len(by) != 1 || by[0].ID != id || by[0].Size != 8 {
		t.Errorf("put away by c1: %+v, %v", by, err)
	}
	if path, err := p.m.BringBack(t.Context(), id); err != nil || path != p.found.Path {
		t.Errorf("brought back %s, %v", path, err)
	}
	info, err := os.Stat(p.found.Path)
	if err != nil || p.there() != "unwanted" || !info.ModTime().Equal(old) || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("%q is back as %v, %v", p.there(), info, err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(p.found.Path)); len(entries) != 1 || p.stored() != 0 {
		t.Errorf("left over: %v, %d stored", entries, p.stored())
	}
	_, err = p.m.BringBack(t.Context(), id)
	p.refuses(reeve.NotFound, err)
	_, err = p.m.BringBack(t.Context(), "..")
	p.refuses(reeve.Invalid, err)
}

// Only what was found is put away, from the folder where it was found.
func TestPutAwayLeavesOthers(t *testing.T) {
	t.Run("changed", func(t *testing.T) {
		p := newPlot(t)
		p.write("innocent", 0o600)
		_, err := p.m.PutAway(t.Context(), p.found)
		p.refuses(reeve.Conflict, err)
		if p.there() != "innocent" || p.stored() != 0 {
			t.Errorf("%q is there, %d stored", p.there(), p.stored())
		}
	})
	t.Run("a link", func(t *testing.T) {
		p := newPlot(t)
		target := filepath.Join(t.TempDir(), "passwd")
		if err := os.Rename(p.found.Path, target); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, p.found.Path); err != nil {
			t.Fatal(err)
		}
		_, err := p.m.PutAway(t.Context(), p.found)
		p.refuses(reeve.Conflict, err)
	})
	t.Run("a linked folder", func(t *testing.T) {
		p := newPlot(t)
		folder := filepath.Dir(p.found.Path)
		if err := os.Rename(folder, folder+"-moved"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(folder+"-moved", folder); err != nil {
			t.Fatal(err)
		}
		if _, err := p.m.PutAway(t.Context(), p.found); err == nil || p.there() != "unwanted" {
			t.Errorf("put away through a link: %v", err)
		}
	})
	t.Run("called off", func(t *testing.T) {
		p := newPlot(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.m.PutAway(ctx, p.found); err == nil || p.there() != "unwanted" || p.stored() != 0 {
			t.Errorf("%v, %q is there, %d stored", err, p.there(), p.stored())
		}
	})
}

// Killed at any step the file is in one of the two places, and doing it again
// ends it.
func TestPutAwayAgain(t *testing.T) {
	t.Run("before the record", func(t *testing.T) {
		p := newPlot(t)
		id := p.putAway()
		p.write("unwanted", 0o640)
		home := filepath.Join(p.m.quarantine(), id)
		if err := errors.Join(os.Rename(home, filepath.Join(p.m.quarantine(), draftHome)), os.Remove(filepath.Join(p.m.quarantine(), draftHome, recordName))); err != nil {
			t.Fatal(err)
		}
		if list, err := p.m.PutAwayBy("c1"); err != nil || len(list) != 0 {
			t.Errorf("put away: %v, %v", list, err)
		}
		if again := p.putAway(); again != id || p.stored() != 1 || p.there() != "" {
			t.Errorf("%d stored, %q is there", p.stored(), p.there())
		}
	})
	t.Run("what is stored stays when the file has changed", func(t *testing.T) {
		p := newPlot(t)
		p.putAway()
		p.write("innocent", 0o640)
		_, err := p.m.PutAway(t.Context(), p.found)
		p.refuses(reeve.Conflict, err)
		if list, err := p.m.PutAwayBy("c1"); err != nil || len(list) != 1 || p.there() != "innocent" {
			t.Errorf("put away: %v, %v; %q is there", list, err, p.there())
		}
	})
	t.Run("before the removal", func(t *testing.T) {
		p := newPlot(t)
		id := p.putAway()
		p.write("unwanted", 0o640)
		if again := p.putAway(); again != id || p.stored() != 1 || p.there() != "" {
			t.Errorf("stored as %s and %s, %d stored, %q is there", id, again, p.stored(), p.there())
		}
	})
	t.Run("brought back, not tidied", func(t *testing.T) {
		p := newPlot(t)
		id := p.putAway()
		p.write("unwanted", 0o640)
		draft := filepath.Join(filepath.Dir(p.found.Path), draftOf(record{PutAway: act.PutAway{ID: id}}))
		if err := os.Link(p.found.Path, draft); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if _, err := os.Lstat(draft); !os.IsNotExist(err) {
				t.Errorf("a second name is left: %v", err)
			}
		}()
		if _, err := p.m.BringBack(t.Context(), id); err != nil || p.stored() != 0 || p.there() != "unwanted" {
			t.Errorf("%v, %d stored, %q is there", err, p.stored(), p.there())
		}
	})
	t.Run("another file in the place", func(t *testing.T) {
		p := newPlot(t)
		id := p.putAway()
		p.write("innocent", 0o600)
		_, err := p.m.BringBack(t.Context(), id)
		p.refuses(reeve.Conflict, err)
		if p.stored() != 1 || p.there() != "innocent" {
			t.Errorf("%d stored, %q is there", p.stored(), p.there())
		}
	})
	t.Run("damaged", func(t *testing.T) {
		p := newPlot(t)
		id := p.putAway()
		if err := os.WriteFile(filepath.Join(p.m.quarantine(), id, contentName), []byte("rot"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := p.m.BringBack(t.Context(), id)
		p.refuses(reeve.Conflict, err)
		if entries, _ := os.ReadDir(filepath.Dir(p.found.Path)); len(entries) != 0 {
			t.Errorf("left over: %v", entries)
		}
	})
}
