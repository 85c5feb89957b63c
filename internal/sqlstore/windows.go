package sqlstore

import (
	"context"
	"sync"
	"time"
)

// windows counts requests in fixed windows of time.
type windows interface {
	take(ctx context.Context, key string, now time.Time, window time.Duration) (int64, error)
}

// Take counts one request and returns how many there are in its window.
func (s *Store) Take(ctx context.Context, key string, now time.Time, window time.Duration) (int64, error) {
	return s.windows.take(ctx, key, now, window)
}

func startOf(now time.Time, window time.Duration) int64 {
	return now.UnixMicro() - now.UnixMicro()%window.Microseconds()
}

// ownWindows counts in memory, for the only process that uses a store.
type ownWindows struct {
	mu     sync.Mutex
	counts map[string]windowCount
	swept  int64
}

type windowCount struct{ started, ends, taken int64 }

func (w *ownWindows) take(_ context.Context, key string, now time.Time, window time.Duration) (int64, error) {
	started := startOf(now, window)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.counts == nil || now.UnixMicro()-w.swept > time.Minute.Microseconds() {
		w.sweep(now.UnixMicro())
	}
	c := w.counts[key]
	if c.started < started {
		c = windowCount{started: started, ends: started + window.Microseconds()}
	}
	c.taken++
	w.counts[key] = c
	return c.taken, nil
}

// sweep forgets windows that are over.
func (w *ownWindows) sweep(now int64) {
	live := map[string]windowCount{}
	for key, c := range w.counts {
		if c.ends > now {
			live[key] = c
		}
	}
	w.counts, w.swept = live, now
}

// sharedWindows counts in the database, for all servers that use it.
type sharedWindows struct{ store *Store }

func (w sharedWindows) take(ctx context.Context, key string, now time.Time, window time.Duration) (taken int64, err error) {
	err = w.store.change(ctx, func(t *tx) error {
		// Should a crash forget some requests, the limit is a little kinder.
		if err := t.later("SET LOCAL synchronous_commit = off"); err != nil {
			return err
		}
		taken, _, err = first(ctx, t, number, `INSERT INTO windows (key, started, taken) VALUES ($1, $2, 1)
			ON CONFLICT (key) DO UPDATE SET started = CASE WHEN windows.started < excluded.started THEN excluded.started ELSE windows.started END,
				taken = CASE WHEN windows.started < excluded.started THEN 1 ELSE windows.taken + 1 END
			RETURNING taken`, key, startOf(now, window))
		return err
	})
	return taken, err
}
