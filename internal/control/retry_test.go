package control_test

import (
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
)

func TestRetry(t *testing.T) {
	w := newWorld(t)
	devices := []reeve.Device{w.enrol(t, w.linux()), w.enrol(t, w.linux()), w.enrol(t, w.linux()), w.enrol(t, w.linux())}
	var ids []string
	for _, d := range devices {
		ids = append(ids, d.ID)
	}
	o := order("scan_threats", ids...)
	o.Params = []byte(`{"scan_types":[1,4],"path":"/srv"}`)
	first := w.place(t, o)
	var reports []reeve.Report
	for i, state := range []reeve.State{reeve.Failed, reeve.Succeeded, reeve.Refused} {
		reports = append(reports, reeve.Report{ID: reeve.CommandID{Job: first.Job.ID, Leaf: int32(i)}, Device: devices[i].No, State: state})
	}
	if _, err := w.store.Report(t.Context(), w.clock.Now(), reports); err != nil {
		t.Fatal(err)
	}
	retry := func(o control.Order, states ...reeve.State) control.Placement {
		t.Helper()
		p, err := w.Retry(t.Context(), w.admin, first.Job.ID, states, o)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := retry(control.Order{DryRun: true}); p.Tally[reeve.NoReason] != 2 || len(w.jobs(t)) != 1 {
		t.Errorf("a dry run: %+v", p)
	}
	again := retry(keyed(control.Order{Comment: "again"}, "key", "body"))
	if again.Job.Targets != 2 || again.Job.RetryOf != first.Job.ID || again.Job.Comment != "again" || string(again.Job.Params) != string(first.Job.Params) {
		t.Errorf("%+v; params %s, want %s", again.Job, again.Job.Params, first.Job.Params)
	}
	if kept, err := w.store.Job(t.Context(), w.admin.Account, again.Job.ID); err != nil || kept.RetryOf != first.Job.ID {
		t.Errorf("stored: %+v, %v", kept, err)
	}
	if p := retry(keyed(control.Order{Comment: "again"}, "key", "body")); !p.Repeated || p.Job.ID != again.Job.ID {
		t.Errorf("a repeat of it: %+v", p)
	}
	if p := retry(control.Order{}, reeve.Refused); p.Job.Targets != 1 {
		t.Errorf("of one state: %+v", p.Job)
	}
	rows := w.audit(t, w.admin.Account, "job_placed")
	if len(rows) != 3 || !strings.Contains(rows[1].Detail, `"retry_of":"`+first.Job.ID.String()+`"`) {
		t.Errorf("the log says %+v", rows)
	}
	_, err := w.Retry(t.Context(), w.admin, first.Job.ID, []reeve.State{reeve.Succeeded}, control.Order{})
	wantKind(t, "what succeeded", err, reeve.Invalid)
	_, stranger := w.further(t, "other")
	_, err = w.Retry(t.Context(), stranger, first.Job.ID, nil, control.Order{})
	wantKind(t, "another account's job", err, reeve.NotFound)
}
