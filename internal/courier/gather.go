package courier

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Bounds of a batch. More wait in the subscription, and what does not fit there
// either is lost and sent again.
const (
	batchItems = 2000
	batchBytes = 8 << 20
)

// A gather collects what comes while the last batch is being committed. Nobody
// waits for a batch to fill.
type gather[T any] struct {
	mu     sync.Mutex
	change sync.Cond
	items  []T
	bytes  int
	closed bool
}

func newGather[T any]() *gather[T] {
	g := &gather[T]{}
	g.change.L = &g.mu
	return g
}

// put adds an item of the given size, and waits if the batch is full.
func (g *gather[T]) put(item T, size int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.closed && (len(g.items) >= batchItems || g.bytes >= batchBytes) {
		g.change.Wait()
	}
	g.items = append(g.items, item)
	g.bytes += size
	if len(g.items) == 1 {
		g.change.Broadcast()
	}
}

// take returns what has gathered, at least one item, or false at the end. It
// goes on to gather in spare, whose contents are forgotten.
func (g *gather[T]) take(spare []T) ([]T, bool) {
	clear(spare)
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.items) == 0 && !g.closed {
		g.change.Wait()
	}
	batch := g.items
	g.items, g.bytes = spare[:0], 0
	g.change.Broadcast()
	return batch, len(batch) > 0
}

// close ends the gathering: what is there can still be taken.
func (g *gather[T]) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.change.Broadcast()
}

// Waits after a failure of the store.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// insist hands a batch to store until it is stored. After a failure it waits,
// and then tries the halves, so that one item which the store cannot take does
// not hold up the others: it alone is given up. Agents say again what was.
func insist[T any](ctx context.Context, log *slog.Logger, batch []T, store func([]T) error) {
	pause := firstPause
	var try func([]T)
	try = func(part []T) {
		if ctx.Err() != nil {
			return
		}
		err := store(part)
		if err == nil {
			pause = firstPause
			return
		}
		log.Error("the store did not take what agents said", "messages", len(part), "err", err)
		if !sleep(ctx, pause) || len(part) == 1 {
			return
		}
		pause = min(2*pause, lastPause)
		try(part[:len(part)/2])
		try(part[len(part)/2:])
	}
	try(batch)
}

// sleep reports whether the whole time passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
