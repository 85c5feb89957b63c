package api

import "sync"

// followers counts the requests that follow something, by account.
type followers struct {
	mu    sync.Mutex
	count map[int64]int
}

// enter reports whether there is room for one more.
func (f *followers) enter(account int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count = map[int64]int{}
	}
	if f.count[account] >= maxFollowers {
		return false
	}
	f.count[account]++
	return true
}

func (f *followers) leave(account int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count[account]--; f.count[account] == 0 {
		delete(f.count, account)
	}
}
