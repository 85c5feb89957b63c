package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"reeve"
)

func testDeadlines(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("every command ends by its deadline and says which passed", func(w *world) {
		devices := w.fleet(0, 5)
		job := w.order("scan_threats", devices)
		at := func(leaf int32) reeve.CommandID { return reeve.CommandID{Job: job.ID, Leaf: leaf} }
		w.check(w.Sent(w.ctx, noon, []reeve.CommandID{at(1), at(2)}))
		w.report(job, devices[2], 2, reeve.Running)
		w.report(job, devices[3], 3, reeve.Running)
		w.report(job, devices[4], 4, reeve.Succeeded)
		w.expire(job.DeliverBy.Add(-time.Microsecond), 0)
		w.expire(job.DeliverBy, 2)
		w.expire(job.DeliverBy.Add(time.Second), 0)
		w.counts(job, reeve.Counts{reeve.Succeeded: 1, reeve.Expired: 2})
		w.reports(job.DeliverBy.Add(time.Second), true, reeve.Report{ID: at(3), Device: devices[3].No, State: reeve.Failed})
		w.expire(job.FinishBy.Add(-time.Microsecond), 0)
		w.expire(job.FinishBy, 1)
		w.expire(job.FinishBy.AddDate(1, 0, 0), 0)
		w.counts(job, reeve.Counts{reeve.Succeeded: 1, reeve.Failed: 1, reeve.Expired: 3})
		for leaf, want := range []reeve.Reason{reeve.DeliveryRanOut, reeve.DeliveryRanOut, reeve.ExecutionRanOut, 0, 0} {
			if c := w.command(job, leaf); c.Reason != want {
				w.t.Errorf("command %d: %v because of %v, want %v", leaf, c.State, c.Reason, want)
			}
		}
		if c := w.command(job, 2); !c.Changed.Equal(job.FinishBy) {
			w.t.Errorf("ended at %v", c.Changed)
		}
	})

	s.run("after a long sleep everything ends at once", func(w *world) {
		devices := w.fleet(0, 3)
		a, b := w.order("scan_threats", devices), w.order("scan_threats", devices[:1])
		w.report(a, devices[0], 0, reeve.Running)
		w.expire(noon.AddDate(1, 0, 0), 4)
		w.counts(a, reeve.Counts{reeve.Expired: 3})
		w.counts(b, reeve.Counts{reeve.Expired: 1})
		if c := w.command(a, 0); c.Reason != reeve.ExecutionRanOut {
			w.t.Errorf("%+v", c)
		}
		if c := w.command(a, 1); c.Reason != reeve.DeliveryRanOut {
			w.t.Errorf("%+v", c)
		}
	})

	s.run("the log tells of each job", func(w *world) {
		job := w.order("scan_threats", w.fleet(0, 2))
		w.expire(job.DeliverBy, 2)
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 1, Newest: true})
		w.check(err)
		if r := rows[0]; r.Event != "job_expired" || r.Source != reeve.FromSystem || r.Job != job.ID || r.Detail != `{"devices":2}` || !r.At.Equal(job.DeliverBy) {
			w.t.Errorf("logged %+v", r)
		}
	})

	s.run("of sweeps and reports at the same time each command hears one", func(w *world) {
		devices := w.fleet(0, 20)
		all := reeve.ExemptAll
		job := w.order("scan_threats", devices)
		w.place(w.job("exempt"), placed(devices, reeve.Succeeded, 0), reeve.Effect{Exempt: &all, ExemptUntil: job.DeliverBy})
		var changed atomic.Int64
		for _, err := range concurrently(6, func(i int) error {
			if i%2 == 0 {
				n, err := w.Expire(w.ctx, job.DeliverBy)
				changed.Add(n)
				return err
			}
			var batch []reeve.Report
			for leaf, d := range devices {
				batch = append(batch, reeve.Report{ID: reeve.CommandID{Job: job.ID, Leaf: int32(leaf)}, Device: d.No, State: reeve.Succeeded})
			}
			_, err := w.Report(w.ctx, job.DeliverBy, batch)
			return err
		}) {
			w.check(err)
		}
		counts := w.stored(job.ID).Counts
		if counts[reeve.Succeeded]+counts[reeve.Expired] != 20 || changed.Load() != 20+counts[reeve.Expired] {
			w.t.Errorf("counts %v, sweeps changed %d", counts, changed.Load())
		}
		w.counts(job, counts)
	})
}
