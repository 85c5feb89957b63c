package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testOrders(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("pending are the open commands whose time has not passed", func(w *world) {
		devices := w.fleet(0, 3)
		first, second := w.order("scan_threats", devices), w.order("dhcprenew", devices[:2])
		w.place(w.job("exempt"), placed(devices, reeve.Succeeded, 0), reeve.Effect{})
		w.report(first, devices[0], 0, reeve.Running)
		w.report(first, devices[2], 2, reeve.Succeeded)
		at := func(job reeve.Job, leaf int) reeve.Order {
			return reeve.Order{ID: reeve.CommandID{Job: job.ID, Leaf: int32(leaf)}, Device: devices[leaf].No}
		}
		running := at(first, 0)
		running.State = reeve.Running
		for name, test := range map[string]struct {
			devices []reeve.Device
			now     time.Time
			want    []reeve.Order
		}{
			"all":                    {devices, noon, []reeve.Order{running, at(first, 1), at(second, 0), at(second, 1)}},
			"of one, named twice":    {[]reeve.Device{devices[1], devices[1]}, noon, []reeve.Order{at(first, 1), at(second, 1)}},
			"just in time":           {devices[:1], second.DeliverBy.Add(-time.Microsecond), []reeve.Order{running, at(second, 0)}},
			"too late to be sent":    {devices, second.DeliverBy, []reeve.Order{running}},
			"too late to be running": {devices, first.FinishBy, nil},
			"of nobody":              {nil, noon, nil},
		} {
			got, err := w.Pending(w.ctx, test.now, numbers(test.devices))
			w.check(err)
			if d := cmp.Diff(test.want, got); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
		}
		_, err := w.Cancel(w.ctx, w.account.No, second.ID, noon, w.entry("job_cancelled"))
		w.check(err)
		got, err := w.Pending(w.ctx, noon, numbers(devices[1:2]))
		w.check(err)
		if d := cmp.Diff([]reeve.Order{at(first, 1)}, got); d != "" {
			w.t.Error(d)
		}
	})

	s.run("open jobs come oldest first", func(w *world) {
		devices := w.fleet(0, 1)
		a, b, c := w.order("scan_threats", devices), w.order("scan_threats", devices), w.order("scan_threats", devices)
		w.report(b, devices[0], 0, reeve.Failed)
		open, err := w.OpenJobs(w.ctx)
		w.check(err)
		if d := cmp.Diff([]reeve.JobID{a.ID, c.ID}, open); d != "" {
			w.t.Error(d)
		}
	})

	s.run("leaves bind keys of ordered agents, numbers of all others", func(w *world) {
		devices := w.fleet(0, 5)
		job := w.job("scan_threats")
		commands := placed(devices, reeve.Queued, reeve.NoReason)
		commands[1].State, commands[1].Reason = reeve.NotApplicable, reeve.WrongKind
		commands[2].State, commands[2].Reason = reeve.Cancelled, reeve.Away
		job = w.place(job, commands, reeve.Effect{})
		w.report(job, devices[3], 3, reeve.Succeeded)
		_, err := w.Cancel(w.ctx, w.account.No, job.ID, noon, w.entry("job_cancelled"))
		w.check(err)
		got, subjects, err := w.Sealed(w.ctx, job.ID)
		w.check(err)
		want := make([]reeve.Subject, len(devices))
		for i, d := range devices {
			want[i] = reeve.Subject{Device: d.No, Key: d.Key}
		}
		want[1].Key, want[2].Key = reeve.Key{}, reeve.Key{}
		if d := cmp.Diff(want, subjects); d != "" || got.ID != job.ID {
			w.t.Error(d)
		}
		job = w.job("exempt")
		job.Signature = nil
		job = w.place(job, placed(devices[:1], reeve.Succeeded, 0), reeve.Effect{})
		_, subjects, err = w.Sealed(w.ctx, job.ID)
		w.check(err)
		if d := cmp.Diff([]reeve.Subject{{Device: devices[0].No}}, subjects); d != "" {
			w.t.Error(d)
		}
	})

	s.run("sent moves what is queued", func(w *world) {
		devices := w.fleet(0, 3)
		job := w.order("scan_threats", devices)
		w.report(job, devices[1], 1, reeve.Running)
		w.report(job, devices[2], 2, reeve.Succeeded)
		var all []reeve.CommandID
		for leaf := range 4 {
			all = append(all, reeve.CommandID{Job: job.ID, Leaf: int32(3 - leaf)}) // one of them does not exist
		}
		now := noon.Add(5 * time.Minute)
		w.check(w.Sent(w.ctx, now, append(all, reeve.CommandID{Job: job.ID + 1}, all[0])))
		for leaf, want := range []reeve.State{reeve.Sent, reeve.Running, reeve.Succeeded} {
			if c := w.command(job, leaf); c.State != want || want == reeve.Sent && !c.Changed.Equal(now) {
				w.t.Errorf("command %d: %v at %v", leaf, c.State, c.Changed)
			}
		}
		w.check(w.Sent(w.ctx, now, nil))
	})
}
