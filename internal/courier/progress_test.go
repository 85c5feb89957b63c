package courier

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"reeve"
)

// The store is told at once that a command runs and how it ended, and of the
// progress between the newest now and then.
func TestProgress(t *testing.T) {
	var stored []string
	var down error
	p := newProgress(func(_ context.Context, batch []reeve.Report) error {
		for _, r := range batch {
			stored = append(stored, fmt.Sprintf("%d/%d %d%% %s", r.ID.Leaf, r.Device, r.Percent, r.Message))
		}
		return down
	})
	running := func(leaf int32, device int64, percent int8, message string) reeve.Report {
		return reeve.Report{ID: reeve.CommandID{Job: 1, Leaf: leaf}, Device: device, State: reeve.Running, Percent: percent, Message: message}
	}
	ended := running(2, 2, 100, "done")
	ended.State = reeve.Succeeded
	hold := func(want int, batch ...reeve.Report) {
		t.Helper()
		if got := p.hold(batch); len(got) != want {
			t.Errorf("%d reports at once, want %d: %+v", len(got), want, got)
		}
	}
	flush := func(want ...string) {
		t.Helper()
		stored = nil
		if err := p.flush(t.Context()); !errors.Is(err, down) || fmt.Sprint(stored) != fmt.Sprint(want) {
			t.Errorf("stored %q, %v, want %q", stored, err, want)
		}
	}
	hold(2, running(1, 1, 0, "begins"), running(2, 2, 0, ""))
	flush()
	hold(0, running(1, 1, 10, "a"), running(1, 1, 20, ""), running(2, 2, 30, "b"))
	hold(1, running(1, 66, 99, "not its own")) // a lie takes nobody's place
	hold(1, ended)
	flush("1/1 20% a")
	hold(0, running(1, 1, 40, ""))
	down = errors.New("down")
	flush("1/1 40% ")
	down = nil
	flush()
	flush()
	flush()
	hold(1, running(1, 1, 50, "")) // after a while of silence
	answers := running(1, 1, 60, "")
	answers.Result = []byte(`{}`)
	hold(1, answers)

	for i := range maxProgress + 5 {
		p.hold([]reeve.Report{running(int32(i), 3, 1, "")})
		p.hold([]reeve.Report{running(int32(i), 3, 2, "")})
	}
	if len(p.newest) > maxProgress || len(p.now) > maxProgress {
		t.Errorf("%d and %d are held", len(p.newest), len(p.now))
	}
}
