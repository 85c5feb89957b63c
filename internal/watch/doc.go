// Package watch lets people and programs follow jobs: all who do share one look
// at the store, and each is told as server-sent events, until the jobs end. Both
// of Reeve's own doors, the API and the console, follow with it, and say what
// their events look like. It imports the root words only, and reads without
// asking who may: the door has asked before.
package watch

import (
	"context"
	"sync"
	"time"

	"reeve"
)

// A Config says where jobs are looked at, and how.
type Config struct {
	// Look returns those of these jobs that there are.
	Look func(ctx context.Context, ids []reeve.JobID) ([]reeve.Job, error)
	// Every is how often they are looked at; default DefaultEvery.
	Every time.Duration
	// Stopping is closed when the server begins to shut down; nil is never.
	Stopping <-chan struct{}
}

// DefaultEvery is how often jobs are looked at that anybody follows.
const DefaultEvery = 250 * time.Millisecond

// Jobs looks at the jobs that anybody follows, at all of them at once.
type Jobs struct {
	Config

	mu        sync.Mutex
	followed  map[reeve.JobID]*followed
	followers map[int64]int // streams by account
	news      chan struct{} // closed when any job is another than before
	stop      context.CancelFunc
}

type followed struct {
	by  int // how many
	job reeve.Job
	err error
}

// New returns a Jobs that looks only while somebody follows.
func New(c Config) *Jobs {
	if c.Every == 0 {
		c.Every = DefaultEvery
	}
	return &Jobs{Config: c, followed: map[reeve.JobID]*followed{}, followers: map[int64]int{}, news: make(chan struct{})}
}

// follow begins to look at jobs, which stand as the caller has just seen them.
// Call leave when done.
func (s *Jobs) follow(jobs []reeve.Job) (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, job := range jobs {
		f := s.followed[job.ID]
		if f == nil {
			f = &followed{job: job}
			s.followed[job.ID] = f
		}
		f.see(job)
		f.err = nil // whoever heard of it before, looks go on for who comes now
		f.by++
	}
	if s.stop == nil {
		// No follower's context: the others go on when it leaves.
		ctx, stop := context.WithCancel(context.Background())
		s.stop = stop
		go s.keep(ctx)
	}
	return func() { s.leave(jobs) }
}

func (s *Jobs) leave(jobs []reeve.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, job := range jobs {
		f := s.followed[job.ID]
		if f.by--; f.by == 0 {
			delete(s.followed, job.ID)
		}
	}
	if len(s.followed) == 0 {
		s.stop()
		s.stop = nil
	}
}

// keep looks until it is stopped, which is when nobody follows any more.
func (s *Jobs) keep(ctx context.Context) {
	tick := time.NewTicker(s.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		ids := s.open()
		if len(ids) == 0 {
			continue
		}
		found, err := s.Look(ctx, ids)
		if ctx.Err() != nil {
			return
		}
		s.note(ids, found, err)
	}
}

// open returns the followed jobs that can still change.
func (s *Jobs) open() (ids []reeve.JobID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, f := range s.followed {
		if f.err == nil && f.job.Open() > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// note keeps what a look showed, and wakes everybody if that is news.
func (s *Jobs) note(asked []reeve.JobID, found []reeve.Job, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := map[reeve.JobID]reeve.Job{}
	for _, job := range found {
		there[job.ID] = job
	}
	news := false
	for _, id := range asked {
		f := s.followed[id]
		job, ok := there[id]
		switch {
		case f == nil: // everybody left meanwhile
		case err != nil:
			f.err, news = err, true
		case !ok:
			f.err, news = errGone, true
		default:
			news = f.see(job) || news
		}
	}
	if news {
		close(s.news)
		s.news = make(chan struct{})
	}
}

var errGone = reeve.Errorf(reeve.NotFound, "there is no such job any more")

// see takes in how a job stands, and reports whether that is another than before.
// Commands only end, so a look with more open ones is one from before.
func (f *followed) see(job reeve.Job) bool {
	if job.Open() > f.job.Open() || same(job, f.job) {
		return false
	}
	f.job = job
	return true
}

// same reports whether there is nothing to tell of.
func same(a, b reeve.Job) bool { return a.Open() == b.Open() && a.Paused.Equal(b.Paused) }

// now returns how jobs stand, or why nobody knows, and what is closed when any
// job changes.
func (s *Jobs) now(of []reeve.Job) ([]reeve.Job, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	jobs := make([]reeve.Job, len(of))
	for i, job := range of {
		f := s.followed[job.ID]
		if f.err != nil {
			return nil, nil, f.err
		}
		jobs[i] = f.job
	}
	return jobs, s.news, nil
}
