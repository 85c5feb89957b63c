package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
	"reeve/internal/door"
)

// A jobKeeper is a store with one job.
type jobKeeper struct {
	Store
	mu    sync.Mutex
	open  int
	looks int
	err   error
}

func (k *jobKeeper) Job(_ context.Context, account int64, id reeve.JobID) (reeve.Job, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looks++
	job := reeve.Job{ID: id, Account: account, Targets: 2}
	job.Counts[reeve.Succeeded] = int64(job.Targets - k.open)
	return job, k.err
}

func (k *jobKeeper) looked() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.looks
}

func (k *jobKeeper) set(open int, err error) {
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

// A street is an api with one job, and who follows it.
type street struct {
	api    *api
	keeper *jobKeeper
	stop   chan struct{}
}

func newStreet() street {
	s := street{keeper: &jobKeeper{open: 2}, stop: make(chan struct{})}
	s.api = &api{Config: Config{Store: s.keeper, Stopping: s.stop}}
	s.api.watches.look, s.api.watches.every = s.keeper.Job, time.Second
	return s
}

// follow returns what a follower hears, and how his request ends.
func (s street) follow(ctx context.Context, account int64) (*reader, <-chan error) {
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/jobs/0000000000000001/events", nil)
	request.SetPathValue("id", "0000000000000001")
	heard, done := &reader{ResponseRecorder: httptest.NewRecorder()}, make(chan error, 1)
	go func() {
		done <- s.api.jobEvents(heard, &door.Request{Request: request, Caller: reeve.Caller{Account: account}})
	}()
	synctest.Wait()
	return heard, done
}

// pass lets time go by, and everybody do what it brings.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble's clock: nobody waits
	synctest.Wait()
}

func ended(t *testing.T, done <-chan error) error {
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
			if err := ended(t, done); err != nil {
				t.Error(err)
			}
		}
		for _, heard := range []*reader{one, two} {
			body := heard.Body.String()
			if strings.Count(body, "event: progress\n") != 2 || strings.Count(body, "event: done\nid: 2\n") != 1 || !strings.HasSuffix(body, "\n\n") {
				t.Errorf("heard %s", body)
			}
			if len(heard.deadlines) != 3 || heard.deadlines[0] != eventPatience {
				t.Errorf("deadlines %v", heard.deadlines)
			}
		}
		had = s.keeper.looked()
		pass(time.Minute)
		if looks := s.keeper.looked() - had; looks != 0 || len(s.api.watches.all) != 0 {
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
			if err := ended(t, done); (err != nil) != tt.fails {
				t.Errorf("%s: %v", what, err)
			}
			if s.api.followers.count[1] != 0 || len(s.api.watches.all) != 0 {
				t.Errorf("%s: followers %v, watches %v", what, s.api.followers.count, s.api.watches.all)
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
		if err := ended(t, done); err != nil || strings.Count(heard.Body.String(), "\n: still here\n") != 4 {
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
		if err := ended(t, refused); reeve.KindOf(err) != reeve.Unavailable {
			t.Errorf("one too many: %v", err)
		}
		other, _ := s.follow(t.Context(), 2)
		leave()
		ended(t, done)
		again, _ := s.follow(t.Context(), 1)
		for _, heard := range []*reader{first, other, again} {
			if !strings.HasPrefix(heard.Body.String(), "event: progress\n") {
				t.Errorf("heard %q", heard.Body)
			}
		}
		close(s.stop)
		synctest.Wait()
	})
}
