package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testEffects(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	everything, critical, ignored, archived := reeve.ExemptAll, reeve.ExemptCritical, reeve.Ignored, reeve.Archived

	s.run("an effect changes the devices that it applies to, and no others", func(w *world) {
		g := w.group("Lab")
		until := noon.Add(time.Hour)
		for name, test := range map[string]struct {
			effect reeve.Effect
			change func(d *reeve.Device)
		}{
			"none":       {reeve.Effect{}, func(*reeve.Device) {}},
			"exempt":     {reeve.Effect{Exempt: &everything, ExemptUntil: until}, func(d *reeve.Device) { d.ExemptUntil = until }},
			"critical":   {reeve.Effect{Exempt: &critical, ExemptUntil: reeve.Forever}, func(d *reeve.Device) { d.Exempt, d.ExemptUntil = critical, reeve.Forever }},
			"not exempt": {reeve.Effect{Exempt: &everything}, func(d *reeve.Device) { d.Exempt, d.ExemptUntil = 0, time.Time{} }},
			"group":      {reeve.Effect{Group: &g.No}, func(d *reeve.Device) { d.GroupID, d.GroupName = g.ID, "Lab" }},
			"standing":   {reeve.Effect{Standing: &ignored}, func(d *reeve.Device) { d.Class.Standing = ignored }},
		} {
			n := int(w.jobs) * 10
			devices := w.fleet(n+100, 3)
			want := w.read(devices[0])
			test.change(&want)
			commands := placed(devices, reeve.Succeeded, reeve.NoReason)
			commands[1].State, commands[1].Reason = reeve.NotApplicable, reeve.WrongKind
			commands[2].State = reeve.Queued
			w.place(w.job("any"), commands, test.effect)
			if d := cmp.Diff(want, w.read(devices[0])); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
			for _, d := range devices[1:] {
				if diff := cmp.Diff(d, w.read(d)); diff != "" {
					w.t.Errorf("%s, another device: %s", name, diff)
				}
			}
		}
	})

	s.run("a device that is deleted is found by key only, and its open commands end", func(w *world) {
		devices := w.fleet(0, 3)
		scan, retire := w.order("scan_threats", devices), w.order("retire", devices)
		w.report(scan, devices[0], 0, reeve.Running)
		w.report(scan, devices[1], 1, reeve.Succeeded)
		delete := w.archive(devices[:2]...)
		for leaf, want := range []reeve.State{reeve.Cancelled, reeve.Succeeded, reeve.Queued} {
			c := w.command(scan, leaf)
			if c.State != want || (want == reeve.Cancelled) != (c.Reason == reeve.DeviceDeleted) {
				w.t.Errorf("command %d: %v because of %v, want %v", leaf, c.State, c.Reason, want)
			}
		}
		if c := w.command(scan, 0); !c.Changed.Equal(delete.Issued) {
			w.t.Errorf("ended at %v", c.Changed)
		}
		w.counts(scan, reeve.Counts{reeve.Succeeded: 1, reeve.Cancelled: 1})
		w.counts(retire, reeve.Counts{})
		pending, err := w.Pending(w.ctx, noon.Add(time.Minute), numbers(devices))
		w.check(err)
		want := []reeve.Order{
			{ID: reeve.CommandID{Job: scan.ID, Leaf: 2}, Device: devices[2].No},
			{ID: reeve.CommandID{Job: retire.ID, Leaf: 0}, Device: devices[0].No},
			{ID: reeve.CommandID{Job: retire.ID, Leaf: 1}, Device: devices[1].No},
			{ID: reeve.CommandID{Job: retire.ID, Leaf: 2}, Device: devices[2].No},
		}
		if d := cmp.Diff(want, pending); d != "" {
			w.t.Error(d)
		}
		got, _, err := w.DeviceByKey(w.ctx, devices[0].Key)
		w.check(err)
		if got.Class.Standing != archived || got.Hostname != "host-0" {
			w.t.Errorf("archived record: %+v", got)
		}
	})

	s.run("deleted devices give their seats to those that wait", func(w *world) {
		w.account.Seats = 3
		w.check(w.setAccount(w.account, w.entry("account_changed")))
		devices := w.fleet(0, 3)
		for i := range 4 {
			d := device(10 + i)
			d.Class.Standing, d.EnrolledAt = reeve.OutOfLicense, noon.Add(-time.Duration(i)*time.Hour)
			devices = append(devices, w.save(w.account.No, d))
		}
		w.archive(devices[0], devices[1], devices[6]) // the last was the first in the queue
		for i, want := range map[int]reeve.Standing{2: reeve.Managed, 3: reeve.OutOfLicense, 4: reeve.Managed, 5: reeve.Managed} {
			if got := w.read(devices[i]).Class.Standing; got != want {
				w.t.Errorf("device %d is %v, want %v", i, got, want)
			}
		}
		w.archive(devices[2])
		if got := w.read(devices[3]).Class.Standing; got != reeve.Managed {
			w.t.Errorf("the last that waited is %v", got)
		}
	})

	s.run("an exemption ends at its time, unless another replaced it", func(w *world) {
		devices := w.fleet(0, 4)
		until := noon.Add(time.Hour)
		exempt := func(until time.Time, devices ...reeve.Device) reeve.Job {
			return w.place(w.job("exempt"), placed(devices, reeve.Succeeded, 0), reeve.Effect{Exempt: &critical, ExemptUntil: until})
		}
		job := exempt(until, devices...)
		exempt(until.Add(time.Hour), devices[1])
		exempt(reeve.Forever, devices[2])
		w.place(w.job("unexempt"), placed(devices[3:], reeve.Succeeded, 0), reeve.Effect{Exempt: &everything})
		w.expire(until.Add(-time.Microsecond), 0)
		w.expire(until, 1)
		w.expire(until, 0)
		for i, want := range []time.Time{{}, until.Add(time.Hour), reeve.Forever, {}} {
			d := w.read(devices[i])
			if !d.ExemptUntil.Equal(want) || want.IsZero() && d.Exempt != everything {
				w.t.Errorf("device %d: %v until %v, want %v", i, d.Exempt, d.ExemptUntil, want)
			}
		}
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 1, Newest: true})
		w.check(err)
		if r := rows[0]; r.Event != "exemptions_ended" || r.Source != reeve.FromSystem || r.Job != job.ID ||
			r.Detail != `{"devices":1,"commands":"`+job.ID.String()+`:0"}` {
			w.t.Errorf("logged %+v", r)
		}
		w.expire(until.Add(time.Hour), 1)
	})

	s.run("an archived record is erased when it is due, and only its tombstone stays", func(w *world) {
		devices := w.fleet(0, 3)
		scan := w.order("scan_threats", devices)
		job := w.archive(devices[0], devices[1])
		due := job.Issued.Add(30 * 24 * time.Hour)
		restored, _, err := w.DeviceByKey(w.ctx, devices[1].Key)
		w.check(err)
		restored.Class.Standing, restored.ArchivedAt = reeve.Managed, time.Time{}
		w.save(w.account.No, restored)
		w.expire(due.Add(-time.Microsecond), 1) // the scan of device 2
		w.expire(due, 1)
		w.expire(due, 0)
		w.read(devices[1])
		_, _, err = w.DeviceByKey(w.ctx, devices[0].Key)
		w.wantKind(err, reeve.NotFound)
		_, err = w.DeviceCommands(w.ctx, w.account.No, devices[0].No, 0, 9)
		w.wantKind(err, reeve.NotFound)
		found, err := w.Devices(w.ctx, w.account.No, reeve.DeviceQuery{Standings: []reeve.Standing{archived}, Limit: 9})
		w.check(err)
		w.same(found, nil)
		c := w.command(scan, 0)
		if c.DeviceID != devices[0].ID || c.Hostname != "" {
			w.t.Errorf("a command of an erased device: %+v", c)
		}
		_, subjects, err := w.Sealed(w.ctx, scan.ID)
		w.check(err)
		if subjects[0].Key != devices[0].Key {
			w.t.Error("the tree of a job lost the key of an erased device")
		}
		w.check(w.Meet(w.ctx, due, []reeve.Meeting{{Device: devices[0].No, Hostname: "back"}}))
		w.check(w.Seen(w.ctx, due, []int64{devices[0].No}, true))
		if c := w.command(scan, 0); c.Hostname != "" {
			w.t.Errorf("the hostname of an erased device came back: %q", c.Hostname)
		}
		if events := w.logged(); !slices.Contains(events, "devices_erased") {
			w.t.Errorf("log: %v", events)
		}
	})

	s.run("a record without a date stays archived", func(w *world) {
		d := w.fleet(0, 1)[0]
		w.place(w.job("delete"), placed([]reeve.Device{d}, reeve.Succeeded, 0), reeve.Effect{Standing: &archived})
		w.expire(noon.AddDate(100, 0, 0), 0)
		got, _, err := w.DeviceByKey(w.ctx, d.Key)
		w.check(err)
		if got.Class.Standing != archived {
			w.t.Errorf("standing %v", got.Class.Standing)
		}
	})
}

// expire runs the sweep and checks how many rows it changed.
func (w *world) expire(now time.Time, want int64) {
	w.t.Helper()
	got, err := w.Expire(w.ctx, now)
	w.check(err)
	if got != want {
		w.t.Errorf("the sweep at %v changed %d rows, want %d", now, got, want)
	}
}

// counts checks a job's numbers of ended commands, and whether it counts as open.
func (w *world) counts(job reeve.Job, want reeve.Counts) {
	w.t.Helper()
	got := w.stored(job.ID)
	if d := cmp.Diff(want, got.Counts); d != "" {
		w.t.Error(d)
	}
	open, err := w.OpenJobs(w.ctx)
	w.check(err)
	if slices.Contains(open, job.ID) != (got.Open() > 0) {
		w.t.Errorf("%d commands are open, and the open jobs are %v", got.Open(), open)
	}
}
