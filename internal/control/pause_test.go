package control_test

import (
	"testing"

	"reeve"
	"reeve/internal/control"
)

// Only what takes long can hold back, whoever may order may pause, and the
// agents are told once.
func TestPause(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	scan := w.place(t, control.Order{Action: "scan_threats", Params: []byte(`{"full_scan":1}`), IDs: []string{d.ID}}).Job
	log := w.place(t, order("fetch_agent_log", d.ID)).Job
	before := len(w.wake.told)
	for _, paused := range []bool{true, true, false} {
		job, err := w.Pause(t.Context(), w.admin, scan.ID, paused)
		if err != nil || job.Paused.IsZero() == paused {
			t.Errorf("paused %v: since %v, %v", paused, job.Paused, err)
		}
	}
	if told := w.wake.told[before:]; len(told) != 2 || told[0] != "paused 1" || told[1] != "resumed 1" {
		t.Errorf("agents were told %q", told)
	}
	if _, err := w.Pause(t.Context(), w.admin, log.ID, true); reeve.KindOf(err) != reeve.Conflict {
		t.Errorf("pausing fetch_agent_log: %v", err)
	}
	reader := w.admin
	reader.Scopes = reeve.Scopes{reeve.Read}
	if _, err := w.Pause(t.Context(), reader, scan.ID, true); reeve.KindOf(err) != reeve.Forbidden {
		t.Errorf("a reader pauses: %v", err)
	}
}
