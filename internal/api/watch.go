package api

import (
	"context"
	"sync"
	"time"

	"reeve"
)

// watches let all who follow one job share the looks at it.
type watches struct {
	look  func(ctx context.Context, account int64, id reeve.JobID) (reeve.Job, error)
	every time.Duration

	mu  sync.Mutex
	all map[watched]*watch
}

type watched struct {
	account int64
	job     reeve.JobID
}

// A watch looks at a job as long as anybody follows it, and until a look fails.
type watch struct {
	mu        *sync.Mutex // that of the watches
	followers int
	stop      context.CancelFunc
	job       reeve.Job
	err       error
	news      chan struct{} // closed when job or err is another
}

// follow joins the watch of a job, which stands as the caller has just seen it,
// or begins one. Call leave when done.
func (s *watches) follow(account int64, job reeve.Job) (w *watch, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := watched{account, job.ID}
	w = s.all[key]
	if w == nil {
		// No follower's context: the others go on when it leaves.
		ctx, stop := context.WithCancel(context.Background())
		w = &watch{mu: &s.mu, stop: stop, job: job, news: make(chan struct{})}
		if s.all == nil {
			s.all = map[watched]*watch{}
		}
		s.all[key] = w
		go s.keep(ctx, key, w)
	}
	w.followers++
	return w, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if w.followers--; w.followers == 0 {
			w.stop()
			s.forget(key, w)
		}
	}
}

// keep looks until the watch is stopped, which is when nobody follows any more.
func (s *watches) keep(ctx context.Context, key watched, w *watch) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		job, err := s.look(ctx, key.account, key.job)
		s.mu.Lock()
		if err != nil || job.Open() != w.job.Open() {
			w.job, w.err = job, err
			close(w.news)
			w.news = make(chan struct{})
		}
		if err != nil {
			s.forget(key, w)
		}
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// forget has who comes next begin anew.
func (s *watches) forget(key watched, w *watch) {
	if s.all[key] == w {
		delete(s.all, key)
	}
}

// now returns how the job stands, or why nobody knows, and what is closed when
// that changes.
func (w *watch) now() (reeve.Job, <-chan struct{}, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.job, w.news, w.err
}
