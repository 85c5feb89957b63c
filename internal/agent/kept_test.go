package agent

import (
	"os"
	"path/filepath"
	"testing"

	"reeve/internal/agent/host"
)

// What a scan keeps replaces what it kept before, and nothing is left of it once
// its command has ended, or is unknown at the start.
func TestKeptScans(t *testing.T) {
	dir := t.TempDir()
	b := body{Machine: &fakeMachine{state: dir}}
	for _, text := range []string{"", "far", "further"} {
		if text != "" {
			must(t, b.KeepScan("c1", []byte(text)))
		}
		if got, err := b.KeptScan("c1"); err != nil || string(got) != text {
			t.Errorf("kept %q, %v, want %q", got, err, text)
		}
	}
	must(t, os.WriteFile(scanFile(dir, "c2")+host.NewEnd+"1", []byte("half"), 0o600))
	must(t, (&State{dir: dir}).forget("c2"))
	left, _ := filepath.Glob(filepath.Join(dir, scansDir, "*"))
	if len(left) != 1 || left[0] != scanFile(dir, "c1") {
		t.Errorf("%q is there", left)
	}
	j, _, err := openJournal(filepath.Join(dir, journalFile))
	must(t, err)
	defer j.Close()
	must(t, (&loop{state: &State{dir: dir}, journal: j}).tidy())
	if left, _ := filepath.Glob(filepath.Join(dir, scansDir, "*")); len(left) > 0 {
		t.Errorf("left %q behind", left)
	}

	must(t, os.Mkdir(scanFile(dir, "c3"), 0o700))
	if _, err := b.KeptScan("c3"); err == nil {
		t.Error("a folder was read")
	}
	if err := b.KeepScan("c3", []byte("far")); err == nil {
		t.Error("a folder was replaced")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, scansDir, "*"+host.NewEnd+"*")); len(left) > 0 {
		t.Errorf("left %q behind", left)
	}
}
