package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testReports(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	now := noon.Add(30 * time.Minute)

	s.run("a report moves its command as its life allows", func(w *world) {
		said := []reeve.State{reeve.Running, reeve.Succeeded, reeve.Failed, reeve.Refused}
		var n int
		for state := range reeve.NumStates {
			for _, report := range said {
				d := w.save(w.account.No, device(n))
				n++
				job, at := w.commandIn(state, d)
				w.reports(now, true, reeve.Report{ID: at, Device: d.No, State: report, Percent: -1})
				want := state
				if state.May(report) {
					want = report
				}
				c := w.command(job, 0)
				if c.State != want {
					w.t.Errorf("%v reported of a command that is %v: %v, want %v", report, state, c.State, want)
				}
				if c.Changed.Equal(now) != state.May(report) {
					w.t.Errorf("%v reported of a command that is %v: changed at %v", report, state, c.Changed)
				}
				late := ""
				if state.IsFinal() && report.IsFinal() && state != report {
					late = report.String()
				}
				if c.Late != late {
					w.t.Errorf("%v reported of a command that is %v: late %q, want %q", report, state, c.Late, late)
				}
				var counts reeve.Counts
				if want.IsFinal() {
					counts[want] = 1
				}
				w.counts(job, counts)
			}
		}
	})

	s.run("what an agent says is kept", func(w *world) {
		devices := w.fleet(0, 1)
		job := w.order("re-identify", devices)
		at := reeve.CommandID{Job: job.ID}
		step := func(r reeve.Report) (reeve.Command, json.RawMessage) {
			r.ID, r.Device = at, devices[0].No
			w.reports(now, true, r)
			c, result, err := w.Command(w.ctx, w.account.No, at)
			w.check(err)
			return c, result
		}
		c, result := step(reeve.Report{State: reeve.Running, Percent: 10, Message: "asking"})
		if c.Percent != 10 || c.Message != "asking" || result != nil {
			w.t.Errorf("%+v %s", c, result)
		}
		began := c.Changed
		now := now
		now = now.Add(time.Minute)
		w.reports(now, true, reeve.Report{ID: at, Device: devices[0].No, State: reeve.Running, Percent: 60})
		c, _ = w.must(at)
		if c.Percent != 60 || c.Message != "asking" || !c.Changed.Equal(began) {
			w.t.Errorf("progress: %+v", c)
		}
		answers := map[string]string{"email": "ann@example.org", "name": "Ann \"A\" \u00e9"}
		c, result = step(reeve.Report{State: reeve.Succeeded, Percent: 100, Message: "a\x00\xff",
			Result: json.RawMessage(`{"threats": [1, 2]}`), Identity: answers})
		if c.State != reeve.Succeeded || c.Message != "a\uFFFD" || string(result) != `{"threats": [1, 2]}` {
			w.t.Errorf("%+v %s", c, result)
		}
		if d := cmp.Diff(answers, w.read(devices[0]).Identity); d != "" {
			w.t.Error(d)
		}
		// What comes after the end adds, and replaces nothing.
		c, result = step(reeve.Report{State: reeve.Failed, Message: "late", Result: json.RawMessage(`{}`), Identity: map[string]string{"x": "y"}})
		if c.State != reeve.Succeeded || c.Late != "failed" || c.Message != "a\uFFFD" || string(result) != `{"threats": [1, 2]}` {
			w.t.Errorf("%+v %s", c, result)
		}
		if d := cmp.Diff(answers, w.read(devices[0]).Identity); d != "" {
			w.t.Error(d)
		}
	})

	s.run("a late result is kept beside the end", func(w *world) {
		devices := w.fleet(0, 1)
		job := w.order("scan_threats", devices)
		w.expire(job.DeliverBy, 1)
		w.reports(job.DeliverBy, true, reeve.Report{ID: reeve.CommandID{Job: job.ID}, Device: devices[0].No,
			State: reeve.Succeeded, Message: "done", Result: json.RawMessage(`{"n":1}`)})
		c, result := w.must(reeve.CommandID{Job: job.ID})
		if c.State != reeve.Expired || c.Late != "succeeded" || c.Message != "done" || string(result) != `{"n":1}` {
			w.t.Errorf("%+v %s", c, result)
		}
		w.counts(job, reeve.Counts{reeve.Expired: 1})
	})

	s.run("a report is settled unless it names no command", func(w *world) {
		devices := w.fleet(0, 2)
		job := w.order("scan_threats", devices)
		settled, err := w.Report(w.ctx, now, []reeve.Report{
			{ID: reeve.CommandID{Job: job.ID, Leaf: 2}, Device: devices[0].No, State: reeve.Succeeded},
			{ID: reeve.CommandID{Job: job.ID, Leaf: 1}, Device: devices[0].No, State: reeve.Succeeded}, // not its own
			{ID: reeve.CommandID{Job: job.ID + 1}, Device: devices[0].No, State: reeve.Succeeded},
			{ID: reeve.CommandID{Job: job.ID}, Device: devices[0].No, State: reeve.Succeeded},
			{ID: reeve.CommandID{Job: job.ID}, Device: devices[0].No, State: reeve.Succeeded},
		})
		w.check(err)
		if d := cmp.Diff([]bool{false, true, false, true, true}, settled); d != "" {
			w.t.Error(d)
		}
		w.counts(job, reeve.Counts{reeve.Succeeded: 1})
		if c := w.command(job, 1); c.State != reeve.Queued || c.Late != "" {
			w.t.Errorf("another device's command: %+v", c)
		}
		settled, err = w.Report(w.ctx, now, nil)
		w.check(err)
		if len(settled) != 0 {
			w.t.Errorf("nothing reported: %v", settled)
		}
	})

	s.run("a batch is as if its reports had come one by one", func(w *world) {
		sequences := [][]reeve.State{
			{reeve.Running, reeve.Succeeded}, {reeve.Succeeded, reeve.Running}, {reeve.Succeeded, reeve.Failed},
			{reeve.Failed, reeve.Succeeded, reeve.Succeeded}, {reeve.Running, reeve.Refused}, {reeve.Refused, reeve.Succeeded},
			{reeve.Running, reeve.Running, reeve.Failed, reeve.Refused}, {reeve.Running, reeve.Refused, reeve.Succeeded},
			{reeve.Running, reeve.Running}, {reeve.Succeeded, reeve.Succeeded},
		}
		devices := w.fleet(0, len(sequences))
		whole, single := w.order("scan_threats", devices), w.order("scan_threats", devices)
		var batch []reeve.Report
		for step := range 4 {
			for leaf, sequence := range sequences {
				if step >= len(sequence) {
					continue
				}
				r := reeve.Report{ID: reeve.CommandID{Job: whole.ID, Leaf: int32(leaf)}, Device: devices[leaf].No, State: sequence[step], Percent: int8(step)}
				batch = append(batch, r)
				r.ID.Job = single.ID
				w.reports(now, true, r)
			}
		}
		w.reports(now, true, batch...)
		for leaf, sequence := range sequences {
			want, got := w.command(single, leaf), w.command(whole, leaf)
			want.ID = got.ID
			if d := cmp.Diff(want, got); d != "" {
				w.t.Errorf("%v: %s", sequence, d)
			}
		}
		w.counts(whole, w.stored(single.ID).Counts)
	})

	s.run("one entry per account tells of a batch", func(w *world) {
		devices := w.fleet(0, 3)
		a, b := w.order("scan_threats", devices), w.order("scan_threats", devices)
		other := w.addAccount("other", 0)
		foreign := w.save(other.No, device(50))
		job := w.job("scan_threats")
		job.Account = other.No
		w.check(w.commit(reeve.Work{Job: job, Placed: placed([]reeve.Device{foreign}, reeve.Queued, 0)}))
		batch := []reeve.Report{
			{ID: reeve.CommandID{Job: a.ID, Leaf: 0}, Device: devices[0].No, State: reeve.Succeeded},
			{ID: reeve.CommandID{Job: b.ID, Leaf: 0}, Device: devices[0].No, State: reeve.Succeeded},
			{ID: reeve.CommandID{Job: b.ID, Leaf: 1}, Device: devices[1].No, State: reeve.Failed},
			{ID: reeve.CommandID{Job: a.ID, Leaf: 2}, Device: devices[2].No, State: reeve.Running},
			{ID: reeve.CommandID{Job: job.ID, Leaf: 0}, Device: foreign.No, State: reeve.Refused},
		}
		w.reports(now, true, batch...)
		for account, want := range map[int64]string{
			w.account.No: fmt.Sprintf(`{"jobs":2,"states":{"failed":1,"running":1,"succeeded":2},"commands":"%s:0 %s:0-1"}`, a.ID, b.ID),
			other.No:     fmt.Sprintf(`{"jobs":1,"states":{"refused":1},"commands":"%s:0"}`, job.ID),
		} {
			rows, err := w.Log(w.ctx, account, reeve.LogQuery{Limit: 1, Newest: true})
			w.check(err)
			if r := rows[0]; r.Event != "reports" || r.Source != reeve.FromAgent || r.Detail != want || !r.At.Equal(now) {
				w.t.Errorf("logged %+v", r)
			}
		}
		before := w.logged()
		w.reports(now, true, batch...) // nothing new
		w.reports(now, true, reeve.Report{ID: reeve.CommandID{Job: a.ID, Leaf: 2}, Device: devices[2].No, State: reeve.Running, Percent: 50})
		if d := cmp.Diff(before, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("of reports at the same time one wins", func(w *world) {
		devices := w.fleet(0, 10)
		job := w.order("scan_threats", devices)
		states := []reeve.State{reeve.Succeeded, reeve.Failed, reeve.Refused}
		for _, err := range concurrently(6, func(i int) error {
			var batch []reeve.Report
			for leaf, d := range devices {
				batch = append(batch, reeve.Report{ID: reeve.CommandID{Job: job.ID, Leaf: int32(leaf)}, Device: d.No,
					State: states[i%3], Message: fmt.Sprint(states[i%3])})
			}
			if i%2 == 0 {
				slices.Reverse(batch)
			}
			_, err := w.Report(w.ctx, now, batch)
			return err
		}) {
			w.check(err)
		}
		var counts reeve.Counts
		for leaf := range devices {
			c := w.command(job, leaf)
			counts[c.State]++
			if c.Message != c.State.String() {
				w.t.Errorf("command %d is %v and says %q", leaf, c.State, c.Message)
			}
		}
		w.counts(job, counts)
	})
}

// commandIn brings a command on the device into the state.
func (w *world) commandIn(state reeve.State, d reeve.Device) (reeve.Job, reeve.CommandID) {
	w.t.Helper()
	job := w.job("scan_threats")
	born := reeve.Queued
	if state == reeve.NotApplicable {
		born = state
	}
	job = w.place(job, []reeve.Placed{{Device: d.No, State: born}}, reeve.Effect{})
	at := reeve.CommandID{Job: job.ID}
	var err error
	switch state {
	case reeve.Sent:
		err = w.Sent(w.ctx, noon, []reeve.CommandID{at})
	case reeve.Running, reeve.Succeeded, reeve.Failed, reeve.Refused:
		_, err = w.Report(w.ctx, noon, []reeve.Report{{ID: at, Device: d.No, State: state}})
	case reeve.Cancelled:
		_, err = w.Cancel(w.ctx, w.account.No, job.ID, noon, w.entry("job_cancelled"))
	case reeve.Expired:
		var soon reeve.Job
		soon, err = job, nil
		_, err = w.Expire(w.ctx, soon.DeliverBy)
	}
	w.check(err)
	if got := w.command(job, 0).State; got != state {
		w.t.Fatalf("the command is %v, want %v", got, state)
	}
	return job, at
}

// reports reports a batch, all of which is settled or not.
func (w *world) reports(now time.Time, want bool, batch ...reeve.Report) {
	w.t.Helper()
	settled, err := w.Report(w.ctx, now, batch)
	w.check(err)
	if len(settled) != len(batch) || slices.Contains(settled, !want) {
		w.t.Errorf("settled: %v, want %v", settled, want)
	}
}

func (w *world) must(id reeve.CommandID) (reeve.Command, json.RawMessage) {
	w.t.Helper()
	c, result, err := w.Command(w.ctx, w.account.No, id)
	w.check(err)
	return c, result
}
