package control_test

import (
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

func TestUndo(t *testing.T) {
	w := newWorld(t)
	ids := w.fleet(t, 4)
	printer := w.imported(t, 0x0a0000000001)[0]
	first := w.place(t, control.Order{Action: "exempt", All: true})
	w.clock.advance(time.Minute)
	w.place(t, order("exempt", ids[1])) // for another reason
	w.place(t, order("delete", ids[2]))
	undone, err := w.Undo(t.Context(), w.admin, first.Job.ID, control.Order{Comment: "by mistake"})
	if err != nil {
		t.Fatal(err)
	}
	j := undone.Job
	if j.Action != "unexempt" || j.UndoOf != first.Job.ID || j.Targets != 2 || j.Entries != 4 || j.Unmatched != 2 || j.Comment != "by mistake" {
		t.Errorf("%+v", j)
	}
	now := w.clock.Now()
	for i, exempt := range []bool{false, true, true, false} {
		if d := w.device(t, ids[i]); d.IsExempt(now) != exempt {
			t.Errorf("device %d is exempt: %v", i, !exempt)
		}
	}
	if stored, err := w.store.Job(t.Context(), w.admin.Account, j.ID); err != nil || stored.UndoOf != first.Job.ID {
		t.Errorf("%+v, %v", stored, err)
	}
	if rows := w.audit(t, w.admin.Account, "job_placed"); !strings.Contains(rows[len(rows)-1].Detail, `"undo_of":"`+first.Job.ID.String()) {
		t.Errorf("the log says %+v", rows[len(rows)-1])
	}
	if again, err := w.Undo(t.Context(), w.admin, first.Job.ID, control.Order{}); err != nil || again.Job.Targets != 0 {
		t.Errorf("undone twice: %+v, %v", again.Job, err)
	}
	back, err := w.Undo(t.Context(), w.admin, j.ID, control.Order{Params: []byte(`{"exempt_time":24}`)})
	if err != nil || back.Job.Action != "exempt" || back.Job.Targets != 2 || string(back.Job.Params) != `{"exempt_time":24}` {
		t.Errorf("undoing the undo: %+v, %v", back.Job, err)
	}
	ignored := w.place(t, order("ignore", printer.ID))
	if p, err := w.Undo(t.Context(), w.admin, ignored.Job.ID, control.Order{DryRun: true}); err != nil || p.Tally[reeve.NoReason] != 1 || p.Found != 1 {
		t.Errorf("a dry run: %+v, %v", p, err)
	}
	if p, err := w.Undo(t.Context(), w.admin, ignored.Job.ID, control.Order{}); err != nil || w.device(t, printer.ID).Class.Standing != reeve.Unknown {
		t.Errorf("%+v, %v", p, err)
	}
	renewed := w.place(t, order("dhcprenew", ids[0]))
	_, err = w.Undo(t.Context(), w.admin, renewed.Job.ID, control.Order{})
	wantKind(t, "what has no opposite", err, reeve.Conflict)
	_, stranger := w.further(t, "other")
	_, err = w.Undo(t.Context(), stranger, first.Job.ID, control.Order{})
	wantKind(t, "another account's job", err, reeve.NotFound)
}

func TestUndoOfADeletion(t *testing.T) {
	w := newWorld(t)
	ids := w.fleet(t, 3)
	deleted := w.place(t, order("delete", ids...))
	if _, err := w.Restore(t.Context(), w.admin, ids[:1]); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Minute)
	w.place(t, order("delete", ids[0])) // which is for another undo
	if p, err := w.Undo(t.Context(), w.admin, deleted.Job.ID, control.Order{DryRun: true}); err != nil || p.Found != 2 || w.device(t, ids[1]).Class.Standing != reeve.Archived {
		t.Errorf("a dry run: %+v, %v", p, err)
	}
	w.limit(t, 1)
	_, err := w.Undo(t.Context(), w.admin, deleted.Job.ID, control.Order{})
	wantKind(t, "above the limit", err, reeve.Unapproved)
	p, err := w.Undo(t.Context(), w.admin, deleted.Job.ID, control.Order{Propose: true, Comment: "wrong list"})
	if err != nil || p.Proposal.Action != "restore" || p.Proposal.Targets != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	o, done, err := w.Approve(t.Context(), w.person("bob"), p.Proposal.ID, "", 0)
	if err != nil || len(done.Restored) != 2 || done.Job.ID != 0 || o.State != reeve.Used {
		t.Errorf("%+v %+v, %v", o, done, err)
	}
	for i, want := range []reeve.Standing{reeve.Archived, reeve.Managed, reeve.Managed} {
		if got := w.device(t, ids[i]).Class.Standing; got != want {
			t.Errorf("device %d is %s", i, got)
		}
	}
	if rows := w.audit(t, w.admin.Account, "devices_restored"); len(rows) != 2 || rows[1].Job != deleted.Job.ID || rows[1].Actor != w.admin.Actor {
		t.Errorf("the log says %+v", rows)
	}
	if told := w.wake.told[len(w.wake.told)-1]; told != "cancelled" {
		t.Errorf("delivery heard %q last, not that the orders to retire were called off", told)
	}
}

// A retry and an undo keep to the limit as an order does, and can be proposed.
func TestRetryAndUndoAboveTheLimit(t *testing.T) {
	w := newWorld(t)
	ids := w.fleet(t, 3)
	exempted, renewed := w.place(t, order("exempt", ids...)), w.place(t, order("dhcprenew", ids...))
	if _, err := w.Cancel(t.Context(), w.admin, renewed.Job.ID); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(time.Minute)
	w.limit(t, 2)
	for name, ask := range map[string]func(control.Order) (control.Placement, error){
		"dhcprenew": func(o control.Order) (control.Placement, error) {
			return w.Retry(t.Context(), w.admin, renewed.Job.ID, []reeve.State{reeve.Cancelled, reeve.Failed}, o)
		},
		"unexempt": func(o control.Order) (control.Placement, error) {
			return w.Undo(t.Context(), w.admin, exempted.Job.ID, o)
		},
	} {
		_, err := ask(control.Order{})
		wantKind(t, name, err, reeve.Unapproved)
		p, err := ask(control.Order{Propose: true, Hold: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Approve(t.Context(), w.person("bob"), p.Proposal.ID, "", 0); err != nil {
			t.Fatal(err)
		}
		_, err = w.Place(t.Context(), w.admin, control.Order{Action: name, IDs: ids, Approved: p.Proposal.ID})
		wantKind(t, "the approval of "+name+" for an order of its own", err, reeve.Conflict)
		done, err := ask(control.Order{Approved: p.Proposal.ID})
		if err != nil || done.Job.ID != p.Proposal.ID || done.Job.Action != name || done.Job.Targets != 3 {
			t.Errorf("%+v, %v", done.Job, err)
		}
		if p, err = ask(control.Order{DryRun: true}); err != nil {
			t.Errorf("a dry run: %+v, %v", p, err)
		}
	}
	again, err := w.Retry(t.Context(), w.admin, renewed.Job.ID, nil, control.Order{Propose: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, p, err := w.Approve(t.Context(), w.person("bob"), again.Proposal.ID, "", 0); err != nil || p.Job.RetryOf != renewed.Job.ID || p.Job.Targets != 3 {
		t.Errorf("%+v, %v", p.Job, err)
	}
}
