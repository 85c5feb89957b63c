package storetest

import (
	std "cmp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

// testLogAbout is about finding rows by the devices and jobs that they are about.
func testLogAbout(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("by a device also what became of its commands is found, by a job what was reported of it, if that is asked for", func(w *world) {
		d := w.fleet(0, 3)
		first, second := w.order("scan_threats", d), w.order("re-identify", d[1:]) // rows 2 and 3, after the account's
		other := w.order("scan_threats", d[2:])                                    // 4
		tell := func(minute int, state reeve.State, told ...reeve.Report) {
			w.t.Helper()
			for i := range told {
				told[i].State, told[i].Percent = state, -1
			}
			w.reports(noon.Add(time.Duration(minute)*time.Minute), true, told...)
		}
		of := func(job reeve.Job, leaf int, d reeve.Device) reeve.Report {
			return reeve.Report{ID: reeve.CommandID{Job: job.ID, Leaf: int32(leaf)}, Device: d.No}
		}
		tell(1, reeve.Running, of(first, 0, d[0]), of(first, 1, d[1]))    // 5: nobody's last
		tell(2, reeve.Succeeded, of(first, 0, d[0]), of(second, 0, d[1])) // 6
		tell(3, reeve.Failed, of(first, 1, d[1]))                         // 7
		tell(4, reeve.Succeeded, of(first, 2, d[2]), of(other, 0, d[2]))  // 8
		alone, asked := w.entry("device_described"), w.entry("job_cancelled")
		alone.Device, asked.Job = d[0].ID, second.ID
		w.check(w.Append(w.ctx, alone, asked)) // 9 and 10
		w.expire(noon.Add(2*time.Hour), 1)     // 11: of the second job, without its device

		foreign := w.addAccount("other", 0)
		w.check(w.Append(w.ctx, slices.Repeat([]reeve.AuditEntry{entryOf(foreign.No, "e")}, 12)...))
		for name, test := range map[string]struct {
			query reeve.LogQuery
			want  []int64
		}{
			"the first device":       {reeve.LogQuery{Device: d[0].ID}, []int64{2, 6, 9}},
			"the second":             {reeve.LogQuery{Device: d[1].ID}, []int64{2, 3, 6, 7, 10, 11}},
			"the third, newest":      {reeve.LogQuery{Device: d[2].ID, Newest: true}, []int64{11, 10, 8, 4, 3, 2}},
			"pages":                  {reeve.LogQuery{Device: d[1].ID, After: 3, Before: 11, Limit: 2}, []int64{6, 7}},
			"device and event":       {reeve.LogQuery{Device: d[1].ID, Events: []string{reeve.Reports}}, []int64{6, 7}},
			"device and source":      {reeve.LogQuery{Device: d[1].ID, Sources: []reeve.Source{reeve.FromAPI}}, []int64{2, 3, 10}},
			"device and job":         {reeve.LogQuery{Device: d[1].ID, Job: first.ID}, []int64{2, 6, 7}},
			"the first job":          {reeve.LogQuery{Job: first.ID}, []int64{2}},
			"its reports":            {reeve.LogQuery{Job: first.ID, Events: []string{reeve.Reports}}, []int64{5, 6, 7, 8}},
			"the second job, newest": {reeve.LogQuery{Job: second.ID, Newest: true, Limit: 2}, []int64{11, 10}},
			"placings of a job":      {reeve.LogQuery{Job: other.ID, Events: []string{reeve.JobPlaced}}, []int64{4}},
			"since":                  {reeve.LogQuery{Job: first.ID, Events: []string{reeve.Reports, reeve.JobPlaced}, Since: noon.Add(2 * time.Minute)}, []int64{6, 7, 8}},
		} {
			if test.query.Limit == 0 {
				test.query.Limit = 99
			}
			var got []int64
			rows, err := w.Log(w.ctx, w.account.No, test.query)
			w.check(err)
			for _, row := range rows {
				got = append(got, row.Seq)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
			for _, row := range rows {
				if want := map[int64]string{7: "failed", 11: "expired"}[row.Seq]; row.Outcome != std.Or(want, "ok") {
					w.t.Errorf("the outcome of row %d is %q", row.Seq, row.Outcome)
				}
			}
			rows, err = w.Log(w.ctx, foreign.No, test.query)
			w.check(err)
			if len(rows) > 0 {
				w.t.Errorf("%s: another account finds %d of its own rows by it", name, len(rows))
			}
		}
	})
}
