package storetest

import (
	"testing"
	"time"

	"reeve"
)

func testPlacing(t *testing.T, open func(testing.TB) Store) {
	w := begin(t, open)
	devices := w.fleet(0, 5)
	job := w.order("scan_threats", devices)
	if job.Open() != 5 { t.Fatal(job) }
	var m []reeve.Match
	w.check(w.Place(w.ctx, w.account.No, func(p reeve.Placing) (err error) { m, err = p.FindIDs(ids(devices)); return err }))
	if len(m) != 5 { t.Fatal(m) }
	o, err := w.Pending(w.ctx, noon.Add(time.Minute), numbers(devices))
	w.check(err)
	if len(o) != 5 { t.Fatal(o) }
	if !w.report(job, devices[0], 0, reeve.Running) { t.Fatal() }
	if !w.report(job, devices[0], 0, reeve.Succeeded) { t.Fatal() }
	_, err = w.Cancel(w.ctx, w.account.No, job.ID, noon.Add(time.Minute), w.entry("x"))
	w.check(err)
	t.Log(w.stored(job.ID), w.logged(), w.command(job, 0), w.read(devices[0]))
	_, err = w.Groups(w.ctx, w.account.No, reeve.GroupQuery{Limit: 10, Page: 1})
	w.check(err)
	ds, err := w.Devices(w.ctx, w.account.No, reeve.DeviceQuery{Limit: 10, Search: "OST"})
	w.check(err)
	if len(ds) != 5 { t.Fatal(ds) }
	_, err = w.Expire(w.ctx, noon.Add(100*time.Hour))
	w.check(err)
	_, s, err := w.Sealed(w.ctx, job.ID)
	w.check(err)
	if len(s) != 5 { t.Fatal(s) }
	std := reeve.Archived
	w.order("scan_threats", devices)
	w.place(w.job("delete"), placed(devices, reeve.Succeeded, 0), reeve.Effect{Standing: &std, EraseAt: noon.Add(time.Hour)})
	w.order("scan_threats", devices)
	_, err = w.Expire(w.ctx, noon.Add(100*time.Hour))
	w.check(err)
	t.Log(w.logged())
	w.check(w.Meet(w.ctx, noon, []reeve.Meeting{{Device: devices[0].No, Hostname: "x"}}))
	w.check(w.NobodyOnline(w.ctx))
	_, err = w.Take(w.ctx, "x", noon, time.Minute)
	w.check(err)
}
