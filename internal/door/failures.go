package door

import (
	"net/netip"
	"sync"
	"time"
)

// maxAddresses bounds what is remembered of failed authentications, for each
// address and counter. Beyond it one is forgotten for each new one.
const maxAddresses = 10_000

// failures counts failed authentications by counter and address in fixed windows of a
// minute, in this process only: it keeps guesses away from the database.
type failures struct {
	limit int // negative: off

	mu    sync.Mutex
	began time.Time
	count map[string]int
}

func newFailures(limit int) *failures { return &failures{limit: limit, count: map[string]int{}} }

// wait returns how long the address must wait before it may try again; 0 if it
// may now.
func (f *failures) wait(counter, address string) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := f.turn()
	if f.limit < 0 || f.count[counter+" "+network(address)] < f.limit {
		return 0
	}
	return left
}

// add counts one failure.
func (f *failures) add(counter, address string) {
	key := counter + " " + network(address)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn()
	if _, known := f.count[key]; !known && len(f.count) >= maxAddresses {
		for other := range f.count {
			delete(f.count, other)
			break
		}
	}
	f.count[key]++
}

// turn begins a new window if the last is over, and returns what is left of it.
func (f *failures) turn() time.Duration {
	now := time.Now()
	if now.Sub(f.began) >= time.Minute {
		f.began = now
		clear(f.count)
	}
	return time.Minute - now.Sub(f.began)
}

// network takes the addresses together that one attacker usually has: a whole
// /64 of IPv6.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, _ := ip.WithZone("").Prefix(64)
	return prefix.String()
}
