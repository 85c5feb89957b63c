package courier

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"reeve"
)

// A ledger remembers which orders were given to connected agents until the
// store knows it too. It is in no hurry: an agent that answers at once makes
// it needless to store that the order was sent.
type ledger struct {
	store reeve.OrderStore

	mu          sync.Mutex
	fresh, ripe map[reeve.CommandID]struct{} // sent since the last flush, and before it
}

func newLedger(store reeve.OrderStore) *ledger {
	return &ledger{store: store, fresh: map[reeve.CommandID]struct{}{}, ripe: map[reeve.CommandID]struct{}{}}
}

// sent notes those orders, of which the store does not know yet that they were
// sent.
func (l *ledger) sent(orders []reeve.Order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range orders {
		if o.State == reeve.Queued {
			l.fresh[o.ID] = struct{}{}
		}
	}
}

// has reports whether an order left so recently that the store may not know.
func (l *ledger) has(id reeve.CommandID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, fresh := l.fresh[id]
	_, ripe := l.ripe[id]
	return fresh || ripe
}

// answered strikes out the orders on which agents have reported.
func (l *ledger) answered(batch []reeve.Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.fresh)+len(l.ripe) == 0 {
		return
	}
	for i := range batch {
		delete(l.fresh, batch[i].ID)
		delete(l.ripe, batch[i].ID)
	}
}

// flush stores what was sent before the last flush and is unanswered; with all
// it stores everything.
func (l *ledger) flush(ctx context.Context, now time.Time, all bool) error {
	ids := l.ripeIDs(all)
	for chunk := range slices.Chunk(ids, batchItems) {
		if err := l.store.Sent(ctx, now, chunk); err != nil {
			return err
		}
		l.forget(chunk)
	}
	return nil
}

func (l *ledger) ripeIDs(all bool) []reeve.CommandID {
	l.mu.Lock()
	defer l.mu.Unlock()
	if all {
		l.ripen()
	}
	ids := slices.SortedFunc(maps.Keys(l.ripe), func(a, b reeve.CommandID) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Leaf, b.Leaf))
	})
	l.ripen()
	return ids
}

func (l *ledger) ripen() {
	if len(l.ripe) == 0 {
		l.fresh, l.ripe = l.ripe, l.fresh
		return
	}
	maps.Copy(l.ripe, l.fresh)
	clear(l.fresh)
}

func (l *ledger) forget(ids []reeve.CommandID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		delete(l.ripe, id)
	}
}
