package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reeve/internal/link"
)

// What is the same under a newer revision keeps all that is older out, also
// after a restart.
func TestSettingsRevisionRises(t *testing.T) {
	from, dir := newShelf(t), filepath.Join(t.TempDir(), "sets")
	s := openSettings(t, dir, from)
	var served []link.Manifest
	for revision, content := range []link.Settings{{}, {ReportNeighbours: true}, {}, {}} {
		from.seal(7, int64(revision+1), content)
		served = append(served, from.serves)
		_, err := s.renew(t.Context())
		must(t, err)
	}
	for name, s := range map[string]*settings{"running": s, "restarted": openSettings(t, dir, from)} {
		for _, old := range served[:3] {
			from.serves = old
			if changed, err := s.renew(t.Context()); err == nil || changed || s.report().Revision != 4 {
				t.Errorf("%s: revision %d was taken: %v, %+v", name, old.Revision, err, s.report())
			}
		}
	}
}

// Settings of another group are not for this device, whoever sealed them.
func TestSettingsOfOthers(t *testing.T) {
	from := newShelf(t)
	s := openSettings(t, filepath.Join(t.TempDir(), "sets"), from)
	from.seal(7, 1, link.Settings{ReportNeighbours: true})
	others := from.serves
	from.seal(7, 1, link.Settings{})
	own := from.serves
	s.wants(link.Notice{Digest: own.Digest()})
	from.serves = others
	if changed, err := s.renew(t.Context()); changed || err == nil || s.InForce().ReportNeighbours {
		t.Errorf("%v, %v", changed, err)
	}
	from.serves = own
	if changed, err := s.renew(t.Context()); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
}

// A scan that ends while settings are installed takes nothing of them away, and
// what came of files that nobody wants any more goes.
func TestSettingsTidied(t *testing.T) {
	from, dir := newShelf(t), filepath.Join(t.TempDir(), "sets")
	s := openSettings(t, dir, from)
	abandoned := filepath.Join(dir, incomingDir, strings.Repeat("0", 64))
	must(t, os.MkdirAll(filepath.Dir(abandoned), 0o700))
	must(t, os.WriteFile(abandoned, []byte("part"), 0o600))
	from.serve(1, "a.hsb", "one")
	next := filepath.Join(dir, strings.Repeat("1", 64)) // as if it were complete, and not yet in force
	from.onFetch = func() {
		must(t, os.Mkdir(next, 0o700))
		s.tidy()
		if _, err := os.Stat(next); err != nil {
			t.Errorf("tidied while settings are installed: %v", err)
		}
		if _, err := os.Stat(abandoned); err == nil {
			t.Error("a file that nobody wants stays")
		}
	}
	_, err := s.renew(t.Context())
	must(t, err)
	s.tidy()
	if _, err := os.Stat(next); err == nil {
		t.Error("not tidied afterwards")
	}
	must(t, os.MkdirAll(filepath.Dir(abandoned), 0o700))
	if s.wants(link.Notice{Digest: from.serves.Digest()}) {
		t.Error("wanted again")
	}
	if _, err := os.Stat(filepath.Dir(abandoned)); err == nil {
		t.Error("a file that nobody wants stays")
	}
}
