package courier

import (
	"errors"
	"sync"
)

// quotaMessages is how many messages of one device are heard between two
// flushes of presence. An agent that has more to say says the rest again.
const quotaMessages = 1000

// quotaSightings is how many of them may tell of other machines.
const quotaSightings = 10

var errTooMuch = errors.New("the agent says too much at once")

// A quota keeps one agent from taking the store's time from all others.
type quota struct {
	most int
	mu   sync.Mutex
	said map[int64]int // messages by device
}

func newQuota(most int) *quota { return &quota{most: most, said: map[int64]int{}} }

// allows counts a message, and reports whether it is to be heard.
func (q *quota) allows(device int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.said[device]++
	return q.said[device] <= q.most
}

// renew begins to count anew.
func (q *quota) renew() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.said)
}
