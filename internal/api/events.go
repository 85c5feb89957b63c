package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

// How many requests of one account may follow jobs at a time on this node, how
// often one hears something where nothing happens, how long one lasts, and how
// long its reader may take for one event.
const (
	maxFollowers  = 100
	heartbeat     = 15 * time.Second
	followFor     = time.Hour
	eventPatience = 30 * time.Second
)

// jobEvents tells of a job's progress as it happens, as server-sent events: the
// job now and whenever another of its commands has ended, until none is open.
// Who comes back hears the present state first, so nothing is ever missed.
func (a *api) jobEvents(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	if err := p.done(); err != nil {
		return err
	}
	id, err := jobID(r)
	if err != nil {
		return err
	}
	job, err := a.Store.Job(r.Context(), r.Caller.Account, id)
	if err != nil {
		return named(err, "job")
	}
	if !a.followers.enter(r.Caller.Account) {
		return reeve.Errorf(reeve.Unavailable, "%d requests of this account follow jobs already; end one of them, or ask for the job with wait", maxFollowers)
	}
	defer a.followers.leave(r.Caller.Account)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // some proxies would gather it
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	stream := eventStream{w, http.NewResponseController(w)}
	if !stream.tell(job) || job.Open() == 0 {
		return nil
	}
	watch, leave := a.watches.follow(r.Caller.Account, job)
	defer leave()
	beat, end := time.NewTicker(heartbeat), time.NewTimer(followFor)
	defer beat.Stop()
	defer end.Stop()
	for alive := true; alive && job.Open() > 0; {
		now, news, err := watch.now()
		if err != nil {
			return err
		}
		if now.Open() < job.Open() { // the watch may not have seen yet what this request has
			job, alive = now, stream.tell(now)
			continue
		}
		select {
		case <-news:
		case <-beat.C:
			alive = stream.send(": still here\n\n")
		case <-end.C:
			return nil // the reader comes back by itself
		case <-a.Stopping:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
	return nil
}

type eventStream struct {
	w    http.ResponseWriter
	wire *http.ResponseController
}

// tell sends a job: as done if no command of it is open, else as its progress.
func (s eventStream) tell(job reeve.Job) bool {
	event := client.EventProgress
	if job.Open() == 0 {
		event = client.EventDone
	}
	data, err := json.Marshal(shapeJob(job))
	return err == nil && s.send(fmt.Sprintf("event: %s\nid: %d\ndata: %s\n\n", event, int64(job.Targets)-job.Open(), data))
}

func (s eventStream) send(text string) bool {
	_ = s.wire.SetWriteDeadline(time.Now().Add(eventPatience)) // tests have no connection
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	_ = s.wire.Flush()
	return true
}
