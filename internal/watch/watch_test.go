package watch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
)

// A keeper has one job.
type keeper struct {
	mu     sync.Mutex
	open   int
	paused time.Time
	looks  int
	err    error
}

func (k *keeper) job(id reeve.JobID) reeve.Job {
	job := reeve.Job{ID: id, Targets: 2, Paused: k.paused}
	job.Counts[reeve.Succeeded] = int64(job.Targets - k.open)
	return job
}

func (k *keeper) look(_ context.Context, ids []reeve.JobID) (jobs []reeve.Job, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looks++
	for _, id := range ids {
		jobs = append(jobs, k.job(id))
	}
	return jobs, k.err
}

func (k *keeper) looked() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.looks
}

func (k *keeper) set(open int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open, k.err = open, err
}

// A reader takes a stream until it has gone, and keeps the deadlines.
type reader struct {
	*httptest.ResponseRecorder
	gone      atomic.Bool
	deadlines []time.Duration
}

func (r *reader) SetWriteDeadline(t time.Time) error {
	r.deadlines = append(r.deadlines, time.Until(t))
	return nil
}

func (r *reader) Write(b []byte) (int, error) {
	if r.gone.Load() {
		return 0, errors.New("the reader has gone")
	}
	return r.ResponseRecorder.Write(b)
}

// A street has one job, and who follows it.
type street struct {
	jobs   *Jobs
	keeper *keeper
	stop   chan struct{}
}

func newStreet() street {
	s := street{keeper: &keeper{open: 2}, stop: make(chan struct{})}
	s.jobs = New(Config{Look: s.keeper.look, Every: time.Second, Stopping: s.stop})
	return s
}

// follow returns what a follower hears, and how his request ends.
func (s street) follow(ctx context.Context, account int64, ids ...reeve.JobID) (*reader, <-chan error) {
	if len(ids) == 0 {
		ids = []reeve.JobID{1}
	}
	return s.serve(ctx, account, Teller{Tell: tell}, ids...)
}

func (s street) serve(ctx context.Context, account int64, t Teller, ids ...reeve.JobID) (*reader, <-chan error) {
	heard, done := &reader{ResponseRecorder: httptest.NewRecorder()}, make(chan error, 1)
	s.keeper.mu.Lock()
	var jobs []reeve.Job
	for _, id := range ids {
		jobs = append(jobs, s.keeper.job(id))
	}
	s.keeper.mu.Unlock()
	go func() {
		done <- s.jobs.Serve(heard, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), account, jobs, t)
	}()
	synctest.Wait()
	return heard, done
}

func tell(s Stream, jobs []reeve.Job) bool {
	alive := true
	for _, job := range jobs {
		alive = alive && s.Send("job", job.ID.String(), []byte(strconv.FormatInt(job.Open(), 10)))
	}
	return alive
}

// pass lets time go by, and everybody do what it brings.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock: nobody waits
	synctest.Wait()
}

func over(t *testing.T, done <-chan error) error {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		return err
	default:
		t.Fatal("the stream goes on")
		return nil
	}
}

func TestFollowersShareTheLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet()
		one, oneDone := s.follow(t.Context(), 1)
		two, twoDone := s.follow(t.Context(), 1)
		had := s.keeper.looked()
		pass(10 * time.Second)
		if looks := s.keeper.looked() - had; looks != 10 {
			t.Errorf("%d looks in ten seconds", looks)
		}
		s.keeper.set(1, nil)
		pass(time.Second)
		s.keeper.set(0, nil)
		pass(time.Second)
		for _, done := range []<-chan error{oneDone, twoDone} {
			if err := over(t, done); err != nil {
				t.Error(err)
			}
		}
		for _, heard := range []*reader{one, two} {
			body := heard.Body.String()
			const event = "event: job\nid: 0000000000000001\ndata: "
			if body != event+"2\n\n"+event+"1\n\n"+event+"0\n\n" {
				t.Errorf("heard %s", body)
			}
			if len(heard.deadlines) != 3 || heard.deadlines[0] != eventPatience {
				t.Errorf("deadlines %v", heard.deadlines)
			}
		}
		had = s.keeper.looked()
		pass(time.Minute)
		if looks := s.keeper.looked() - had; looks != 0 || len(s.jobs.followed) != 0 {
			t.Errorf("looked at by nobody %d times", looks)
		}
	})
}

