package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testJobs(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("jobs are listed newest first, in pages", func(w *world) {
		var placed []reeve.JobID
		for range 5 {
			placed = append(placed, w.place(w.job("scan_threats"), nil, reeve.Effect{}).ID)
		}
		other := w.addAccount("other", 0)
		foreign := w.job("scan_threats")
		foreign.Account = other.No
		w.check(w.commit(reeve.Work{Job: foreign}))
		for name, test := range map[string]struct {
			before reeve.JobID
			limit  int
			want   []reeve.JobID
		}{
			"all":      {0, 10, []reeve.JobID{placed[4], placed[3], placed[2], placed[1], placed[0]}},
			"a page":   {0, 2, []reeve.JobID{placed[4], placed[3]}},
			"the next": {placed[3], 2, []reeve.JobID{placed[2], placed[1]}},
			"no more":  {placed[0], 2, nil},
		} {
			jobs, err := w.Jobs(w.ctx, w.account.No, reeve.JobQuery{Before: test.before, Limit: test.limit})
			w.check(err)
			var got []reeve.JobID
			for _, j := range jobs {
				got = append(got, j.ID)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
		}
	})

	s.run("jobs are narrowed by who placed what, how and when", func(w *world) {
		d := w.fleet(0, 1)
		var placed []reeve.Job
		for i := range 12 {
			job := w.job([]string{"scan_threats", "dhcprenew"}[i%2])
			job.Caller.Actor, job.Caller.Name = []string{"app:A", "operator:ann", "ann"}[i%3], []string{"ann", "A", "ann"}[i%3]
			job.Caller.Source = []reeve.Source{reeve.FromAPI, reeve.FromConsole}[i/2%2]
			state := reeve.Succeeded
			if i%4 == 0 {
				state = reeve.Queued
			}
			placed = append(placed, w.place(job, []reeve.Placed{{Device: d[0].No, State: state}}, reeve.Effect{}))
		}
		slices.Reverse(placed)
		span := reeve.Span{Since: placed[9].Issued, Until: placed[3].Issued}
		for _, q := range []reeve.JobQuery{
			{}, {Actors: []string{"app:A"}}, {Actors: []string{"app:A", "ann", "ann"}, Actions: []string{"dhcprenew"}}, {By: "ann"}, {By: "app:A", Open: true},
			{By: "ann", Actions: []string{"scan_threats"}, Sources: []reeve.Source{reeve.FromConsole}}, {Ended: true}, {Open: true, Actions: []string{"scan_threats"}},
			{Actors: []string{"operator:ann"}, Sources: []reeve.Source{reeve.FromAPI}, Ended: true}, {Placed: span}, {Placed: span, Actors: []string{"ann"}}, {By: "nobody"},
		} {
			for _, bound := range []reeve.JobQuery{{Limit: 99}, {Limit: 2}, {Limit: 3, Before: placed[4].ID}, {Limit: 2, After: placed[8].ID}} {
				q.Limit, q.Before, q.After = bound.Limit, bound.Before, bound.After
				var want []reeve.JobID
				for _, j := range placed {
					has := func(n int, is bool) bool { return n == 0 || is }
					if has(len(q.Actors), slices.Contains(q.Actors, j.Caller.Actor)) && has(len(q.Actions), slices.Contains(q.Actions, j.Action)) &&
						has(len(q.Sources), slices.Contains(q.Sources, j.Caller.Source)) && (q.By == "" || q.By == j.Caller.Actor || q.By == j.Caller.Name) &&
						(!q.Open || j.Open() > 0) && (!q.Ended || j.Open() == 0) && q.Placed.Has(j.Issued) &&
						(q.Before == 0 || j.ID < q.Before) && j.ID > q.After {
						want = append(want, j.ID)
					}
				}
				if want = want[:len(want):len(want)]; q.After != 0 {
					want = want[max(0, len(want)-q.Limit):]
				} else {
					want = want[:min(len(want), q.Limit)]
				}
				found, err := w.Jobs(w.ctx, w.account.No, q)
				w.check(err)
				var got []reeve.JobID
				for _, j := range found {
					got = append(got, j.ID)
				}
				if !slices.Equal(want, got) {
					w.t.Errorf("%+v: %v, want %v", q, got, want)
				}
			}
		}
	})

	s.run("commands are listed by leaf and state", func(w *world) {
		devices := w.fleet(0, 6)
		job := w.order("scan_threats", devices)
		w.report(job, devices[1], 1, reeve.Succeeded)
		w.report(job, devices[3], 3, reeve.Failed)
		for name, test := range map[string]struct {
			states []reeve.State
			from   int32
			limit  int
			want   []int32
		}{
			"all":         {nil, 0, 10, []int32{0, 1, 2, 3, 4, 5}},
			"from on":     {nil, 4, 10, []int32{4, 5}},
			"a few":       {nil, 1, 2, []int32{1, 2}},
			"ended":       {[]reeve.State{reeve.Succeeded, reeve.Failed}, 0, 10, []int32{1, 3}},
			"open, limit": {[]reeve.State{reeve.Queued}, 1, 2, []int32{2, 4}},
			"none":        {[]reeve.State{reeve.Refused}, 0, 10, nil},
		} {
			commands, err := w.Commands(w.ctx, w.account.No, job.ID, test.states, test.from, test.limit)
			w.check(err)
			var got []int32
			for _, c := range commands {
				got = append(got, c.ID.Leaf)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
		}
		for _, test := range []struct {
			states        []reeve.State
			from          int32
			within, limit int
			further       bool
		}{
			{nil, 0, 2, 10, false}, {[]reeve.State{reeve.Failed}, 0, 5, 10, true}, {[]reeve.State{reeve.Failed}, 0, 6, 10, false},
			{[]reeve.State{reeve.Failed}, 0, 4, 1, false}, {[]reeve.State{reeve.Failed}, 0, 3, 1, true}, {[]reeve.State{reeve.Failed}, 4, 2, 1, false},
			{[]reeve.State{reeve.Failed}, 5, 1 << 30, 1, false},
		} {
			_, err := w.CommandsWithin(w.ctx, w.account.No, job.ID, test.states, test.from, test.within, test.limit)
			if test.further != errors.Is(err, reeve.ErrFurther) || !test.further && err != nil {
				w.t.Errorf("%+v: %v", test, err)
			}
		}
		for name, test := range map[string]struct {
			states        []reeve.State
			before        int32
			within, limit int
			want          []int32
			further       bool
		}{
			"all":           {nil, 6, 9, 10, []int32{0, 1, 2, 3, 4, 5}, false},
			"a few":         {nil, 4, 1, 2, []int32{2, 3}, false},
			"ended":         {[]reeve.State{reeve.Succeeded, reeve.Failed}, 3, 9, 10, []int32{1}, false},
			"open, limit":   {[]reeve.State{reeve.Queued}, 5, 9, 2, []int32{2, 4}, false},
			"not so far":    {[]reeve.State{reeve.Succeeded}, 5, 3, 2, nil, true},
			"far enough":    {[]reeve.State{reeve.Succeeded}, 5, 4, 1, []int32{1}, false},
			"to the end":    {[]reeve.State{reeve.Succeeded}, 5, 5, 2, []int32{1}, false},
			"before it all": {nil, 0, 9, 10, nil, false},
		} {
			commands, err := w.EarlierCommands(w.ctx, w.account.No, job.ID, test.states, test.before, test.within, test.limit)
			if test.further != errors.Is(err, reeve.ErrFurther) || !test.further && err != nil {
				w.t.Errorf("before, %s: %v", name, err)
			}
			var got []int32
			for _, c := range commands {
				got = append(got, c.ID.Leaf)
			}
			if d := cmp.Diff(test.want, got); d != "" && !test.further {
				w.t.Errorf("before, %s: %s", name, d)
			}
		}
	})

	s.run("commands are counted off, those that do not apply left out", func(w *world) {
		devices := w.fleet(0, 4)
		all := w.order("scan_threats", devices)
		states := placed(devices, reeve.Succeeded, reeve.NoReason)
		states[0].State, states[2].State = reeve.NotApplicable, reeve.NotApplicable
		some := w.place(w.job("exempt"), states, reeve.Effect{})
		for job, want := range map[reeve.JobID][]int32{all.ID: {0, 1, 2, 3}, some.ID: {1, 3}} {
			for n := range int64(5) {
				leaf, found, err := w.CommandLeaf(w.ctx, w.account.No, job, n)
				w.check(err)
				if found != (n < int64(len(want))) || found && leaf != want[n] {
					w.t.Errorf("command %d of %s is %d, %v; want %v", n, job, leaf, found, want)
				}
			}
		}
		_, _, err := w.CommandLeaf(w.ctx, w.addAccount("other", 0).No, all.ID, 0)
		w.wantKind(err, reeve.NotFound)
	})

	s.run("commands are found by their ids", func(w *world) {
		devices := w.fleet(0, 3)
		a, b := w.order("scan_threats", devices), w.order("dhcprenew", devices[1:])
		other := w.addAccount("other", 0)
		ids := []reeve.CommandID{{Job: a.ID, Leaf: 0}, {Job: a.ID, Leaf: 2}, {Job: a.ID, Leaf: 3}, {Job: b.ID, Leaf: 1}, {Job: b.ID + 1, Leaf: 0}}
		found, err := w.CommandsByID(w.ctx, w.account.No, ids)
		w.check(err)
		for _, c := range found {
			if want := w.command(reeve.Job{ID: c.ID.Job}, int(c.ID.Leaf)); want != c {
				w.t.Errorf("found %+v, want %+v", c, want)
			}
		}
		foreign, err := w.CommandsByID(w.ctx, other.No, ids)
		w.check(err)
		if len(found) != 3 || len(foreign) != 0 {
			w.t.Errorf("%d found, %d of another account", len(found), len(foreign))
		}
	})

	s.run("a device's commands are listed newest first, also when it is archived", func(w *world) {
		devices := w.fleet(0, 2)
		var jobs []reeve.JobID
		for range 4 {
			jobs = append(jobs, w.order("scan_threats", devices).ID)
		}
		jobs = append(jobs, w.archive(devices[1]).ID)
		for name, test := range map[string]struct {
			before reeve.JobID
			limit  int
			want   []reeve.JobID
		}{
			"all":      {0, 10, []reeve.JobID{jobs[4], jobs[3], jobs[2], jobs[1], jobs[0]}},
			"the next": {jobs[3], 2, []reeve.JobID{jobs[2], jobs[1]}},
		} {
			commands, err := w.DeviceCommands(w.ctx, w.account.No, devices[1].No, test.before, test.limit)
			w.check(err)
			var got []reeve.JobID
			for _, c := range commands {
				got = append(got, c.ID.Job)
				if c.DeviceNo != devices[1].No {
					w.t.Errorf("%s: a command of device %d", name, c.DeviceNo)
				}
			}
			if d := cmp.Diff(test.want, got); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
		}
	})

	s.run("what belongs to another account is not found", func(w *world) {
		devices := w.fleet(0, 1)
		job := w.order("scan_threats", devices)
		other := w.addAccount("other", 0).No
		_, err := w.Job(w.ctx, other, job.ID)
		w.wantKind(err, reeve.NotFound)
		_, err = w.EarlierCommands(w.ctx, other, job.ID, nil, 9, 9, 9)
		w.wantKind(err, reeve.NotFound)
		_, err = w.Commands(w.ctx, other, job.ID, nil, 0, 9)
		w.wantKind(err, reeve.NotFound)
		_, _, err = w.Command(w.ctx, other, reeve.CommandID{Job: job.ID})
		w.wantKind(err, reeve.NotFound)
		_, _, err = w.Command(w.ctx, w.account.No, reeve.CommandID{Job: job.ID, Leaf: 1})
		w.wantKind(err, reeve.NotFound)
		_, err = w.DeviceCommands(w.ctx, other, devices[0].No, 0, 9)
		w.wantKind(err, reeve.NotFound)
		_, err = w.Cancel(w.ctx, other, job.ID, noon, entryOf(other, "job_cancelled"))
		w.wantKind(err, reeve.NotFound)
		_, _, err = w.Sealed(w.ctx, job.ID+1)
		w.wantKind(err, reeve.NotFound)
		w.counts(job, reeve.Counts{})
	})

	s.run("a job holds back and goes on", func(w *world) {
		devices := w.fleet(0, 3)
		job := w.order("scan_threats", devices)
		w.report(job, devices[0], 0, reeve.Running)
		w.report(job, devices[1], 1, reeve.Failed)
		numbers := []int64{devices[0].No, devices[1].No, devices[2].No}
		open := func(since time.Time) []reeve.Order {
			return []reeve.Order{{ID: reeve.CommandID{Job: job.ID}, Device: devices[0].No, State: reeve.Running, Paused: since},
				{ID: reeve.CommandID{Job: job.ID, Leaf: 2}, Device: devices[2].No, State: reeve.Queued, Paused: since}}
		}
		for _, since := range []time.Time{noon, {}} {
			for _, again := range []bool{false, true} {
				orders, err := w.Pause(w.ctx, w.account.No, job.ID, since, w.entry("job_paused"))
				w.check(err)
				want := open(since)
				if again { // it stands so already
					want = nil
				}
				if d := cmp.Diff(want, orders); d != "" {
					w.t.Error(d)
				}
			}
			if got := w.stored(job.ID).Paused; !got.Equal(since) {
				w.t.Errorf("paused since %v, want %v", got, since)
			}
			pending, err := w.Pending(w.ctx, noon, numbers)
			w.check(err)
			if d := cmp.Diff(open(since), pending); d != "" {
				w.t.Error(d)
			}
		}
		if rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 9, Events: []string{"job_paused"}}); err != nil || len(rows) != 2 {
			w.t.Errorf("logged %+v, %v", rows, err)
		}
		_, err := w.Pause(w.ctx, w.addAccount("other", 0).No, job.ID, noon, w.entry("job_paused"))
		w.wantKind(err, reeve.NotFound)
		_, err = w.Cancel(w.ctx, w.account.No, job.ID, noon, w.entry("job_cancelled"))
		w.check(err)
		_, err = w.Pause(w.ctx, w.account.No, job.ID, noon, w.entry("job_paused"))
		w.wantKind(err, reeve.Conflict)
	})

	s.run("cancelling ends what is open and says how it stood", func(w *world) {
		devices := w.fleet(0, 5)
		job := w.order("scan_threats", devices)
		at := func(leaf int32) reeve.CommandID { return reeve.CommandID{Job: job.ID, Leaf: leaf} }
		w.check(w.Sent(w.ctx, noon, []reeve.CommandID{at(1)}))
		w.report(job, devices[2], 2, reeve.Running)
		w.report(job, devices[3], 3, reeve.Failed)
		w.report(job, devices[4], 4, reeve.Refused)
		now := noon.Add(20 * time.Minute)
		orders, err := w.Cancel(w.ctx, w.account.No, job.ID, now, w.entry("job_cancelled"))
		w.check(err)
		want := []reeve.Order{{ID: at(0), Device: devices[0].No, State: reeve.Queued},
			{ID: at(1), Device: devices[1].No, State: reeve.Sent}, {ID: at(2), Device: devices[2].No, State: reeve.Running}}
		if d := cmp.Diff(want, orders); d != "" {
			w.t.Error(d)
		}
		w.counts(job, reeve.Counts{reeve.Failed: 1, reeve.Refused: 1, reeve.Cancelled: 3})
		if got := w.stored(job.ID).Cancelled; !got.Equal(now) {
			w.t.Errorf("cancelled at %v", got)
		}
		if c := w.command(job, 2); c.State != reeve.Cancelled || c.Reason != reeve.JobCancelled || !c.Changed.Equal(now) {
			w.t.Errorf("%+v", c)
		}
		orders, err = w.Cancel(w.ctx, w.account.No, job.ID, now.Add(time.Hour), w.entry("job_cancelled"))
		w.check(err)
		if got := w.stored(job.ID).Cancelled; len(orders) != 0 || !got.Equal(now) {
			w.t.Errorf("a second time: %v, at %v", orders, got)
		}
	})
}
