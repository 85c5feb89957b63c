package watch

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"reeve"
)

// How many streams of one account there may be at a time on this node, how often
// one hears something where nothing happens, how long one lasts, how long its
// reader may take for one event, and how often a Teller looks further.
const (
	maxFollowers  = 100
	heartbeat     = 15 * time.Second
	followFor     = time.Hour
	eventPatience = 30 * time.Second
	lookEvery     = time.Second
)

// A Teller says what a stream of events is like.
type Teller struct {
	// Tell sends how these jobs stand: all at first, then those that changed. It
	// reports whether the reader is still there.
	Tell func(s Stream, jobs []reeve.Job) bool
	// Look is called every second while the jobs go on, for what their counts do
	// not show; it reports likewise. Nil is never.
	Look func(s Stream) bool
	// Admit is asked before each of them, and now and then, whether the stream may go
	// on; nil is always.
	Admit func() bool
}

// Serve tells of an account's jobs as it happens, until none of them is open. Who
// comes back hears the present state first, so nothing is ever missed. It fails
// only before the answer has begun, or when the jobs cannot be read any more.
func (s *Jobs) Serve(w http.ResponseWriter, r *http.Request, account int64, jobs []reeve.Job, t Teller) error {
	stream, err := s.begin(w, account)
	if err != nil {
		return err
	}
	defer s.exit(account)
	if r.Method == http.MethodHead || !t.Tell(stream, jobs) || ended(jobs) {
		return nil
	}
	leave := s.follow(jobs)
	defer leave()
	beat, end := time.NewTicker(heartbeat), time.NewTimer(followFor)
	defer beat.Stop()
	defer end.Stop()
	var look <-chan time.Time
	if t.Look != nil {
		ticks := time.NewTicker(lookEvery)
		defer ticks.Stop()
		look = ticks.C
	}
	for alive := true; alive && !ended(jobs); {
		now, news, err := s.now(jobs)
		if err != nil {
			return err
		}
		if changed := changes(jobs, now); len(changed) > 0 {
			jobs, alive = now, t.admits() && t.Tell(stream, changed)
			continue
		}
		select {
		case <-news:
		case <-look:
			alive = t.admits() && t.Look(stream)
		case <-beat.C:
			alive = t.admits() && stream.send(": still here\n\n")
		case <-end.C:
			return nil // the reader comes back by itself
		case <-s.Stopping:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
	return nil
}

// Repeat tells now and again what jobs do not show, such as how the work on one
// device goes, until tell reports that nobody listens or that nothing more comes.
func (s *Jobs) Repeat(w http.ResponseWriter, r *http.Request, account int64, every time.Duration, tell func(Stream) bool) error {
	stream, err := s.begin(w, account)
	if err != nil {
		return err
	}
	defer s.exit(account)
	tick, end := time.NewTicker(every), time.NewTimer(followFor)
	defer tick.Stop()
	defer end.Stop()
	for r.Method != http.MethodHead && tell(stream) {
		select {
		case <-tick.C:
		case <-end.C:
			return nil
		case <-s.Stopping:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
	return nil
}

// begin begins the answer. Call exit at its end.
func (s *Jobs) begin(w http.ResponseWriter, account int64) (Stream, error) {
	if !s.enter(account) {
		return Stream{}, reeve.Errorf(reeve.Unavailable, "%d requests of this account follow jobs already; end one of them, or load again when you want to know", maxFollowers)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // some proxies would gather it
	w.WriteHeader(http.StatusOK)
	return Stream{w, http.NewResponseController(w)}, nil
}

func (t Teller) admits() bool { return t.Admit == nil || t.Admit() }

func ended(jobs []reeve.Job) bool {
	return !slices.ContainsFunc(jobs, func(j reeve.Job) bool { return j.Open() > 0 })
}

func changes(had, now []reeve.Job) (changed []reeve.Job) {
	for i := range now {
		if !same(had[i], now[i]) {
			changed = append(changed, now[i])
		}
	}
	return changed
}

// enter reports whether there is room for one more stream of the account.
func (s *Jobs) enter(account int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.followers[account] >= maxFollowers {
		return false
	}
	s.followers[account]++
	return true
}

func (s *Jobs) exit(account int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.followers[account]--; s.followers[account] == 0 {
		delete(s.followers, account)
	}
}

// A Stream writes server-sent events.
type Stream struct {
	w    http.ResponseWriter
	wire *http.ResponseController
}

// Send writes one event, whose data is one line, and reports whether the reader
// is still there.
func (s Stream) Send(event, id string, data []byte) bool {
	if id != "" {
		id = "id: " + id + "\n"
	}
	return s.send(fmt.Sprintf("event: %s\n%sdata: %s\n\n", event, id, data))
}

func (s Stream) send(text string) bool {
	_ = s.wire.SetWriteDeadline(time.Now().Add(eventPatience)) // tests have no connection
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	_ = s.wire.Flush()
	return true
}
