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

	s.run("rows about many devices are in the past of each", func(w *world) {
		first := w.entry("devices_imported")
		imported := []reeve.Device{{ID: reeve.NewID(), Hostname: "a"}, {ID: reeve.NewID(), Hostname: "b"}}
		w.check(w.imports(w.account.No, imported, first))
		lab := w.group("Lab")
		in := make([]reeve.Device, 4)
		for i := range in {
			d := device(i)
			d.GroupID = lab.ID
			in[i] = w.save(w.account.No, d)
		}
		other := w.save(w.account.No, device(9))
		everything, until := reeve.ExemptAll, noon.Add(time.Hour)
		w.place(w.job("exempt"), placed(in[:2], reeve.Succeeded, reeve.NoReason), reeve.Effect{Exempt: &everything, ExemptUntil: until})
		w.archive(in[1:3]...)
		w.expire(until, 2)
		_, _, err := w.Restore(w.ctx, w.account.No, []string{in[1].ID, in[2].ID}, noon.Add(2*time.Hour), w.entry("devices_restored"))
		w.check(err)
		w.archive(in[3])
		w.check(w.removeGroup(w.account.No, lab.ID))
		for name, test := range map[string]struct {
			device reeve.Device
			want   []string
		}{
			"imported":             {imported[1], []string{"devices_imported"}},
			"whose exemption ends": {in[0], []string{"group_removed", "exemptions_ended", "exempt"}},
			"that comes back":      {in[2], []string{"group_removed", "devices_restored", "delete"}},
			"archived":             {in[3], []string{"group_removed", "delete"}},
			"of another group":     {other, nil},
		} {
			page, err := w.Timeline(w.ctx, w.account.No, test.device, reeve.TimelinePlace{}, 50)
			w.check(err)
			var got []string
			for _, e := range page.Entries {
				if e.Row != nil {
					got = append(got, e.Row.Event)
				} else {
					got = append(got, wordOf(e))
				}
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if d := cmp.Diff(test.want, got); d != "" {
				w.t.Errorf("the device %s: %s", name, d)
			}
		}
		// Another account that knows the id has no rows of it.
		rows, err := w.Log(w.ctx, w.addAccount("other", 0).No, reeve.LogQuery{Device: in[0].ID, Limit: 9})
		if w.check(err); len(rows) > 0 {
			w.t.Errorf("%+v", rows)
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
