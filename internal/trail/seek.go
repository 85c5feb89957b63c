package trail

import (
	"context"
	"slices"

	"reeve"
)

// Seek returns the place of the event that has n others of the query before it,
// and whether there are so many. Where reading begins does not matter to it,
// and how far back the event is does hardly.
func Seek(ctx context.Context, store Store, account int64, q Query, n int64) (Place, bool, error) {
	kinds, err := kindsOf(ctx, store, account, q)
	if err != nil {
		return Place{}, false, err
	}
	seq, within, found, err := store.FindEvent(ctx, account, kinds, q.Since, q.Until, n)
	if !found || err != nil || within == 0 {
		return Place{Seq: seq}, found, err
	}
	rows, err := store.Log(ctx, account, reeve.LogQuery{After: seq - 1, Limit: 1})
	if err != nil || len(rows) == 0 {
		return Place{}, false, err
	}
	if rows[0].Event != reeve.JobPlaced {
		return Place{seq, within}, true, nil
	}
	leaf, found, err := store.CommandLeaf(ctx, account, rows[0].Job, within)
	return Place{seq, int64(leaf)}, found, err
}

// Count returns how many events a query selects. Where reading begins does not
// matter to it.
func Count(ctx context.Context, store Store, account int64, q Query) (int64, error) {
	kinds, err := kindsOf(ctx, store, account, q)
	if err != nil {
		return 0, err
	}
	return store.CountEvents(ctx, account, kinds, q.Since, q.Until)
}

// kindsOf returns the kinds of rows that a query selects.
func kindsOf(ctx context.Context, store Store, account int64, q Query) ([]int64, error) {
	all, err := store.LogKinds(ctx, account)
	var kinds []int64
	for _, k := range all {
		row := Row{reeve.AuditEntry{Event: k.Event, Source: k.Source}, reeve.About{Action: k.Action}}
		if (len(q.Events) == 0 || slices.Contains(q.Events, k.Event)) && (q.Wanted == nil || q.Wanted(row)) {
			kinds = append(kinds, k.No)
		}
	}
	return kinds, err
}
