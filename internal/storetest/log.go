package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"reeve"
	"reeve/internal/seal"
)

func testLog(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("rows are kept as they were given, numbered and chained", func(w *world) {
		want := reeve.AuditEntry{Account: w.account.No, At: noon.Add(time.Microsecond), Event: "e", Source: reeve.FromCLI, Actor: "a", Name: "näme\x00\xff",
			Address: "192.0.2.1", RequestID: "r", Device: "d", Job: 7, Outcome: "ok", Detail: `{"x": 1}`}
		w.check(w.Append(w.ctx, want, w.entry("second")))
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 10})
		w.check(err)
		if len(rows) != 3 {
			w.t.Fatalf("%d rows", len(rows))
		}
		want.Seq, want.Prev, want.Hash, want.Name = 2, rows[0].Hash, rows[1].Hash, "näme\uFFFD"
		if d := cmp.Diff(want, rows[1]); d != "" {
			w.t.Error(d)
		}
		w.chained(w.account.No)
		w.wantKind(w.Append(w.ctx, entryOf(w.account.No+99, "e")), reeve.NotFound)
		w.check(w.Append(w.ctx))
	})

	s.run("every account has a log of its own, and writers do not part the chain", func(w *world) {
		other := w.addAccount("other", 0)
		for _, err := range concurrently(16, func(i int) error {
			return w.Append(w.ctx, entryOf(w.account.No, fmt.Sprint(i)), entryOf(other.No, fmt.Sprint(i)), entryOf(w.account.No, "again"))
		}) {
			w.check(err)
		}
		if a, b := w.chained(w.account.No), w.chained(other.No); a != 33 || b != 17 {
			w.t.Errorf("%d and %d rows", a, b)
		}
	})

	s.run("rows are selected", func(w *world) {
		for i, event := range []string{"a", "b", "c", "b"} {
			e := w.entry(event)
			e.At = noon.Add(time.Duration(i+1) * time.Minute)
			if event == "b" {
				e.Device, e.Job = "dev", 5
			}
			w.check(w.Append(w.ctx, e))
		}
		for name, test := range map[string]struct {
			query reeve.LogQuery
			want  []int64
		}{
			"all":           {reeve.LogQuery{Limit: 9}, []int64{1, 2, 3, 4, 5}},
			"limit":         {reeve.LogQuery{Limit: 2}, []int64{1, 2}},
			"newest":        {reeve.LogQuery{Limit: 2, Newest: true}, []int64{5, 4}},
			"after":         {reeve.LogQuery{Limit: 9, After: 3}, []int64{4, 5}},
			"before":        {reeve.LogQuery{Limit: 9, Before: 3, Newest: true}, []int64{2, 1}},
			"since, until":  {reeve.LogQuery{Limit: 9, Since: noon.Add(time.Minute), Until: noon.Add(3 * time.Minute)}, []int64{2, 3}},
			"events":        {reeve.LogQuery{Limit: 9, Events: []string{"b", "c"}}, []int64{3, 4, 5}},
			"device":        {reeve.LogQuery{Limit: 9, Device: "dev"}, []int64{3, 5}},
			"job and event": {reeve.LogQuery{Limit: 9, Job: 5, Events: []string{"a"}}, nil},
			"job":           {reeve.LogQuery{Limit: 1, Job: 5, After: 3}, []int64{5}},
		} {
			rows, err := w.Log(w.ctx, w.account.No, test.query)
			w.check(err)
			var got []int64
			for _, r := range rows {
				got = append(got, r.Seq)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				w.t.Errorf("%s: %s", name, d)
			}
		}
	})

	s.run("rows are narrowed by who, through what and how it went", func(w *world) {
		for i := range 60 {
			e := w.entry([]string{"a", "b", reeve.Reports}[i%3])
			e.Actor, e.Source = []string{"operator:ann", "app:A"}[i/3%2], []reeve.Source{reeve.FromConsole, reeve.FromAPI, reeve.FromAgent}[i/2%3]
			e.Outcome = []string{"ok", "ok", "forbidden", "invalid"}[i/5%4]
			e.Address = []string{"192.0.2.1", "192.0.2.2", ""}[i%11%3]
			if i%7 == 0 {
				e.Device = "dev"
			}
			w.check(w.Append(w.ctx, e))
		}
		all, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{Limit: 99})
		w.check(err)
		r := new(dice)
		for range 300 {
			q := reeve.LogQuery{Limit: 1 + r.Intn(20), Newest: r.Intn(2) == 0, After: int64(r.Intn(30))}
			for range 1 + r.Intn(3) {
				switch r.Intn(6) {
				case 0:
					q.Actors = append(q.Actors, []string{"operator:ann", "app:A", "nobody"}[r.Intn(3)])
				case 1:
					q.Outcomes = append(q.Outcomes, []string{"ok", "forbidden", "invalid"}[r.Intn(3)])
				case 2:
					q.Sources = append(q.Sources, reeve.Source(r.Intn(6)))
				case 3:
					q.Events = append(q.Events, []string{"a", "b", reeve.Reports}[r.Intn(3)])
				case 4:
					if r.Intn(3) == 0 {
						q.Device = "dev"
					}
				case 5:
					q.Addresses = append(q.Addresses, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}[r.Intn(3)])
				}
			}
			has := func(n int, is bool) bool { return n == 0 || is }
			var want []int64
			for _, e := range all {
				if e.Seq > q.After && has(len(q.Actors), slices.Contains(q.Actors, e.Actor)) && has(len(q.Outcomes), slices.Contains(q.Outcomes, e.Outcome)) &&
					has(len(q.Sources), slices.Contains(q.Sources, e.Source)) && has(len(q.Events), slices.Contains(q.Events, e.Event)) && has(len(q.Device), e.Device == q.Device) &&
					has(len(q.Addresses), slices.Contains(q.Addresses, e.Address)) {
					want = append(want, e.Seq)
				}
			}
			if q.Newest {
				slices.Reverse(want)
			}
			rows, err := w.Log(w.ctx, w.account.No, q)
			w.check(err)
			var got []int64
			for _, row := range rows {
				got = append(got, row.Seq)
			}
			if want = want[:min(len(want), q.Limit)]; !slices.Equal(want, got) {
				w.t.Fatalf("%+v: %v, want %v", q, got, want)
			}
			q.Within = 1 + r.Intn(30)
			part, err := w.Log(w.ctx, w.account.No, q)
			if whole := cmp.Diff(rows, part) == ""; !whole && !errors.Is(err, reeve.ErrFurther) || whole && err != nil && !errors.Is(err, reeve.ErrFurther) {
				w.t.Fatalf("%+v: %d rows, want %d: %v", q, len(part), len(rows), err)
			}
		}
	})

	s.run("a reading looks at as many rows as it may", func(w *world) {
		for i := range 30 {
			e := w.entry("e")
			if e.Actor = "operator:ann"; i%10 == 2 {
				e.Actor = "operator:bob"
			}
			w.check(w.Append(w.ctx, e))
		}
		for name, test := range map[string]struct {
			query   reeve.LogQuery
			further bool
		}{
			"nobody is asked":       {reeve.LogQuery{Within: 5, Newest: true, Limit: 20}, false},
			"the page is full":      {reeve.LogQuery{Within: 5, Newest: true, Limit: 4, Outcomes: []string{"ok"}}, false},
			"it is not":             {reeve.LogQuery{Within: 5, Newest: true, Limit: 9, Outcomes: []string{"ok"}}, true},
			"at the end":            {reeve.LogQuery{Within: 30, Newest: true, Limit: 99, Events: []string{"e"}, Outcomes: []string{"ok"}}, false},
			"before it":             {reeve.LogQuery{Within: 29, Newest: true, Limit: 99, Events: []string{"e"}, Outcomes: []string{"ok"}}, true},
			"in order":              {reeve.LogQuery{Within: 29, Limit: 99, Events: []string{"e"}, Outcomes: []string{"ok"}}, true},
			"few have one thing":    {reeve.LogQuery{Within: 3, Limit: 99, Actors: []string{"operator:bob"}, Events: []string{"e"}}, false},
			"fewer than one thing":  {reeve.LogQuery{Within: 2, Limit: 99, Actors: []string{"operator:bob"}, Events: []string{"e"}}, true},
			"not of those left out": {reeve.LogQuery{Within: 2, Limit: 99, After: 20, Actors: []string{"operator:bob"}, Events: []string{"e"}}, false},
			"from where it goes on": {reeve.LogQuery{Within: 2, Limit: 99, Before: 20, Newest: true, Actors: []string{"operator:bob"}, Events: []string{"e"}}, false},
		} {
			_, err := w.Log(w.ctx, w.account.No, test.query)
			if test.further != errors.Is(err, reeve.ErrFurther) || !test.further && err != nil {
				w.t.Errorf("%s: %v", name, err)
			}
		}
	})

	s.run("times never go back", func(w *world) {
		for _, after := range []time.Duration{time.Hour, time.Minute, 2 * time.Hour} {
			e := w.entry("e")
			e.At = noon.Add(after)
			w.check(w.Append(w.ctx, e))
		}
		rows, err := w.Log(w.ctx, w.account.No, reeve.LogQuery{After: 1, Limit: 9})
		w.check(err)
		for i, want := range []time.Duration{time.Hour, time.Hour, 2 * time.Hour} {
			if at := rows[i].At; !at.Equal(noon.Add(want)) {
				w.t.Errorf("row %d is of %v", i+2, at)
			}
		}
		w.chained(w.account.No)
	})

	s.run("an event is found by how many are before it", func(w *world) {
		details := []string{"", `{"commands":"0000000000000007:0-3,9"}`, `{"ids":["a","b"]}`, `{"action":"exempt","targets":6,"not_applicable":2}`,
			`{"action":"delete","targets":2,"not_applicable":2}`, `{"jobs":1}`}
		events := []string{"a", "b", "b", reeve.JobPlaced, reeve.JobPlaced, reeve.Reports}
		size := []int64{1, 5, 2, 4, 0, 0}
		var rows []reeve.AuditEntry
		var sizes []int64
		for i := range 40 {
			n := (i*i + i/3) % len(details)
			e := w.entry(events[n])
			e.At, e.Detail, e.Source = noon.Add(time.Duration(i)*time.Minute), details[n], reeve.Source(i%2)
			rows, sizes = append(rows, e), append(sizes, size[n])
		}
		w.check(w.Append(w.ctx, rows...))
		kinds, err := w.LogKinds(w.ctx, w.account.No)
		w.check(err)
		for _, test := range []struct {
			wanted       func(event, action string, source reeve.Source) bool
			since, until time.Time
		}{
			{wanted: func(event, _ string, _ reeve.Source) bool { return event != "account_created" }},
			{wanted: func(event, _ string, source reeve.Source) bool { return event == "b" && source == 1 }},
			{wanted: func(_, action string, _ reeve.Source) bool { return action == "exempt" }, since: noon.Add(7 * time.Minute)},
			{wanted: func(event, _ string, _ reeve.Source) bool { return event == "b" },
				since: noon.Add(5*time.Minute + time.Microsecond), until: noon.Add(20 * time.Minute)},
			{wanted: func(_, _ string, _ reeve.Source) bool { return true }, since: noon.Add(time.Hour)},
			{wanted: func(_, _ string, _ reeve.Source) bool { return false }},
		} {
			var chosen []int64
			for _, k := range kinds {
				if test.wanted(k.Event, k.Action, k.Source) {
					chosen = append(chosen, k.No)
				}
			}
			var n int64
			for i, e := range rows {
				within := !e.At.Before(test.since) && (test.until.IsZero() || e.At.Before(test.until))
				if !within || !test.wanted(e.Event, e.About().Action, e.Source) {
					continue
				}
				for leaf := range sizes[i] {
					seq, at, found, err := w.FindEvent(w.ctx, w.account.No, chosen, test.since, test.until, n)
					w.check(err)
					if seq != int64(i)+2 || at != leaf || !found {
						w.t.Errorf("event %d is at %d, %d, %v; want %d, %d", n, seq, at, found, i+2, leaf)
					}
					n++
				}
			}
			_, _, found, err := w.FindEvent(w.ctx, w.account.No, chosen, test.since, test.until, n)
			w.check(err)
			count, err := w.CountEvents(w.ctx, w.account.No, chosen, test.since, test.until)
			w.check(err)
			if found || count != n {
				w.t.Errorf("%d events are counted as %d, and there is one behind: %v", n, count, found)
			}
		}
		if kinds, err := w.LogKinds(w.ctx, w.account.No+1); err != nil || len(kinds) != 0 {
			w.t.Errorf("kinds of another account: %v, %v", kinds, err)
		}
	})

	s.run("nothing is logged of what failed", func(w *world) {
		w.wantKind(w.RevokeApp(w.ctx, w.account.No, "NOBODY", noon, w.entry("app_revoked")), reeve.NotFound)
		if events := w.logged(); len(events) != 0 {
			w.t.Errorf("log: %v", events)
		}
	})

	s.run("checkpoints are kept in order, one for each row", func(w *world) {
		w.check(w.Append(w.ctx, w.entry("e")))
		head, _, err := w.Head(w.ctx, w.account.No)
		w.check(err)
		first := reeve.Checkpoint{Account: w.account.No, Seq: 1, Hash: [32]byte{1}, At: noon, Signature: []byte("one")}
		head.At, head.Signature = noon.Add(time.Minute), []byte("two")
		w.check(w.AddCheckpoint(w.ctx, head))
		w.check(w.AddCheckpoint(w.ctx, first))
		w.wantKind(w.AddCheckpoint(w.ctx, first), reeve.Conflict)
		got, err := w.Checkpoints(w.ctx, w.account.No)
		w.check(err)
		if d := cmp.Diff([]reeve.Checkpoint{first, head}, got); d != "" {
			w.t.Error(d)
		}
		other := w.addAccount("other", 0)
		got, err = w.Checkpoints(w.ctx, other.No)
		w.check(err)
		if len(got) != 0 {
			w.t.Errorf("of another account: %+v", got)
		}
		_, _, err = w.Head(w.ctx, other.No+1)
		w.wantKind(err, reeve.NotFound)
	})
}

// chained checks that a log is whole and returns its length.
func (w *world) chained(account int64) int64 {
	w.t.Helper()
	var last reeve.AuditEntry
	for {
		rows, err := w.Log(w.ctx, account, reeve.LogQuery{After: last.Seq, Limit: 7})
		w.check(err)
		for _, row := range rows {
			numbers, texts := row.Covered()
			if row.Account != account || row.Seq != last.Seq+1 || row.Prev != last.Hash ||
				row.Hash != seal.Next(row.Prev, seal.Row{Numbers: numbers, Texts: texts}) {
				w.t.Fatalf("row %d does not follow row %d", row.Seq, last.Seq)
			}
			last = row
		}
		if len(rows) < 7 {
			break
		}
	}
	head, holds, err := w.Head(w.ctx, account)
	w.check(err)
	if head.Seq != last.Seq || head.Hash != last.Hash || !holds {
		w.t.Errorf("the log ends at row %d, its head says %d (%v)", last.Seq, head.Seq, holds)
	}
	return last.Seq
}
