package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testIdentify(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	now := noon.Add(10 * time.Minute)
	answers := func(d reeve.Device, job reeve.Job, leaf int32, name string) reeve.Report {
		return reeve.Report{ID: reeve.CommandID{Job: job.ID, Leaf: leaf}, Device: d.No, State: reeve.Succeeded, Percent: -1,
			Identity: map[string]string{"name": name}, Door: reeve.PageDoor, Address: "192.0.2.7"}
	}

	s.run("what an agent reports is history as well", func(w *world) {
		d := w.fleet(0, 2)
		a, b := w.order("re-identify", d), w.order("re-identify", d)
		first, second, other := answers(d[0], a, 0, "Ann"), answers(d[0], b, 0, "B\u00e9a"), answers(d[1], a, 1, "Cy")
		first.Door, first.User, first.Address = reeve.WindowDoor, "ann", ""
		second.Door, second.User, second.Address = "", "b\x00\xff", ""
		w.reports(now, true, first, other)
		w.reports(now.Add(time.Minute), true, second)
		w.reports(now.Add(time.Hour), true, first) // again, which says nothing new
		w.identified(d[0],
			reeve.Identification{Command: second.ID, At: now.Add(time.Minute), Door: reeve.AgentDoor, User: "b\uFFFD", Answers: second.Identity},
			reeve.Identification{Command: first.ID, At: now, Door: reeve.WindowDoor, User: "ann", Answers: first.Identity})
		w.identified(d[1], reeve.Identification{Command: other.ID, At: now, Door: reeve.PageDoor, Address: "192.0.2.7", Answers: other.Identity})
		if got := w.read(d[0]).Identity["name"]; got != "B\u00e9a" {
			w.t.Errorf("the latest is %q", got)
		}
		page, err := w.Identifications(w.ctx, w.account.No, d[0].No, b.ID, 10)
		if err != nil || len(page) != 1 || page[0].Command != first.ID {
			w.t.Errorf("before the last: %+v, %v", page, err)
		}
	})

	s.run("answers at another door end the command once, and are logged with who gave them", func(w *world) {
		d := w.fleet(0, 1)
		job := w.place(w.job("re-identify"), placed(d, reeve.Queued, reeve.AskedByLink), reeve.Effect{})
		r := answers(d[0], job, 0, "Ann")
		entry := func() reeve.AuditEntry {
			e := entryOf(w.account.No, "reports")
			e.Actor, e.Device, e.Address = "device:"+d[0].ID+"/user", d[0].ID, "192.0.2.7"
			return e
		}
		other := w.addAccount("other", 0)
		w.wantKind(w.Identify(w.ctx, other.No, now, r, entryOf(other.No, "reports")), reeve.NotFound)
		foreign := r
		foreign.Device++
		w.wantKind(w.Identify(w.ctx, w.account.No, now, foreign, entry()), reeve.NotFound)
		missing := r
		missing.ID.Leaf = 9
		w.wantKind(w.Identify(w.ctx, w.account.No, now, missing, entry()), reeve.NotFound)
		w.identified(d[0])

		errs := concurrently(4, func(i int) error {
			one := answers(d[0], job, 0, fmt.Sprint("Ann ", i))
			return w.Identify(w.ctx, w.account.No, now, one, entry())
		})
		winner := slices.Index(errs, nil)
		for i, err := range errs {
			if i != winner {
				w.wantKind(err, reeve.Conflict)
			}
		}
		if c := w.command(job, 0); c.State != reeve.Succeeded || c.Reason != reeve.NoReason {
			w.t.Errorf("%+v", c)
		}
		if got, want := w.read(d[0]).Identity["name"], fmt.Sprint("Ann ", winner); got != want {
			w.t.Errorf("stored %q, and told %q", got, want)
		}
		var counts reeve.Counts
		counts[reeve.Succeeded] = 1
		w.counts(job, counts)
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 100, Events: []string{"reports"}})
		w.check(err)
		if len(rows) != 1 || rows[0].Actor != "device:"+d[0].ID+"/user" || rows[0].Job != job.ID || rows[0].Detail == "" {
			w.t.Errorf("logged %+v", rows)
		}
	})

	s.run("no agent is ordered what a link asks", func(w *world) {
		d := w.fleet(0, 2)
		both := append(placed(d[:1], reeve.Queued, reeve.AskedByLink), placed(d[1:], reeve.Queued, reeve.NoReason)...)
		job := w.place(w.job("re-identify"), both, reeve.Effect{})
		pending, err := w.Pending(w.ctx, now, numbers(d))
		if err != nil || len(pending) != 1 || pending[0].ID.Leaf != 1 {
			w.t.Errorf("pending %+v, %v", pending, err)
		}
		if _, subjects, err := w.Sealed(w.ctx, job.ID); err != nil || subjects[0].Key != d[0].Key {
			w.t.Errorf("sealed %+v, %v", subjects, err)
		}
	})

	s.run("another account sees none, and an erased device has none", func(w *world) {
		d := w.fleet(0, 1)
		job := w.order("re-identify", d)
		w.reports(now, true, answers(d[0], job, 0, "Ann"))
		other := w.addAccount("other", 0)
		if found, err := w.Identifications(w.ctx, other.No, d[0].No, 0, 10); err != nil || len(found) > 0 {
			w.t.Errorf("%+v, %v", found, err)
		}
		archived := reeve.Archived
		gone := w.job("delete")
		w.place(gone, placed(d, reeve.Succeeded, 0), reeve.Effect{Standing: &archived, EraseAt: gone.Issued.Add(time.Hour)})
		w.expire(gone.Issued.Add(2*time.Hour), 1)
		w.identified(d[0])
	})

	s.run("jobs by their ids", func(w *world) {
		d := w.fleet(0, 1)
		a, b := w.order("re-identify", d), w.order("dhcprenew", d)
		jobs, err := w.JobsByID(w.ctx, []reeve.JobID{a.ID, 7, b.ID})
		if err != nil || len(jobs) != 2 || jobs[0].Action == jobs[1].Action {
			w.t.Errorf("%+v, %v", jobs, err)
		}
	})
}

// identified says what the history of a device's user should be.
func (w *world) identified(d reeve.Device, want ...reeve.Identification) {
	w.t.Helper()
	got, err := w.Identifications(w.ctx, w.account.No, d.No, 0, 100)
	w.check(err)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Error(diff)
	}
}
