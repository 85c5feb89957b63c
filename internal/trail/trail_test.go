package trail_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"reeve"
	"reeve/internal/trail"
)

// However a history looks and however small the pages are, every event comes
// once and in order, and a reader that came to the end goes on from there.
func TestPagesMakeTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &history{}
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			s.grow(t)
		}
		whole := read(t, s, trail.Query{Limit: 10_000})
		var want int
		for _, n := range s.events {
			want += n
		}
		if len(whole.Events) != want || whole.More || whole.Next != (trail.Place{Seq: int64(len(s.rows)) + 1}) {
			t.Fatalf("%d events, more %v, next %v; want %d", len(whole.Events), whole.More, whole.Next, want)
		}
		query := trail.Query{Limit: rapid.IntRange(1, 12).Draw(t, "limit")}
		var got []trail.Event
		for more := true; more; {
			page := read(t, s, query)
			if len(page.Events) > query.Limit {
				t.Fatalf("%d events on a page of %d", len(page.Events), query.Limit)
			}
			got = append(got, page.Events...)
			query.From, more = page.Next, page.More
		}
		if len(got) != len(whole.Events) || len(got) > 0 && !reflect.DeepEqual(got, whole.Events) {
			t.Fatalf("%d events in pages of %d, %d at once", len(got), query.Limit, len(whole.Events))
		}
		for n, e := range whole.Events {
			place, found, err := trail.Seek(context.Background(), s, 1, trail.Query{}, int64(n))
			if !found || err != nil {
				t.Fatalf("event %d is not found, %v", n, err)
			}
			if there := read(t, s, trail.Query{From: place, Limit: 1}).Events; !reflect.DeepEqual(there, whole.Events[n:n+1]) {
				t.Fatalf("event %d is %+v; at %v is %+v", n, e, place, there)
			}
		}
		if _, found, err := trail.Seek(context.Background(), s, 1, trail.Query{}, int64(want)); found || err != nil {
			t.Fatalf("found an event after the last, %v", err)
		}
		if n, err := trail.Count(context.Background(), s, 1, trail.Query{}); n != int64(want) || err != nil {
			t.Fatalf("counted %d events, %v; want %d", n, err, want)
		}
		last := len(s.rows)
		s.grow(t)
		page := read(t, s, trail.Query{From: query.From, Limit: 10_000})
		for _, e := range page.Events {
			if e.Row.Seq != int64(last)+1 {
				t.Fatalf("row %d comes again", e.Row.Seq)
			}
		}
		if len(page.Events) != s.events[last] {
			t.Fatalf("%d events were added, want %d", len(page.Events), s.events[last])
		}
	})
}

func TestEventsTellOfDevices(t *testing.T) {
	s := &history{}
	s.job("exempt", 2)
	s.add("device_enrolled", 0, "", 1).Device = "d7"
	s.add("exemptions_ended", 1, `{"commands":"0000000000000001:1 0000000000000009:0-3"}`, 1)
	s.add("devices_licensed", 0, `{"ids":["a","b"]}`, 2)
	s.add("account_changed", 0, `{"not":"ours`, 1)
	var got []string
	for _, e := range read(t, s, trail.Query{Limit: 2 + 9}).Events {
		got = append(got, fmt.Sprint(e.Row.Event, " ", e.Device, " ", e.Action))
	}
	want := []string{"job_placed d0 exempt", "job_placed d1 exempt", "device_enrolled d7 ", "exemptions_ended d1 exempt",
		"devices_licensed a ", "devices_licensed b ", "account_changed  "}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	some := read(t, s, trail.Query{Limit: 9, Wanted: func(row trail.Row) bool { return row.Action == "exempt" }})
	if len(some.Events) != 2 {
		t.Errorf("%d events of the action", len(some.Events))
	}
	if page := read(t, s, trail.Query{Limit: 9, Events: []string{"nothing"}}); len(page.Events) != 0 || page.Next.Seq != 6 {
		t.Errorf("of no such event: %+v", page)
	}
}

// A reading of a history that has little of what is asked for ends, and says
// where to go on.
func TestReadingIsBounded(t *testing.T) {
	s := &history{}
	for range 50_000 {
		s.add("reports", 0, "", 1)
	}
	s.add("app_created", 0, "", 1)
	query, pages := trail.Query{Limit: 5, Wanted: func(row trail.Row) bool { return row.Event == "app_created" }}, 0
	for {
		page := read(t, s, query)
		if pages++; len(page.Events) == 1 {
			break
		}
		if !page.More || page.Next.Seq <= query.From.Seq {
			t.Fatalf("after %d pages: %+v", pages, page)
		}
		query.From = page.Next
	}
	if pages < 2 {
		t.Errorf("%d rows were read at once", len(s.rows))
	}
}

