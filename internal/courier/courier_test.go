package courier

import (
	"testing"
	"time"

	"reeve"
	"reeve/internal/link"
)

func TestOrderReportAck(t *testing.T) {
	b := lay(t, nil)
	a := b.device(36).arrive()
	if !b.Online(36) {
		t.Error("the device that was welcomed is not online")
	}
	job := b.place("scan_threats", a)
	b.Placed(job)
	o := a.order()
	id := reeve.CommandID{Job: job.Job.ID, Leaf: 0}
	if o.Command() != id.String() {
		t.Fatalf("the order is %s, want %s", o.Command(), id)
	}
	eventually(t, "the command is sent", func() bool { return b.shelf.state(id) == reeve.Sent })

	a.say(link.VerbReport, link.Report{Command: o.Command(), State: "running", Percent: 40})
	eventually(t, "the command runs", func() bool { return b.shelf.state(id) == reeve.Running })
	a.say(link.VerbReport, link.Report{Command: o.Command(), State: "succeeded", Message: "done\x00\nwell", Result: []byte(`{"threats":0}`)})
	var ack link.Ack // only of the end, else the end could be lost for that of the progress
	a.hear(link.VerbAck, &ack)
	if len(ack.Commands) != 1 || ack.Commands[0] != o.Command() {
		t.Fatalf("acknowledged %v", ack.Commands)
	}
	b.shelf.locked(func() {
		r := b.shelf.reports[1]
		if r.State != reeve.Succeeded || r.Message != "done well" || string(r.Result) != `{"threats":0}` || r.Device != 36 {
			t.Errorf("recorded %+v", r)
		}
	})
	a.silent()
}

func TestWaitingOrderIsDeliveredOnHello(t *testing.T) {
	b := lay(t, nil)
	away, other := b.device(1), b.device(2)
	job := b.place("scan_threats", other, away)
	b.Placed(job) // nobody is there
	a := away.arrive()
	if o := a.order(); o.Command() != (reeve.CommandID{Job: job.Job.ID, Leaf: 1}).String() {
		t.Errorf("got %s", o.Command())
	}
	eventually(t, "the command is sent", func() bool {
		return b.shelf.state(reeve.CommandID{Job: job.Job.ID, Leaf: 1}) == reeve.Sent
	})
	b.shelf.locked(func() {
		if m := b.shelf.meetings[1]; m.Hostname != "host-1" || m.Address != "127.0.0.1" || m.Version != (reeve.Version{26, 11}) ||
			!m.Abilities.Has("scan_threats") || len(m.MACs) != 1 {
			t.Errorf("met %+v", m)
		}
		if b.shelf.loads > 0 {
			t.Error("the tree was read back although it was in memory")
		}
		if b.shelf.jobs[job.Job.ID].states[0] != reeve.Queued {
			t.Error("the order of the absent device is not queued any more")
		}
	})
}

func TestDepartureIsNoticed(t *testing.T) {
	b := lay(t, nil)
	gone, polite := b.device(1).arrive(), b.device(2).arrive()
	gone.conn.Close()
	eventually(t, "the closed connection is noticed", func() bool { return !b.Online(1) })
	polite.say(link.VerbBye, nil)
	eventually(t, "the goodbye is noticed", func() bool { return !b.Online(2) })
	eventually(t, "the store knows", func() bool {
		b.shelf.mu.Lock()
		defer b.shelf.mu.Unlock()
		return !b.shelf.online[1] && !b.shelf.online[2]
	})
}

func TestOldConnectionEndsAfterReturn(t *testing.T) {
	b := lay(t, nil)
	d := b.device(1)
	old := d.arrive()
	d.arrive()
	old.conn.Close()
	third := b.device(2).arrive()
	third.conn.Close()
	eventually(t, "a later end is noticed", func() bool { return !b.Online(2) })
	if !b.Online(1) {
		t.Error("the end of the old connection made the device look away")
	}
}

func TestCancel(t *testing.T) {
	b := lay(t, nil)
	a := b.device(1).arrive()
	job := b.place("scan_threats", a, b.device(2))
	b.Placed(job)
	a.order()
	at := time.Now().UTC().Truncate(time.Microsecond)
	b.Cancelled(job.Job.ID, at, []reeve.Order{{Device: 1}, {Device: 2}})
	var c link.Cancel
	a.hear(link.VerbCancel, &c)
	if c.Job != int64(job.Job.ID) {
		t.Errorf("cancelled %d", c.Job)
	}
	if err := b.verifier.CheckCancel(c.Job, c.At, c.Signature, c.SealKey); err != nil {
		t.Error("the cancellation is not sealed:", err)
	}
}
