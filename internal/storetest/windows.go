package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func testWindows(t *testing.T, open func(testing.TB) Store) {
	s := suite{t, open}

	s.run("requests are counted by key and window", func(w *world) {
		for i, test := range []struct {
			key   string
			after time.Duration
			want  int64
		}{
			{"a", 0, 1}, {"a", 59 * time.Second, 2}, {"b", 0, 1}, {"a", time.Minute, 1}, {"a", 61 * time.Second, 2},
			{"a", 59 * time.Second, 3}, // a server whose clock is behind
			{"b", 10 * time.Minute, 1}, {"a", 10 * time.Minute, 1},
		} {
			got, err := w.Take(w.ctx, test.key, noon.Add(test.after), time.Minute)
			w.check(err)
			if got != test.want {
				w.t.Errorf("take %d: %d, want %d", i, got, test.want)
			}
		}
	})

	s.run("no request is counted twice or not at all", func(w *world) {
		var mu sync.Mutex
		var taken, want []int64
		for _, err := range concurrently(20, func(i int) error {
			n, err := w.Take(w.ctx, "a", noon, time.Minute)
			mu.Lock()
			defer mu.Unlock()
			taken, want = append(taken, n), append(want, int64(len(want)+1))
			return err
		}) {
			w.check(err)
		}
		slices.Sort(taken)
		if !slices.Equal(taken, want) {
			w.t.Errorf("counts %v", taken)
		}
	})
}
