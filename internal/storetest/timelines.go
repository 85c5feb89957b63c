package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testTimelines(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("everything that happened to a device, newest first, whatever the pages", func(w *world) {
		d := w.fleet(0, 2)
		var told []string
		for i := range 5 {
			at := noon.Add(time.Duration(i) * time.Hour)
			e := w.entry("device_described")
			e.Device, e.At = d[0].ID, at.Add(time.Minute)
			other := e
			other.Device = d[1].ID
			w.check(w.Append(w.ctx, e, other))
			w.jobs = int64(i * 3600)
			scan, ask := w.order("scan_threats", d), w.order("re-identify", d)
			w.found(scan, 0, d[0], at.Add(2*time.Minute), reeve.Threat{Path: "/a" + string(rune('0'+i))})
			w.reports(at.Add(3*time.Minute), true, reeve.Report{ID: reeve.CommandID{Job: ask.ID}, Device: d[0].No, State: reeve.Succeeded, Identity: map[string]string{"n": "x"}})
			told = append(told, "scan_threats", "re-identify", "row", "threat", "identified")
		}
		slices.Reverse(told)
		var whole []string
		for _, size := range []int{100, 1, 3, 7} {
			var words []string
			var place reeve.TimelinePlace
			last := noon.AddDate(1, 0, 0)
			for {
				page, err := w.Timeline(w.ctx, w.account.No, d[0], place, size)
				w.check(err)
				for _, e := range page.Entries {
					words = append(words, wordOf(e))
					if e.At.After(last) {
						w.t.Errorf("%v comes after %v", e.At, last)
					}
					last = e.At
				}
				if page.Next == nil {
					break
				}
				if len(page.Entries) != size {
					w.t.Fatalf("%d entries on a page of %d", len(page.Entries), size)
				}
				place = *page.Next
			}
			if whole = words[:len(told)]; !slices.Equal(whole, told) {
				w.t.Errorf("pages of %d\n%s", size, cmp.Diff(told, whole))
			}
		}
	})

	s.run("of archived devices too, and of no other account's", func(w *world) {
		d := w.fleet(0, 1)
		w.found(w.order("scan_threats", d), 0, d[0], noon, reeve.Threat{Path: "/a"})
		w.archive(d[0])
		page, err := w.Timeline(w.ctx, w.account.No, d[0], reeve.TimelinePlace{}, 50)
		if w.check(err); len(page.Entries) < 3 {
			w.t.Errorf("%+v", page.Entries)
		}
		page, err = w.Timeline(w.ctx, w.addAccount("other", 0).No, d[0], reeve.TimelinePlace{}, 50)
		if reeve.KindOf(err) != reeve.NotFound || len(page.Entries) > 0 {
			w.t.Errorf("%+v, %v", page.Entries, err)
		}
	})
}

func wordOf(e reeve.TimelineEntry) string {
	switch {
	case e.Command != nil:
		return e.Job.Action
	case e.Identification != nil:
		return "identified"
	case e.Threat != nil:
		return "threat"
	}
	return "row"
}
