package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A seat is a desktop whose person does what a test says.
type seat struct {
	mu    sync.Mutex
	asked int
	open  int
	does  func(ctx context.Context, n int) (map[string]string, error)
}

func (s *seat) desktop(id string) desktop {
	return desktop{id: id, user: id, ask: func(ctx context.Context, _ Question) (map[string]string, error) {
		s.mu.Lock()
		s.asked++
		s.open++
		n := s.asked
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.open--
		}()
		return s.does(ctx, n)
	}}
}

func (s *seat) counts() (asked, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.open
}

func ignores(ctx context.Context, _ int) (map[string]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// desks lets a test ask on desktops of its own.
func desks(t *testing.T, found func() []desktop) *round {
	m := Open(t.TempDir())
	q := Question{Command: "c1", Fields: identity, Asked: time.Now()}
	if err := m.put(q); err != nil {
		t.Fatal(err)
	}
	w := m.openRound(t.Context(), q)
	w.desktops = found
	return w
}

// step has the desktops looked at for a while.
func step(w *round, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		w.look(time.Now())
		time.Sleep(lookEvery) // of the bubble's clock: nobody waits
		synctest.Wait()
	}
}

// Whoever logs in is asked, everybody at once, and the first answer counts.
func TestFirstAnswerOfSeveralDesktops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ann, bob := &seat{does: ignores}, &seat{}
		bob.does = func(context.Context, int) (map[string]string, error) {
			time.Sleep(time.Hour) // of the bubble's clock: nobody waits
			return map[string]string{"full_name": "Bob"}, nil
		}
		var here []desktop
		w := desks(t, func() []desktop { return here })
		step(w, time.Minute) // nobody is logged in
		here = append(here, ann.desktop("ann"))
		step(w, time.Minute)
		here = append(here, bob.desktop("bob"))
		step(w, 2*time.Hour)
		select {
		case <-w.news:
		default:
			t.Error("there is no news")
		}
		answered := answered(w.state, "c1")
		if asked, open := ann.counts(); asked != 1 || open != 1 || !answered {
			t.Errorf("ann was asked %d times, and %d windows are open; answered %v", asked, open, answered)
		}
		w.close()
		if _, open := ann.counts(); open != 0 {
			t.Error("the other window is still open")
		}
	})
}

// Who says "not now" is asked again, and a desktop that cannot ask is tried ever
// more seldom.
func TestDesktopsAreAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := &seat{does: func(context.Context, int) (map[string]string, error) { return nil, errLater }}
		broken := &seat{does: func(context.Context, int) (map[string]string, error) { return nil, errors.New("no screen") }}
		wrong := &seat{does: func(context.Context, int) (map[string]string, error) {
			return map[string]string{"full_name": "A", "room": "none"}, nil
		}}
		w := desks(t, func() []desktop {
			return []desktop{busy.desktop("busy"), broken.desktop("broken"), wrong.desktop("wrong")}
		})
		step(w, 24*time.Hour)
		w.close()
		for name, tt := range map[string]struct {
			*seat
			least, most int
		}{"busy": {busy, 46, 48}, "broken": {broken, 46, 54}, "wrong": {wrong, 46, 54}} {
			if asked, _ := tt.counts(); asked < tt.least || asked > tt.most {
				t.Errorf("%s was asked %d times in a day", name, asked)
			}
		}
		if _, err := os.Stat(answerFile(w.state, "c1")); err == nil {
			t.Error("an answer of another form was kept")
		}
		if left, _ := filepath.Glob(filepath.Join(w.state, "answers", "*")); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	})
}