func TestStreamsEnd(t *testing.T) {
	for what, tt := range map[string]struct {
		end   func(s street, heard *reader, leave func())
		fails bool
	}{
		"at the server's stop": {end: func(s street, _ *reader, _ func()) { close(s.stop) }},
		"when the caller goes": {end: func(_ street, _ *reader, leave func()) { leave() }},
		"after their time":     {end: func(street, *reader, func()) { pass(followFor) }},
		"when nobody reads":    {end: func(_ street, heard *reader, _ func()) { heard.gone.Store(true); pass(heartbeat) }},
		"with a store's fault": {end: func(s street, _ *reader, _ func()) { s.keeper.set(2, errors.New("no disk")); pass(time.Second) }, fails: true},
		"at the last command":  {end: func(s street, _ *reader, _ func()) { s.keeper.set(0, nil); pass(time.Second) }},
		"at the last two words": {end: func(s street, _ *reader, _ func()) {
			s.keeper.set(1, nil)
			pass(time.Second)
			s.keeper.set(0, nil)
			pass(time.Second)
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStreet()
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			heard, done := s.follow(ctx, 1)
			tt.end(s, heard, leave)
			if err := over(t, done); (err != nil) != tt.fails {
				t.Errorf("%s: %v", what, err)
			}
			if s.jobs.followers[1] != 0 || len(s.jobs.followed) != 0 {
				t.Errorf("%s: followers %v, watches %v", what, s.jobs.followers, s.jobs.followed)
			}
		})
	}
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet()
		ctx, leave := context.WithCancel(t.Context())
		heard, done := s.follow(ctx, 1)
		pass(4*heartbeat + time.Second)
		leave()
		if err := over(t, done); err != nil || strings.Count(heard.Body.String(), "\n: still here\n") != 4 {
			t.Errorf("%v, heard %s", err, heard.Body)
		}
	})
}

func TestFollowersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet()
		ctx, leave := context.WithCancel(t.Context())
		first, done := s.follow(ctx, 1)
		for range maxFollowers - 1 {
			s.follow(t.Context(), 1)
		}
		_, refused := s.follow(t.Context(), 1)
		if err := over(t, refused); reeve.KindOf(err) != reeve.Unavailable {
			t.Errorf("one too many: %v", err)
		}
		other, _ := s.follow(t.Context(), 2)
		leave()
		over(t, done)
		again, _ := s.follow(t.Context(), 1)
		for _, heard := range []*reader{first, other, again} {
			if !strings.HasPrefix(heard.Body.String(), "event: job\n") {
				t.Errorf("heard %q", heard.Body)
			}
		}
		close(s.stop)
		synctest.Wait()
	})
}

// One look is for all jobs, and who follows several hears of those that changed.
func TestManyJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet()
		many, manyDone := s.follow(t.Context(), 1, 1, 2, 3)
		s.follow(t.Context(), 2, 3)
		had := s.keeper.looked()
		pass(10 * time.Second)
		if looks := s.keeper.looked() - had; looks != 10 {
			t.Errorf("%d looks in ten seconds", looks)
		}
		s.keeper.mu.Lock()
		s.keeper.paused = time.Now()
		s.keeper.mu.Unlock()
		pass(time.Second)
		if told := strings.Count(many.Body.String(), "event: "); told != 6 {
			t.Errorf("told %d times of three jobs that are paused", told)
		}
		s.keeper.set(0, nil)
		pass(time.Second)
		if err := over(t, manyDone); err != nil || strings.Count(many.Body.String(), "data: 0") != 3 {
			t.Errorf("%v, heard %s", err, many.Body)
		}
	})
}

// Who may not go on is told no more.
func TestAdmission(t *testing.T) {
	for what, happens := range map[string]func(s street){
		"at the next event": func(s street) { s.keeper.set(1, nil); pass(time.Second) },
		"in the silence":    func(street) { pass(heartbeat) },
		"at a further look": func(street) { pass(lookEvery) },
	} {
		synctest.Test(t, func(t *testing.T) {
			s, may := newStreet(), atomic.Bool{}
			may.Store(true)
			teller := Teller{Tell: tell, Admit: may.Load}
			if what == "at a further look" {
				teller.Look = func(s Stream) bool { return s.Send("look", "", []byte("{}")) }
			}
			heard, done := s.serve(t.Context(), 1, teller, 1)
			may.Store(false)
			happens(s)
			if err := over(t, done); err != nil || strings.Count(heard.Body.String(), "event: ") != 1 {
				t.Errorf("%s: %v, heard %s", what, err, heard.Body)
			}
		})
	}
}

// A job that is gone ends the stream; whoever comes later is not told of it.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStreet()
		s.jobs.Look = func(context.Context, []reeve.JobID) ([]reeve.Job, error) { return nil, nil }
		_, done := s.follow(t.Context(), 1)
		pass(time.Second)
		if err := over(t, done); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("%v", err)
		}
	})
}
