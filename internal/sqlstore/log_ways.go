package sqlstore

import (
	"context"
	"slices"

	"reeve"
)

// An arm is a place in an index in which rows of the log are in order of seq.
type arm struct {
	index string // of audit; empty for the running sums of a kind
	where func(*binder) string
}

// wholeLog is the index that has every row.
const wholeLog = "sqlite_autoindex_audit_1"

func everyRow(*binder) string { return "TRUE" }

// choose returns what a reading goes along, and what it asks of each row. Rows
// may be in none of its ways.
func (r *logReading) choose(ctx context.Context) (way []arm, asked []column, err error) {
	q := r.q
	var sources []int64
	for _, source := range q.Sources {
		sources = append(sources, int64(source))
	}
	event, source := texts("event", q.Events), numbers("source", sources)
	actor, outcome := texts("actor", q.Actors), texts("outcome", q.Outcomes)
	all := given(actor, outcome, source, event, texts("address", q.Addresses)) // no index has addresses
	// The indexes hold no rows about nothing, and SQLite wants to be told.
	switch {
	case q.Device != "":
		return []arm{{wholeLog, r.ofDevice}}, all, nil
	case q.Job != 0:
		return []arm{{wholeLog, r.ofJob}}, all, nil
	case len(q.Kinds) > maxKinds:
		return []arm{{wholeLog, everyRow}}, all, nil
	case len(q.Kinds) > 0:
		return armsOfKinds(q.Kinds), all, nil
	}
	type choice struct {
		way    []arm
		covers []string // names of columns
	}
	var choices []choice
	for _, c := range given(actor, outcome) {
		if c.name != "outcome" || !slices.Contains(q.Outcomes, "ok") { // most rows have it, so no index does
			choices = append(choices, choice{armsOf(c), []string{c.name}})
		}
	}
	ofEvents, fits, err := r.armsOfEvents(ctx)
	switch {
	case err != nil:
		return nil, nil, err
	case fits && len(ofEvents) == 0:
		return nil, nil, nil
	case fits:
		choices = append(choices, choice{ofEvents, []string{"event", "source"}})
	case source.len() > 0:
		choices = append(choices, choice{armsOf(source), []string{"source"}})
	}
	best := choice{way: []arm{{wholeLog, everyRow}}}
	fewest := int64(fewEnough)
	for i, c := range choices {
		n := int64(0)
		if len(choices) > 1 {
			b := &binder{db: r.store.db}
			free := logReading{store: r.store, account: r.account}
			if n, err = r.store.countRows(ctx, b, "("+free.merge(c.way, nil, b.put(r.account), b)+") AS rows_of", fewest); err != nil {
				return nil, nil, err
			}
		}
		if i == 0 || n < fewest {
			best, fewest = c, n
		}
	}
	asked = slices.DeleteFunc(all, func(c column) bool { return slices.Contains(best.covers, c.name) })
	return best.way, asked, nil
}

// armsOf goes along the index over account, column and seq.
func armsOf(c column) (way []arm) {
	is := func(b *binder, value any) string { return c.name + " = " + b.put(value) + c.partly() }
	for _, text := range slices.Compact(slices.Sorted(slices.Values(c.texts))) {
		way = append(way, arm{"audit_" + c.name, func(b *binder) string { return is(b, text) }})
	}
	for _, n := range slices.Compact(slices.Sorted(slices.Values(c.numbers))) {
		way = append(way, arm{"audit_" + c.name, func(b *binder) string { return is(b, n) }})
	}
	return way
}

func armsOfKinds(kinds []int64) (way []arm) {
	for _, kind := range kinds {
		way = append(way, arm{"", func(b *binder) string { return "kind = " + b.put(kind) }})
	}
	return way
}

// maxKinds is how many kinds of rows a reading goes along. One that wants more
// meets every row: most are wanted then.
const maxKinds = 32

// uncounted are the events of which rows can stand for no event, and then are in
// no sums: they have an index of their own. Its condition has them as they are
// here.
var uncounted = []struct{ event, is string }{{reeve.JobPlaced, "event = 'job_placed'"}, {reeve.Reports, "event = 'reports'"}}

func isUncounted(event string) bool { return event == reeve.JobPlaced || event == reeve.Reports }

// armsOfEvents goes along the events that are asked for, of these sources; false
// if these are none, or too many.
func (r *logReading) armsOfEvents(ctx context.Context) (way []arm, fits bool, err error) {
	if len(r.q.Events) == 0 {
		return nil, false, nil
	}
	known, err := r.store.LogKinds(ctx, r.account)
	if err != nil {
		return nil, false, err
	}
	var kinds []int64
	for _, k := range known {
		if !isUncounted(k.Event) && slices.Contains(r.q.Events, k.Event) && (len(r.q.Sources) == 0 || slices.Contains(r.q.Sources, k.Source)) {
			kinds = append(kinds, k.No)
		}
	}
	way = armsOfKinds(kinds)
	sources := r.q.Sources
	if len(sources) == 0 {
		sources = reeve.Sources()
	}
	for _, u := range uncounted {
		if !slices.Contains(r.q.Events, u.event) {
			continue
		}
		for _, source := range sources {
			way = append(way, arm{"audit_uncounted", func(b *binder) string { return u.is + " AND source = " + b.put(int64(source)) }})
		}
	}
	return way, len(way) <= maxKinds, nil
}
