package door

import (
	"crypto/sha256"
	"net/http"
	"sync"

	"reeve"
)

// The counters of failed authentications. One never locks out what another
// counts: an expired token must not keep its client from the token endpoint.
const (
	tokenGuesses  = "token"   // tokens that nobody has
	clientGuesses = "clients" // secrets of clients that never gave a right one here
)

// maxKnown bounds what is remembered of good credentials. Beyond it one is
// forgotten for each new one.
const maxKnown = 10_000

// A fingerprint stands for a credential or the name of a client.
type fingerprint = [sha256.Size]byte

// known remembers, in this process only, tokens that were good and clients that
// gave the right secret: the failures of others at their address are not theirs.
type known struct {
	mu   sync.Mutex
	seen map[fingerprint]bool
}

func (k *known) has(f fingerprint) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen[f]
}

func (k *known) add(f fingerprint) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.seen[f] && len(k.seen) >= maxKnown {
		for other := range k.seen {
			delete(k.seen, other)
			break
		}
	}
	k.seen[f] = true
}

// Guard is called by a handler of a route with Credentials and without a Counter,
// before it checks a client's secret. The error is Limited if that client failed
// too often from this address, or, for a client that gave no right secret to this
// process yet, if unknown clients did together. The handler's Denied error counts.
func (r *Request) Guard(w http.ResponseWriter, client string) error {
	r.client = sha256.Sum256([]byte(client))
	r.counters = []string{"client " + string(r.client[:])}
	if !r.door.known.has(r.client) {
		r.counters = append(r.counters, clientGuesses)
	}
	return r.door.guard(w, r)
}

// guard refuses a request if one of its counters is full.
func (d *doorway) guard(w http.ResponseWriter, r *Request) error {
	for _, counter := range r.counters {
		if wait := d.failures.wait(counter, r.Caller.Address); wait > 0 {
			w.Header().Set("Retry-After", seconds(wait))
			return reeve.Errorf(reeve.Limited, "too many failed authentications from this address; wait a minute and check the credentials")
		}
	}
	return nil
}

// learn notes what came of credentials that a handler checked.
func (d *doorway) learn(r *Request, err error) {
	switch {
	case reeve.KindOf(err) == reeve.Denied:
		d.failed(r)
	case err == nil && r.client != fingerprint{}:
		d.known.add(r.client)
	}
}

func (d *doorway) failed(r *Request) {
	for _, counter := range r.counters {
		d.failures.add(counter, r.Caller.Address)
	}
}
