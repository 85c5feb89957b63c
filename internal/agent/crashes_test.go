package agent

import (
	"path/filepath"
	"testing"
	"time"
)

// Crashes in the middle of a command are counted through restarts and rewritten
// journals; stops in order are none, and lines without a count say nothing.
func TestJournalCountsCrashes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	open := func() *journal {
		j, damaged, err := openJournal(path)
		if err != nil || damaged > 0 {
			t.Fatal(damaged, err)
		}
		return j
	}
	now := time.Now().UTC()
	j := open()
	must(t, j.receive("c1", work{Action: scanThreats, FinishBy: now.Add(time.Hour)}, now))
	must(t, j.start("c1", now))
	for _, step := range []struct {
		left bool
		want int
	}{{false, 1}, {true, 1}, {true, 1}, {false, 2}, {false, 3}} {
		if step.left {
			must(t, j.leave(now))
		}
		must(t, j.Close())
		j = open()
		if got, err := j.resume("c1"); err != nil || got != step.want {
			t.Errorf("%d crashes, %v, want %d", got, err, step.want)
		}
	}
	must(t, j.Close())
}