func read(t interface {
	Helper()
	Fatal(...any)
}, s *history, q trail.Query) trail.Page {
	t.Helper()
	page, err := trail.Read(context.Background(), s, 1, q)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// A history is a store of one account in memory.
type history struct {
	rows   []reeve.AuditEntry
	events []int // that each row stands for
	jobs   []reeve.Job
	states [][]reeve.State
}

var began = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func (s *history) add(event string, job reeve.JobID, detail string, events int) *reeve.AuditEntry {
	seq := int64(len(s.rows)) + 1
	s.rows = append(s.rows, reeve.AuditEntry{Account: 1, Seq: seq, At: began.Add(time.Duration(seq)), Event: event, Job: job, Detail: detail})
	s.events = append(s.events, events)
	return &s.rows[seq-1]
}

func (s *history) job(action string, commands int) {
	s.jobs = append(s.jobs, reeve.Job{ID: reeve.JobID(len(s.jobs) + 1), Action: action})
	s.states = append(s.states, slices.Repeat([]reeve.State{reeve.Succeeded}, commands))
	s.add(reeve.JobPlaced, reeve.JobID(len(s.jobs)), fmt.Sprintf(`{"action":%q}`, action), commands)
}

// grow adds one row of any sort.
func (s *history) grow(t *rapid.T) {
	few := rapid.IntRange(0, 12)
	switch sort := rapid.IntRange(0, 3).Draw(t, "sort"); {
	case sort == 0:
		s.job("scan_threats", 0)
		n := len(s.jobs) - 1
		for range few.Draw(t, "commands") {
			state := rapid.SampledFrom([]reeve.State{reeve.Queued, reeve.NotApplicable, reeve.Failed}).Draw(t, "state")
			if s.states[n] = append(s.states[n], state); state != reeve.NotApplicable {
				s.events[len(s.rows)-1]++
			}
		}
	case sort == 1 && len(s.jobs) > 0:
		var ids []reeve.CommandID
		for i := range s.jobs {
			for leaf := range s.states[i] {
				if rapid.Bool().Draw(t, "reported") {
					ids = append(ids, reeve.CommandID{Job: s.jobs[i].ID, Leaf: int32(leaf)})
				}
			}
		}
		text, _ := reeve.RunsOf(ids).MarshalText()
		s.add("reports", 0, fmt.Sprintf(`{"commands":%q}`, text), len(ids))
	case sort == 2:
		ids, _ := json.Marshal(slices.Repeat([]string{"x"}, 1+few.Draw(t, "devices")))
		s.add("devices_licensed", 0, fmt.Sprintf(`{"ids":%s}`, ids), len(ids)/4)
	default:
		s.add("account_changed", 0, "", 1)
	}
}

func (s *history) Log(_ context.Context, _ int64, q reeve.LogQuery) ([]reeve.AuditEntry, error) {
	var out []reeve.AuditEntry
	for _, row := range s.rows[min(int(q.After), len(s.rows)):] {
		if len(out) < q.Limit && (len(q.Events) == 0 || slices.Contains(q.Events, row.Event)) {
			out = append(out, row)
		}
	}
	return out, nil
}

func (s *history) LogKinds(context.Context, int64) ([]reeve.LogKind, error) {
	var kinds []reeve.LogKind
	for _, row := range s.rows {
		k := reeve.LogKind{Event: row.Event, Source: row.Source, Action: row.About().Action}
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	for i := range kinds {
		kinds[i].No = int64(i)
	}
	return kinds, nil
}

func (s *history) CountEvents(context.Context, int64, []int64, time.Time, time.Time) (int64, error) {
	var n int64
	for _, events := range s.events {
		n += int64(events)
	}
	return n, nil
}

// FindEvent knows only all kinds at all times.
func (s *history) FindEvent(_ context.Context, _ int64, _ []int64, _, _ time.Time, n int64) (int64, int64, bool, error) {
	for i := range s.rows {
		if n < int64(s.events[i]) {
			return int64(i) + 1, n, true, nil
		}
		n -= int64(s.events[i])
	}
	return 0, 0, false, nil
}

func (s *history) CommandLeaf(_ context.Context, _ int64, job reeve.JobID, n int64) (int32, bool, error) {
	for leaf, state := range s.states[job-1] {
		if state == reeve.NotApplicable {
			continue
		}
		if n == 0 {
			return int32(leaf), true, nil
		}
		n--
	}
	return 0, false, nil
}

func (s *history) Head(context.Context, int64) (reeve.Checkpoint, bool, error) {
	return reeve.Checkpoint{Account: 1, Seq: int64(len(s.rows))}, true, nil
}

func (s *history) Job(_ context.Context, _ int64, id reeve.JobID) (reeve.Job, error) {
	if id > reeve.JobID(len(s.jobs)) {
		return reeve.Job{}, reeve.Errorf(reeve.NotFound, "no job")
	}
	return s.jobs[id-1], nil
}

func (s *history) Commands(_ context.Context, _ int64, job reeve.JobID, states []reeve.State, from int32, limit int) ([]reeve.Command, error) {
	var out []reeve.Command
	for leaf, state := range s.states[job-1] {
		if leaf >= int(from) && len(out) < limit && slices.Contains(states, state) {
			out = append(out, command(job, leaf, state))
		}
	}
	return out, nil
}

func (s *history) CommandsByID(_ context.Context, _ int64, ids []reeve.CommandID) ([]reeve.Command, error) {
	var out []reeve.Command
	for _, id := range ids {
		if int(id.Job) <= len(s.jobs) {
			out = append(out, command(id.Job, int(id.Leaf), s.states[id.Job-1][id.Leaf]))
		}
	}
	slices.SortFunc(out, func(a, b reeve.Command) int { return cmp.Compare(b.ID.Leaf, a.ID.Leaf) })
	return out, nil
}

func command(job reeve.JobID, leaf int, state reeve.State) reeve.Command {
	return reeve.Command{ID: reeve.CommandID{Job: job, Leaf: int32(leaf)}, DeviceID: fmt.Sprintf("d%d", leaf), State: state}
}
