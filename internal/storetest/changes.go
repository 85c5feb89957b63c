package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
)

func testChanges(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("each device that changed comes once, however it did", func(w *world) {
		devices := w.fleet(0, 8)
		enrolled := w.entry("enrolled")
		enrolled.Device = devices[0].ID
		ended := w.order("scan_threats", devices)
		runs := w.entry("ended")
		runs.Detail = `{"commands":"` + ended.ID.String() + `:1-2,4"}`
		ids := w.entry("licensed")
		ids.Detail = `{"ids":["` + devices[5].ID + `","` + devices[0].ID + `"]}`
		w.check(w.Append(w.ctx, enrolled, runs, ids, w.entry("other")))
		w.place(w.job("exempt"), []reeve.Placed{{Device: devices[2].No, State: reeve.Succeeded}, {Device: devices[6].No, State: reeve.NotApplicable}}, reeve.Effect{})
		w.archive(devices[7])
		foreign := w.addAccount("other", 0)
		w.save(foreign.No, device(50))

		query := reeve.ChangeQuery{Since: noon, Events: []string{"enrolled", "ended", "licensed"}, Actions: []string{"exempt", "delete"}, Limit: 9, Page: 1}
		numbers := func(account int64, change func(*reeve.ChangeQuery)) []int {
			q := query
			change(&q)
			found, err := w.ChangedDevices(w.ctx, account, q)
			w.check(err)
			out := []int{}
			for _, d := range found {
				for i, known := range devices {
					if known.ID == d.ID {
						out = append(out, i)
					}
				}
			}
			return out
		}
		for name, test := range map[string]struct {
			account int64
			change  func(*reeve.ChangeQuery)
			want    []int
		}{
			"all":         {w.account.No, func(*reeve.ChangeQuery) {}, []int{0, 1, 2, 4, 5, 7}},
			"second page": {w.account.No, func(q *reeve.ChangeQuery) { q.Limit, q.Page = 4, 2 }, []int{5, 7}},
			"beyond":      {w.account.No, func(q *reeve.ChangeQuery) { q.Page = 2 }, []int{}},
			"later":       {w.account.No, func(q *reeve.ChangeQuery) { q.Since = noon.Add(time.Hour) }, []int{}},
			"no events":   {w.account.No, func(q *reeve.ChangeQuery) { q.Events = nil }, []int{2, 7}},
			"no actions":  {w.account.No, func(q *reeve.ChangeQuery) { q.Actions = nil }, []int{0, 1, 2, 4, 5}},
			"systems":     {w.account.No, func(q *reeve.ChangeQuery) { q.Systems = []reeve.System{devices[1].Class.System} }, []int{1, 4, 7}},
			"foreign":     {foreign.No, func(*reeve.ChangeQuery) {}, []int{}},
		} {
			if d := cmp.Diff(test.want, numbers(test.account, test.change)); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
		}
	})
}
