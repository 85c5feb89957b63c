package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testPlacing(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("ids are looked up with class and key, in order of the devices", func(w *world) {
		devices := w.fleet(0, 4)
		foreign := w.save(w.addAccount("other", 0).No, device(50))
		w.archive(devices[3])
		asked := []string{devices[2].ID, "nonsense", devices[0].ID, strings.ToUpper(devices[1].ID), devices[2].ID,
			devices[3].ID, foreign.ID, reeve.NewID(), "", devices[1].ID + " "}
		w.inPlacing(func(p reeve.Placing) {
			found, err := p.FindIDs(asked)
			w.check(err)
			var got [][2]int64
			for _, m := range found {
				d := devices[m.Target.No-devices[0].No]
				if m.Target.Key != d.Key || p.Class(m.Target.Class) != d.Class {
					w.t.Errorf("target %+v of class %+v, want %+v", m.Target, p.Class(m.Target.Class), d)
				}
				got = append(got, [2]int64{m.Target.No, int64(m.Entry)})
			}
			want := [][2]int64{{devices[0].No, 2}, {devices[2].No, 0}, {devices[2].No, 4}}
			if d := cmp.Diff(want, got); d != "" {
				w.t.Error(d)
			}
			none, err := p.FindIDs(nil)
			w.check(err)
			if len(none) != 0 {
				w.t.Errorf("nothing asked, %d found", len(none))
			}
		})
	})

	s.run("what is tried sees what is committed, and waits for nobody", func(w *world) {
		devices := w.fleet(0, 3)
		no := errors.New("no")
		try := func(work error) (found int, err error) {
			err = w.Try(w.ctx, w.account.No, func(p reeve.Placing) error {
				account, err := p.Account()
				if err != nil || account.No != w.account.No {
					return fmt.Errorf("account %d, %w", account.No, err)
				}
				walked, err := p.Walk(0, 0, 10)
				if err != nil {
					return err
				}
				sought, err := p.Find(reeve.DeviceQuery{Limit: 10})
				if err != nil {
					return err
				}
				matches, err := p.FindIDs([]string{devices[0].ID, devices[2].ID})
				if err != nil || len(matches) != 2 || len(sought) != len(walked) {
					return fmt.Errorf("%d walked, %d sought, %d found, %w", len(walked), len(sought), len(matches), err)
				}
				found = len(walked)
				return work
			})
			return found, err
		}
		w.check(w.Place(w.ctx, w.account.No, func(reeve.Placing) error {
			if found, err := try(nil); found != 3 || err != nil {
				w.t.Errorf("within a placing: %d devices, %v", found, err)
			}
			return nil
		}))
		if _, err := try(no); !errors.Is(err, no) {
			w.t.Errorf("what was tried went wrong, and the answer is %v", err)
		}
		w.wantKind(w.Try(w.ctx, w.account.No+1, func(reeve.Placing) error { return nil }), reeve.NotFound)
	})

	s.run("devices outside of groups are told", func(w *world) {
		devices := w.fleet(0, 4)
		lab := w.group("Lab")
		devices[1].GroupID, devices[3].GroupID = lab.ID, lab.ID
		devices[1], devices[3] = w.save(w.account.No, devices[1]), w.save(w.account.No, devices[3])
		w.inPlacing(func(p reeve.Placing) {
			targets, err := p.Walk(0, 0, 10)
			w.check(err)
			for _, c := range []struct {
				groups []int64
				want   []int64
			}{
				{[]int64{lab.No}, []int64{devices[0].No, devices[2].No}},
				{[]int64{w.account.DefaultGroup}, []int64{devices[1].No, devices[3].No}},
				{[]int64{lab.No, w.account.DefaultGroup}, nil},
			} {
				got, err := p.Outside(targets, c.groups)
				w.check(err)
				if d := cmp.Diff(c.want, got); d != "" {
					w.t.Error(c.groups, d)
				}
			}
		})
	})

	s.run("a store without devices has none", func(w *world) {
		w.inPlacing(func(p reeve.Placing) {
			found, err := p.FindIDs([]string{reeve.NewID()})
			w.check(err)
			if len(found) != 0 {
				w.t.Errorf("found %+v", found)
			}
		})
	})

	s.run("ids that begin alike are told apart", func(w *world) {
		devices := make([]reeve.Device, 6)
		for i, end := range []string{"5", "0", "3", "1", "4", "2"} {
			devices[i] = reeve.Device{ID: strings.Repeat("a", 31) + end, AddedAt: noon}
		}
		w.check(w.imports(w.account.No, devices, w.entry("devices_imported")))
		for n := range devices { // few of them and most of them may be looked up in different ways
			w.inPlacing(func(p reeve.Placing) {
				found, err := p.FindIDs(ids(devices[:n+1]))
				w.check(err)
				for i, m := range found {
					if m.Target.No != devices[i].No || int(m.Entry) != i {
						w.t.Errorf("of %d: match %d is %+v", n+1, i, m)
					}
				}
				if len(found) != n+1 {
					w.t.Errorf("of %d: %d found", n+1, len(found))
				}
			})
		}
	})

	s.run("an address may lead to several devices", func(w *world) {
		a, b, gone := device(0), device(1), device(2)
		a.MACs, b.MACs, gone.MACs = []reeve.MAC{1, 2}, []reeve.MAC{2, 3}, []reeve.MAC{2}
		a, b, gone = w.save(w.account.No, a), w.save(w.account.No, b), w.save(w.account.No, gone)
		w.archive(gone)
		w.inPlacing(func(p reeve.Placing) {
			found, err := p.FindMACs([]reeve.MAC{3, 0, 2, 99, 2})
			w.check(err)
			var got [][2]int64
			for _, m := range found {
				got = append(got, [2]int64{m.Target.No, int64(m.Entry)})
			}
			want := [][2]int64{{a.No, 2}, {a.No, 4}, {b.No, 0}, {b.No, 2}, {b.No, 4}}
			if d := cmp.Diff(want, got); d != "" {
				w.t.Error(d)
			}
			if found[0].Target.Key != a.Key || p.Class(found[0].Target.Class) != a.Class {
				w.t.Errorf("target %+v", found[0].Target)
			}
		})
	})

	s.run("a walk goes through a group or the account", func(w *world) {
		g := w.group("Lab")
		var devices []reeve.Device
		for i := range 6 {
			d := device(i)
			if i%2 == 0 {
				d.GroupID = g.ID
			}
			if i == 5 {
				d.Key, d.Class.Standing = reeve.Key{}, reeve.Unknown
			}
			devices = append(devices, w.save(w.account.No, d))
		}
		w.save(w.addAccount("other", 0).No, device(50))
		w.archive(devices[2])
		w.inPlacing(func(p reeve.Placing) {
			walk := func(group, after int64, limit int) (got []int64) {
				targets, err := p.Walk(group, after, limit)
				w.check(err)
				for _, target := range targets {
					d := devices[target.No-devices[0].No]
					if target.Key != d.Key || p.Class(target.Class) != d.Class {
						w.t.Errorf("target %+v of class %+v, want %+v", target, p.Class(target.Class), d)
					}
					got = append(got, target.No-devices[0].No)
				}
				return got
			}
			no, err := p.Group(g.ID)
			w.check(err)
			_, err = p.Group(reeve.NewID())
			w.wantKind(err, reeve.NotFound)
			for name, test := range map[string]struct{ got, want []int64 }{
				"account":   {walk(0, 0, 10), []int64{0, 1, 3, 4, 5}},
				"a piece":   {walk(0, devices[0].No, 2), []int64{1, 3}},
				"its end":   {walk(0, devices[5].No, 2), nil},
				"group":     {walk(no, 0, 10), []int64{0, 4}},
				"its piece": {walk(no, devices[0].No, 1), []int64{4}},
			} {
				if d := cmp.Diff(test.want, test.got); d != "" {
					w.t.Errorf("%s: %s", name, d)
				}
			}
		})
	})

	s.run("a job and its commands are kept as they were placed", func(w *world) {
		devices := w.fleet(0, 4)
		job := w.job("scan_threats")
		job.Params, job.Comment, job.Entries, job.Unmatched, job.Root = []byte(`{"full_scan":1}`), "why\x00", 6, 2, [32]byte{1, 2, 3}
		commands := placed(devices, reeve.Queued, reeve.NoReason)
		commands[1].State, commands[1].Reason = reeve.NotApplicable, reeve.OldAgent
		commands[2].State, commands[2].Reason = reeve.Cancelled, reeve.Away
		commands[3].State = reeve.Succeeded
		got := w.place(job, commands, reeve.Effect{})
		job.Targets, job.Comment = 4, "why"
		job.Counts[reeve.NotApplicable], job.Counts[reeve.Cancelled], job.Counts[reeve.Succeeded] = 1, 1, 1
		if d := cmp.Diff(job, got); d != "" {
			w.t.Error(d)
		}
		if got.Open() != 1 {
			w.t.Errorf("%d open", got.Open())
		}
		for i, p := range commands {
			want := reeve.Command{ID: reeve.CommandID{Job: job.ID, Leaf: int32(i)}, DeviceNo: p.Device, DeviceID: devices[i].ID,
				Hostname: devices[i].Hostname, State: p.State, Reason: p.Reason, Percent: -1, Changed: job.Issued}
			if d := cmp.Diff(want, w.command(job, i)); d != "" {
				w.t.Error(d)
			}
		}
		if d := cmp.Diff([]string{"job_placed"}, w.logged()); d != "" {
			w.t.Error(d)
		}
	})

	s.run("a job for nobody is a job", func(w *world) {
		job := w.place(w.job("scan_threats"), nil, reeve.Effect{})
		open, err := w.OpenJobs(w.ctx)
		w.check(err)
		if job.Targets != 0 || len(open) != 0 {
			w.t.Errorf("%d targets, open %v", job.Targets, open)
		}
	})

	s.run("more commands than fit one statement", func(w *world) {
		devices := make([]reeve.Device, 6_000)
		for i := range devices {
			devices[i] = reeve.Device{ID: reeve.NewID(), AddedAt: noon}
		}
		w.check(w.imports(w.account.No, devices, w.entry("devices_imported")))
		forever, all := reeve.Forever, reeve.ExemptAll
		job := w.place(w.job("exempt"), placed(devices, reeve.Succeeded, reeve.NoReason), reeve.Effect{Exempt: &all, ExemptUntil: forever})
		_, subjects, err := w.Sealed(w.ctx, job.ID)
		w.check(err)
		for i, subject := range subjects {
			if subject.Device != devices[i].No {
				w.t.Fatalf("leaf %d is on device %d, want %d", i, subject.Device, devices[i].No)
			}
		}
		for _, i := range []int{0, 4999, 5000, 5999} {
			if got := w.read(devices[i]).ExemptUntil; !got.Equal(forever) {
				w.t.Errorf("device %d is exempt until %v", i, got)
			}
		}
	})

	s.run("nothing stays of a placing that failed", func(w *world) {
		devices := w.fleet(0, 2)
		failed := errors.New("no")
		job := w.job("exempt")
		all := reeve.ExemptAll
		err := w.Place(w.ctx, w.account.No, func(p reeve.Placing) error {
			w.check(p.Commit(reeve.Work{Job: job, Placed: placed(devices, reeve.Succeeded, 0), Entry: w.entry("job_placed"),
				Effect: reeve.Effect{Exempt: &all, ExemptUntil: reeve.Forever}, Key: reeve.RepeatKey{Key: "k", Until: noon.AddDate(1, 0, 0)}}))
			return failed
		})
		if !errors.Is(err, failed) {
			w.t.Errorf("error %v", err)
		}
		_, err = w.Job(w.ctx, w.account.No, job.ID)
		w.wantKind(err, reeve.NotFound)
		if d := w.read(devices[0]); !d.ExemptUntil.IsZero() || len(w.logged()) != 0 {
			w.t.Errorf("exempt until %v, log %v", d.ExemptUntil, w.logged())
		}
		w.check(w.commit(reeve.Work{Job: job, Key: reeve.RepeatKey{Key: "k", Until: noon.AddDate(1, 0, 0)}}))
	})

	s.run("a job id is taken once, on the whole server", func(w *world) {
		other := w.addAccount("other", 0)
		job := w.order("scan_threats", w.fleet(0, 1))
		again := job
		again.Account = other.No
		for _, j := range []reeve.Job{job, again} {
			if err := w.commit(reeve.Work{Job: j}); !errors.Is(err, reeve.ErrJobIDTaken) {
				w.t.Errorf("error %v", err)
			}
		}
	})

	s.run("one placing may write several jobs", func(w *world) {
		devices := w.fleet(0, 2)
		first, second := w.job("delete"), w.job("retire")
		archived := reeve.Archived
		w.check(w.Place(w.ctx, w.account.No, func(p reeve.Placing) error {
			err := p.Commit(reeve.Work{Job: first, Placed: placed(devices, reeve.Succeeded, 0), Effect: reeve.Effect{Standing: &archived}, Entry: w.entry("one")})
			if err != nil {
				return err
			}
			return p.Commit(reeve.Work{Job: second, Placed: placed(devices, reeve.Queued, 0), Entry: w.entry("two")})
		}))
		if d := cmp.Diff([]string{"one", "two"}, w.logged()); d != "" {
			w.t.Error(d)
		}
		if got := w.stored(second.ID).Open(); got != 2 {
			w.t.Errorf("%d open", got)
		}
	})

	s.run("a placing knows its account", func(w *world) {
		w.inPlacing(func(p reeve.Placing) {
			a, err := p.Account()
			w.check(err)
			if d := cmp.Diff(w.account, a); d != "" {
				w.t.Error(d)
			}
		})
	})
}

// inPlacing looks around inside a placing that commits nothing.
func (w *world) inPlacing(look func(p reeve.Placing)) {
	w.t.Helper()
	w.check(w.Place(w.ctx, w.account.No, func(p reeve.Placing) error {
		look(p)
		return nil
	}))
}
