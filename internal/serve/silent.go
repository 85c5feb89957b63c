package serve

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// A silent is the connections on which nothing was asked yet. When the server
// stops, net/http waits five seconds for each of them to say something; browsers
// and balancers keep such connections in stock and would hold up every restart.
type silent struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// patience is how long a connection may still begin to ask once the server
// stops.
const patience = 500 * time.Millisecond

// note follows a connection; it is the ConnState of an http.Server.
func (s *silent) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state != http.StateNew {
		delete(s.conns, c)
		return
	}
	if s.conns == nil {
		s.conns = map[net.Conn]struct{}{}
	}
	s.conns[c] = struct{}{}
}

// close ends all of them.
func (s *silent) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}
