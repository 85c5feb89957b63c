// Package outbound sends accounts' logs to where their outlets lead: device
// events to a webhook, rows as JSON lines to a file, a syslog receiver or
// S3-compatible storage. What is sent is read from the log, and how far each
// outlet has come is kept in the store, so a restart loses nothing and sends at
// most one batch twice. Of several nodes on one store one at a time serves an
// outlet; a slow receiver holds up nobody but itself, and no backlog is ever in
// memory.
//
// It imports the root words and internal/trail.
package outbound

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"reeve"
	"reeve/internal/trail"
)

// A Store is what outlets are served from.
type Store interface {
	reeve.OutletStore
	trail.Store
	Account(ctx context.Context, no int64) (reeve.Account, error)
}

// A Config says what a Sender works with. All members are needed.
type Config struct {
	Store  Store
	Folder string // of the files that exports write
	// Open decrypts the secret of the outlet with this id.
	Open func(owner string, sealed []byte) (string, error)
	// Line writes a row of the log as one JSON object without line breaks.
	Line func(reeve.AuditEntry) ([]byte, error)
	Log  *slog.Logger
}

// How often a Sender looks for news, and for how long it claims an outlet: after
// a crash another node goes on after that time.
const (
	lookEvery = time.Second
	claimFor  = 20 * time.Second
)

// A Sender serves outlets.
type Sender struct {
	Config
	transport http.RoundTripper // nil but in tests: a network of the test's own
	node      string            // names this process among those on one store
	pumps     map[served]*pump
	claimed   time.Time // when the store last said what is ours
}

// New returns a Sender. It does nothing until Run.
func New(c Config) *Sender {
	return &Sender{Config: c, node: rand.Text(), pumps: map[served]*pump{}}
}

// Run serves outlets until ctx ends; then it notes what was delivered and lets
// other nodes go on.
func (s *Sender) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		s.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.end(func(*pump) bool { return true })
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			return s.Store.ReleaseOutlets(last, s.node)
		}
	}
}

// lastWords is how long a stopping Sender may take to note how far it came.
const lastWords = 5 * time.Second

// look claims outlets, begins to serve those that are new or were changed, and
// leaves those that are not ours any more.
func (s *Sender) look(ctx context.Context) {
	now := time.Now()
	outlets, err := s.Store.ClaimOutlets(ctx, s.node, now, now.Add(claimFor))
	if err != nil {
		if ctx.Err() == nil {
			s.Log.Error("outlets could not be claimed", "err", err)
		}
		if now.Sub(s.claimed) > claimFor/2 { // others may have them by now
			s.end(func(*pump) bool { return true })
		}
		return
	}
	s.claimed = now
	ours := map[served]bool{}
	for _, o := range outlets {
		ours[servedOf(o)] = true
	}
	s.end(func(p *pump) bool { return p.ended() || !ours[p.serves] })
	for _, o := range outlets {
		p := s.pumps[servedOf(o)]
		if p == nil {
			p = s.begin(ctx, o)
			s.pumps[p.serves] = p
		}
		p.tell(o.Head)
	}
}

// end stops the chosen pumps and waits for them.
func (s *Sender) end(chosen func(*pump) bool) {
	var wait sync.WaitGroup
	for serves, p := range s.pumps {
		if chosen(p) {
			delete(s.pumps, serves)
			p.stop()
			wait.Go(func() { <-p.done })
		}
	}
	wait.Wait()
}
