package control_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"reeve"
)

var onceKey = reeve.RepeatKey{Actor: "app:A", Route: "POST /x", Key: "k", Body: [32]byte{1}}

func TestOnce(t *testing.T) {
	w := newWorld(t)
	began, finish := make(chan bool), make(chan bool)
	times := 0
	do := func(ctx context.Context) ([]byte, error) {
		times++
		close(began)
		<-finish
		_, err := w.CreateGroup(ctx, w.admin, "Lab", "")
		return []byte("made"), err
	}
	type result struct {
		answer   string
		repeated bool
		err      error
	}
	results := make(chan result)
	ask := func() {
		answer, repeated, err := w.Once(t.Context(), w.admin.Account, onceKey, do)
		results <- result{string(answer), repeated, err}
	}
	go ask()
	<-began
	go ask()
	close(finish)
	var repeats int
	for range 2 {
		r := <-results
		if r.answer != "made" || r.err != nil {
			t.Errorf("%+v", r)
		}
		if r.repeated {
			repeats++
		}
	}
	if times != 1 || repeats != 1 {
		t.Errorf("done %d times, %d repeats", times, repeats)
	}
	other := onceKey
	other.Body[0]++
	_, _, err := w.Once(t.Context(), w.admin.Account, other, do)
	wantKind(t, "the key with another body", err, reeve.Conflict)
}

// A request that fails is forgotten, unless it has changed something: that is
// not done twice, whatever became of its answer.
func TestOnceThatFails(t *testing.T) {
	w := newWorld(t)
	fault := errors.New("a fault")
	for range 2 {
		_, _, err := w.Once(t.Context(), w.admin.Account, onceKey, func(context.Context) ([]byte, error) { return nil, fault })
		if !errors.Is(err, fault) {
			t.Errorf("before a change: %v", err)
		}
	}
	_, _, err := w.Once(t.Context(), w.admin.Account, onceKey, func(ctx context.Context) ([]byte, error) {
		_, err := w.CreateGroup(ctx, w.admin, "Lab", "")
		must(err)
		return nil, fault
	})
	if !errors.Is(err, fault) {
		t.Errorf("after the change: %v", err)
	}
	_, _, err = w.Once(t.Context(), w.admin.Account, onceKey, nil)
	if reeve.KindOf(err) != reeve.Conflict || !strings.Contains(err.Error(), "do not repeat it") {
		t.Errorf("a repeat of it: %v", err)
	}
	another := onceKey
	another.Actor = "app:B"
	func() {
		defer func() { recover() }()
		w.Once(t.Context(), w.admin.Account, another, func(context.Context) ([]byte, error) { panic("a fault") })
	}()
	if _, _, err := w.Once(t.Context(), w.admin.Account, another, func(context.Context) ([]byte, error) { return nil, nil }); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

// A process that died leaves its claim behind. What it had not changed, a
// repeat does when its time is over.
func TestOnceAfterADeath(t *testing.T) {
	w := newWorld(t)
	key := onceKey
	key.Until = w.clock.Now().Add(24 * time.Hour)
	left := reeve.NewClaim(w.admin.Account, key)
	if found, err := w.store.Claim(t.Context(), left, w.clock.Now(), w.clock.Now().Add(time.Minute)); err != nil || !found.Mine {
		t.Fatal(found, err)
	}
	w.clock.advance(2 * time.Minute)
	answer, repeated, err := w.Once(t.Context(), w.admin.Account, onceKey, func(ctx context.Context) ([]byte, error) {
		_, err := w.CreateGroup(ctx, w.admin, "Lab", "")
		return []byte("made"), err
	})
	if string(answer) != "made" || repeated || err != nil {
		t.Errorf("%s %v %v", answer, repeated, err)
	}
	if _, err := w.CreateGroup(left.Within(t.Context()), w.admin, "Late", ""); reeve.KindOf(err) != reeve.Conflict {
		t.Errorf("the first holder, come back: %v", err)
	}
}
