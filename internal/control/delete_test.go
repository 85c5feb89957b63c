package control_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"reeve"
	"reeve/internal/control"
)

func TestDelete(t *testing.T) {
	w := newWorld(t)
	a, b := w.enrol(t, w.linux()), w.enrol(t, w.machine(reeve.Mobile, reeve.IOS, "3.1"))
	printer := w.imported(t, 0x0a0000000001)[0]
	waiting := w.place(t, order("dhcprenew", a.ID)).Job
	w.wake.told, w.wake.placed = nil, nil

	p := w.place(t, order("delete", a.ID, printer.ID, b.ID))
	for i, out := range p.Outcomes {
		if out.Status != 1 {
			t.Errorf("entry %d: %+v", i, out)
		}
	}
	for _, id := range []string{a.ID, b.ID, printer.ID} {
		d := w.device(t, id)
		if d.Class.Standing != reeve.Archived || !d.ArchivedAt.Equal(noon) {
			t.Errorf("%s is %v since %v", d.Hostname, d.Class.Standing, d.ArchivedAt)
		}
		if _, err := w.store.Device(t.Context(), w.admin.Account, id); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("%s is found in the inventory: %v", d.Hostname, err)
		}
	}
	if c := w.commands(t, waiting.ID)[0]; c.State != reeve.Cancelled || c.Reason != reeve.DeviceDeleted {
		t.Errorf("the command that was waiting is %v, %v", c.State, c.Reason)
	}

	// The agents are ordered to retire before their connections end.
	if want := []string{"placed retire", "left"}; !slices.Equal(w.wake.told, want) {
		t.Fatalf("delivery was told %q; want %q", w.wake.told, want)
	}
	if want := []int64{a.No, b.No}; !slices.Equal(w.wake.left, want) {
		t.Errorf("devices %v left; want those with an agent, %v", w.wake.left, want)
	}
	batch := w.wake.placed[0]
	retire, err := w.store.Job(t.Context(), w.admin.Account, batch.Job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if retire.Action != "retire" || retire.Targets != 2 || retire.Caller.Actor != w.admin.Actor || !retire.DeliverBy.Equal(noon.Add(90*24*time.Hour)) {
		t.Errorf("the order to retire is %+v", retire)
	}
	view, err := w.View(w.admin)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := view.JobSelection(t.Context(), retire.ID); err != nil || s.Deletion != p.Job.ID || control.Deletion(p.Job) != 0 {
		t.Errorf("its devices are %+v, %v", s, err)
	}
	for i, d := range []reeve.Device{a, b} {
		if err := checkSeal(w, batch, i, d.Key[:]); err != nil || batch.Placed[i].Device != d.No {
			t.Errorf("the order for device %d: %v", d.No, err)
		}
	}
	if rows := w.audit(t, w.admin.Account, "retire_ordered"); len(rows) != 1 || rows[0].Job != retire.ID {
		t.Errorf("the log says of it: %+v", rows)
	}
	orders, err := w.store.Pending(t.Context(), noon, []int64{a.No, b.No, printer.No})
	if err != nil || len(orders) != 2 || orders[0].ID.Job != retire.ID {
		t.Errorf("what the agents still receive: %+v, %v; want the order to retire alone", orders, err)
	}

	// Deleted again, it is not there.
	jobs := len(w.jobs(t))
	again := w.place(t, order("delete", a.ID, printer.ID, b.ID))
	for i, out := range again.Outcomes {
		if out.Status != 0 || out.Leaf != -1 {
			t.Errorf("deleted again, entry %d: %+v", i, out)
		}
	}
	if len(w.jobs(t)) != jobs+1 || len(w.wake.told) != 2 {
		t.Errorf("deleting again made %d jobs and told %q", len(w.jobs(t))-jobs, w.wake.told)
	}
	if p := w.place(t, control.Order{Action: "delete", MACs: []string{a.MACs[0].String()}}); p.Outcomes[0].Status != 0 {
		t.Errorf("deleted again by MAC: %+v", p.Outcomes[0])
	}
}

// Whatever goes wrong in the middle, nothing has happened.
func TestFailuresLeaveNothing(t *testing.T) {
	w := newWorld(t)
	d := w.enrol(t, w.linux())
	waiting := w.place(t, order("dhcprenew", d.ID)).Job
	head, _, _ := w.store.Head(t.Context(), w.admin.Account)
	w.wake.told = nil
	full := errors.New("the disk is full")
	for _, good := range []int{0, 1} { // the deletion itself, and the order to retire
		store := &brokenStore{Store: w.store, good: good, err: full}
		p, err := w.control(store).Place(t.Context(), w.admin, keyed(order("delete", d.ID), "key", "body"))
		if !errors.Is(err, full) || reeve.KindOf(err) != reeve.Internal || p.Outcomes != nil {
			t.Errorf("after %d commits: %+v, %v", good, p, err)
		}
		if got := w.device(t, d.ID).Class.Standing; got != reeve.Managed {
			t.Errorf("after %d commits the device is %v", good, got)
		}
	}
	after, _, _ := w.store.Head(t.Context(), w.admin.Account)
	if len(w.jobs(t)) != 1 || len(w.wake.told) != 0 || after.Seq != head.Seq || w.commands(t, waiting.ID)[0].State != reeve.Queued {
		t.Errorf("it left %d jobs, %d rows, and told %q", len(w.jobs(t)), after.Seq-head.Seq, w.wake.told)
	}
	if p := w.place(t, keyed(order("delete", d.ID), "key", "body")); p.Repeated || p.Outcomes[0].Status != 1 {
		t.Errorf("once the store is well: %+v", p)
	}
}

