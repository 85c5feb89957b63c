package agent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reeve/internal/agent/linetest"
	"reeve/internal/link"
)

func TestRetire(t *testing.T) {
	r := newRig(t)
	stop := r.start()
	asking, _ := r.order(1, "re-identify", `{"fields":[{"name":"a"}]}`)
	r.begun(asking)
	command, _ := r.order(2, retire, `{}`)
	r.wants(r.end(command), succeeded, "")
	linetest.Eventually(t, "the identity is gone", func() bool { s, err := Look(r.dir); return err == nil && !s.Enrolled && !s.Running })
	if err := stop(); !errors.Is(err, ErrRetired) {
		t.Errorf("Run returned %v", err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, journalFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal is left: %v", err)
	}
}

// An agent that is stopped after it reported its leave, before the server
// answered, leaves when it starts again.
func TestRetireAfterCrash(t *testing.T) {
	r := newRig(t)
	r.server.Silence(true)
	stop := r.start()
	command, _ := r.order(1, retire, `{}`)
	r.wants(r.end(command), succeeded, "")
	r.crash(stop)
	r.server.Silence(false)
	stop = r.start()
	r.wants(r.end(command), succeeded, "")
	linetest.Eventually(t, "the identity is gone", func() bool { s, err := Look(r.dir); return err == nil && !s.Enrolled && !s.Running })
	if err := stop(); !errors.Is(err, ErrRetired) {
		t.Errorf("Run returned %v", err)
	}
}

func TestLeaving(t *testing.T) {
	r := newRig(t)
	stop := r.start()
	if _, err := OpenState(r.dir); err == nil || !strings.Contains(err.Error(), "is running") {
		t.Errorf("a second agent on one folder: %v", err)
	}
	must(t, stop())
	state, err := OpenState(r.dir)
	must(t, err)
	defer state.Close()
	must(t, state.Retire(t.Context()))
	if i, err := state.Identity(); err != nil || i.Enrolled() || i.Seed != nil || !r.server.Retired()[r.address] {
		t.Errorf("left, but %+v, %v", i, err)
	}
	if err := state.Retire(t.Context()); err == nil || !strings.Contains(err.Error(), "not enrolled") {
		t.Errorf("left twice: %v", err)
	}
}

// What a leave that was killed in the middle left behind is no order to the
// device that enrols there next.
func TestJournalOfAnotherDevice(t *testing.T) {
	r := newRig(t)
	state, err := OpenState(r.dir)
	must(t, err)
	must(t, state.Close())
	j := open(t, filepath.Join(r.dir, journalFile), 0)
	w := someWork(retire)
	must(t, j.refuse(w, link.Report{Command: "c1", State: succeeded}, noon))
	must(t, j.settle([]string{"c1"}, noon))
	must(t, j.Close())
	r.start()
	command, _ := r.order(1, "dhcprenew", `{}`)
	r.wants(r.end(command), succeeded, "")
	if s, err := Look(r.dir); err != nil || !s.Enrolled || !s.Running {
		t.Errorf("%+v, %v", s, err)
	}
}
