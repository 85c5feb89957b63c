package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testThreats(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}
	eicar := reeve.Threat{Path: "/srv/eicar.com", Signature: "EICAR-Test-File", Engine: "builtin", Size: 68, SHA256: "aa", MD5: "bb"}
	worm := reeve.Threat{Path: `C:\` + strings.Repeat("long", 1000), Signature: "W\x00orm\xff", Engine: "builtin", Size: -1}
	asFound := func(t reeve.Threat, first, last time.Time, scans int64) reeve.Threat {
		t.First, t.Last, t.Scans = first, last, scans
		t.Signature = strings.ReplaceAll(strings.ToValidUTF8(t.Signature, "\uFFFD"), "\x00", "")
		return t
	}

	s.run("what scans found is kept, last found first", func(w *world) {
		d := w.fleet(0, 2)
		first, second := noon.Add(time.Hour), noon.Add(2*time.Hour)
		a, b := w.order("scan_threats", d), w.order("scan_threats", d)
		w.found(a, 0, d[0], first, eicar, worm, eicar) // twice in one report is once
		w.found(a, 1, d[1], first, eicar)
		w.found(b, 0, d[0], second, eicar)
		w.threats(d[0], asFound(eicar, first, second, 2), asFound(worm, first, first, 1))
		w.threats(d[1], asFound(eicar, first, first, 1))
	})

	s.run("the log has a row for the scans of a batch that found some", func(w *world) {
		d := w.fleet(0, 4)
		job, log := w.order("scan_threats", d), w.order("fetch_agent_log", d)
		report := func(job reeve.Job, leaf int32, threats ...reeve.Threat) reeve.Report {
			return reeve.Report{ID: reeve.CommandID{Job: job.ID, Leaf: leaf}, Device: d[leaf].No, State: reeve.Succeeded, Threats: threats}
		}
		batch := []reeve.Report{report(job, 0, eicar, worm), report(job, 1), report(job, 2, eicar), report(log, 3, eicar)}
		w.reports(noon, true, batch...)
		w.reports(noon, true, batch...) // says nothing new
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 10, Events: []string{reeve.ThreatsFound}})
		w.check(err)
		if want := fmt.Sprintf(`{"threats":3,"commands":"%s:0,2"}`, job.ID); len(rows) != 1 || rows[0].Detail != want || rows[0].Source != reeve.FromAgent {
			w.t.Errorf("logged %+v; want %s", rows, want)
		}
	})

	s.run("a file is in quarantine until it is brought back", func(w *world) {
		d := w.fleet(0, 2)
		away, other := eicar, eicar
		away.Quarantine, other.Path = "k3v7", "/srv/other"
		w.found(w.order("scan_threats", d), 0, d[0], noon, away, other)
		w.threats(d[0], asFound(away, noon, noon, 1), asFound(other, noon, noon, 1))
		w.found(w.order("scan_threats", d), 0, d[0], noon, other) // which says nothing of the first
		w.found(w.order("scan_threats", d), 1, d[1], noon, away)
		w.found(w.order("scan_threats", d), 1, d[1], noon, eicar) // it is there again
		w.threats(d[1], asFound(eicar, noon, noon, 2))
		back := w.order("unquarantine", d)
		report := reeve.Report{ID: reeve.CommandID{Job: back.ID, Leaf: 1}, Device: d[1].No, State: reeve.Succeeded,
			Result: json.RawMessage(`{"restored":[]}`), Restored: []string{"k3v7"}}
		w.reports(noon, true, report) // of another device
		w.threats(d[0], asFound(away, noon, noon, 1), asFound(other, noon, noon, 2))
		report.ID.Leaf, report.Device = 0, d[0].No
		w.reports(noon, true, report)
		w.threats(d[0], asFound(eicar, noon, noon, 1), asFound(other, noon, noon, 2))
	})

	s.run("who has something in quarantine is found at once", func(w *world) {
		d := w.fleet(0, 4)
		away, other, there := eicar, eicar, eicar
		away.Quarantine, away.Path = "a1", "/a"
		other.Quarantine, other.Path, other.Signature, other.SHA256 = "b2", "/b", "Other", "0b"
		there.Path, there.Signature = "/c", "Third"
		scan := w.order("scan_threats", d)
		w.found(scan, 0, d[0], noon, away, other, there)
		w.found(scan, 1, d[1], noon, other)
		w.found(scan, 2, d[2], noon, there)
		elsewhere := w.addAccount("other", 0).No
		for which, want := range map[reeve.Quarantined][]int64{
			{}:                    {d[0].No, d[1].No},
			{Signature: "Other"}:  {d[0].No, d[1].No},
			{Signature: "Third"}:  nil,
			{SHA256: away.SHA256}: {d[0].No},
			{SHA256: "0b", Signature: eicar.Signature}: nil,
		} {
			w.inPlacing(func(p reeve.Placing) {
				if got, err := p.PutAway(which); err != nil || !slices.Equal(got, want) {
					w.t.Errorf("%+v: %v %v, want %v", which, got, err, want)
				}
			})
			w.check(w.Place(w.ctx, elsewhere, func(p reeve.Placing) error {
				got, err := p.PutAway(which)
				if len(got) > 0 {
					w.t.Errorf("another account: %+v: %v", which, got)
				}
				return err
			}))
		}
	})

	s.run("the file may change", func(w *world) {
		d := w.fleet(0, 1)
		w.found(w.order("scan_threats", d), 0, d[0], noon, eicar)
		grown := eicar
		grown.Size, grown.SHA256, grown.MD5 = 70, "cc", "dd"
		w.found(w.order("scan_threats", d), 0, d[0], noon.Add(time.Minute), grown)
		w.threats(d[0], asFound(grown, noon, noon.Add(time.Minute), 2))
	})

	s.run("a scan counts once", func(w *world) {
		d := w.fleet(0, 1)
		job := w.order("scan_threats", d)
		w.expire(job.FinishBy, 1)
		for range 2 { // the second report is late and comes again
			w.found(job, 0, d[0], noon, eicar)
		}
		w.threats(d[0], asFound(eicar, noon, noon, 1))
	})

	s.run("only a scan finds threats", func(w *world) {
		d := w.fleet(0, 1)
		w.found(w.order("fetch_agent_log", d), 0, d[0], noon, eicar)
		w.threats(d[0])
	})

	s.run("in pages", func(w *world) {
		d := w.fleet(0, 1)
		var many []reeve.Threat
		for i := range 7 {
			one := eicar
			one.Path = fmt.Sprint("/srv/", i)
			many = append(many, one)
		}
		w.found(w.order("scan_threats", d), 0, d[0], noon, many...)
		seen := map[string]bool{}
		for page, want := range map[int]int{1: 3, 2: 3, 3: 1, 4: 0} {
			found, err := w.Threats(w.ctx, w.account.No, d[0].No, 3, page)
			w.check(err)
			if len(found) != want {
				w.t.Errorf("page %d has %d threats, want %d", page, len(found), want)
			}
			for _, t := range found {
				seen[t.Path] = true
			}
		}
		if n, err := w.CountThreats(w.ctx, w.account.No, d[0].No); err != nil || n != 7 || len(seen) != 7 {
			w.t.Errorf("%d threats, %d on pages: %v", n, len(seen), err)
		}
	})

	s.run("another account sees none, and a deleted device has none", func(w *world) {
		d := w.fleet(0, 1)
		w.found(w.order("scan_threats", d), 0, d[0], noon, eicar)
		other := w.addAccount("other", 0)
		if found, err := w.Threats(w.ctx, other.No, d[0].No, 10, 1); err != nil || len(found) > 0 {
			w.t.Errorf("%+v %v", found, err)
		}
		if n, err := w.CountThreats(w.ctx, other.No, d[0].No); err != nil || n > 0 {
			w.t.Errorf("%d %v", n, err)
		}
		archived := reeve.Archived
		job := w.job("delete")
		w.place(job, placed(d, reeve.Succeeded, 0), reeve.Effect{Standing: &archived, EraseAt: job.Issued.Add(time.Hour)})
		w.threats(d[0])
		w.expire(job.Issued.Add(2*time.Hour), 1)
		w.threats(d[0])
	})
}

// found reports that a scan is over and what it found.
func (w *world) found(job reeve.Job, leaf int32, d reeve.Device, at time.Time, threats ...reeve.Threat) {
	w.t.Helper()
	w.reports(at, true, reeve.Report{ID: reeve.CommandID{Job: job.ID, Leaf: leaf}, Device: d.No, State: reeve.Succeeded,
		Result: json.RawMessage(`{"threats":[]}`), Threats: threats})
}

// threats says what a device's threats should be.
func (w *world) threats(d reeve.Device, want ...reeve.Threat) {
	w.t.Helper()
	found, err := w.Threats(w.ctx, w.account.No, d.No, 100, 1)
	w.check(err)
	var last reeve.Threat
	for i := range found { // and one by one
		next, err := w.ThreatsAfter(w.ctx, w.account.No, d.No, last.Last, last.Key, 1)
		w.check(err)
		if d := cmp.Diff(found[i:i+1], next); d != "" {
			w.t.Error(d)
		}
		last = found[i]
		found[i].Key = 0
	}
	if !slices.IsSortedFunc(found, func(a, b reeve.Threat) int { return b.Last.Compare(a.Last) }) {
		w.t.Errorf("not the last found first: %+v", found)
	}
	byPath := func(a, b reeve.Threat) int { return strings.Compare(a.Path, b.Path) }
	slices.SortFunc(found, byPath)
	slices.SortFunc(want, byPath)
	if diff := cmp.Diff(want, found); diff != "" {
		w.t.Error(diff)
	}
	if n, err := w.CountThreats(w.ctx, w.account.No, d.No); err != nil || n != int64(len(want)) {
		w.t.Errorf("counted %d, %v; want %d", n, err, len(want))
	}
}