// A brokenStore fails after some good commits.
type brokenStore struct {
	control.Store
	good int
	err  error
}

func (s *brokenStore) Place(ctx context.Context, account int64, fn func(reeve.Placing) error) error {
	return s.Store.Place(ctx, account, func(tx reeve.Placing) error { return fn(brokenPlacing{tx, s}) })
}

type brokenPlacing struct {
	reeve.Placing
	store *brokenStore
}

func (p brokenPlacing) Commit(w reeve.Work) error {
	if p.store.good == 0 {
		return p.store.err
	}
	p.store.good--
	return p.Placing.Commit(w)
}

func TestLeave(t *testing.T) {
	w := newWorld(t)
	d, other := w.enrol(t, w.linux()), w.enrol(t, w.linux())
	waiting := w.place(t, order("dhcprenew", d.ID, other.ID)).Job
	w.wake.told = nil

	if err := w.Leave(t.Context(), d.Key, "192.0.2.9"); err != nil {
		t.Fatal(err)
	}
	if got := w.device(t, d.ID).Class.Standing; got != reeve.Archived {
		t.Errorf("it is %v", got)
	}
	for _, c := range w.commands(t, waiting.ID) {
		if gone := c.DeviceID == d.ID; (c.State == reeve.Cancelled) != gone {
			t.Errorf("the command of %s is %v", c.Hostname, c.State)
		}
	}
	// Nobody orders what the agent already does.
	if !slices.Equal(w.wake.told, []string{"left"}) || !slices.Equal(w.wake.left, []int64{d.No}) {
		t.Errorf("delivery was told %q, %v", w.wake.told, w.wake.left)
	}
	rows := w.audit(t, w.admin.Account, "job_placed")
	row := rows[len(rows)-1]
	if row.Source != reeve.FromAgent || row.Actor != "device:"+d.ID || row.Address != "192.0.2.9" {
		t.Errorf("the log says %+v", row)
	}
	if err := w.Leave(t.Context(), d.Key, ""); err != nil || len(w.wake.told) != 1 {
		t.Errorf("leaving again: %v, told %q", err, w.wake.told)
	}
	wantKind(t, "leaving with a key that nobody has", w.Leave(t.Context(), reeve.Key{1}, ""), reeve.Denied)
	wantKind(t, "leaving without a key", w.Leave(t.Context(), reeve.Key{}, ""), reeve.Denied)
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for range 4 {
		ids = append(ids, w.enrol(t, w.linux()).ID)
	}
	ids = append(ids, w.enrol(t, w.machine(reeve.OnDemand, reeve.Windows, "7.6.231.0")).ID)
	job := w.place(t, order("fetch_agent_log", ids...)).Job
	commands := w.commands(t, job.ID)
	w.report(t, commands[0], reeve.Succeeded)
	w.report(t, commands[1], reeve.Running)
	w.clock.advance(time.Minute)

	got, err := w.Cancel(t.Context(), w.admin, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Cancelled.Equal(noon.Add(time.Minute)) || got.Open() != 0 || got.Counts[reeve.Cancelled] != 3 || got.Counts[reeve.Succeeded] != 1 || got.Counts[reeve.NotApplicable] != 1 {
		t.Errorf("the job is cancelled at %v and counts %v", got.Cancelled, got.Counts)
	}
	want := []reeve.State{reeve.Succeeded, reeve.Cancelled, reeve.Cancelled, reeve.Cancelled, reeve.NotApplicable}
	for i, c := range w.commands(t, job.ID) {
		if c.State != want[i] || (c.Reason == reeve.JobCancelled) != (want[i] == reeve.Cancelled) {
			t.Errorf("command %d is %v, %v; want %v", i, c.State, c.Reason, want[i])
		}
	}
	if orders := w.wake.cancelled[job.ID]; len(orders) != 3 {
		t.Errorf("delivery was told of %d orders; want 3", len(orders))
	}
	rows := w.audit(t, w.admin.Account, "job_cancelled")
	if len(rows) != 1 || rows[0].Job != job.ID || rows[0].Actor != w.admin.Actor {
		t.Errorf("the log says %+v", rows)
	}

	// A report that comes late changes nothing.
	w.report(t, commands[1], reeve.Succeeded)
	if c := w.commands(t, job.ID)[1]; c.State != reeve.Cancelled || c.Late != "succeeded" {
		t.Errorf("after a late report the command is %v, late %q", c.State, c.Late)
	}
	told := len(w.wake.told)
	if _, err := w.Cancel(t.Context(), w.admin, job.ID); err != nil || len(w.wake.told) != told {
		t.Errorf("cancelling what has ended: %v, told %q", err, w.wake.told)
	}
	_, err = w.Cancel(t.Context(), w.admin, job.ID+5)
	wantKind(t, "cancelling a job that is not there", err, reeve.NotFound)
}
