package host

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"reeve"
	"reeve/internal/agent/act"
)

var identity = []reeve.IdentityField{
	{Name: "full_name", Label: "Full name", Required: true},
	{Name: "room", Label: "Room", Pattern: "[0-9]+"},
}

// ask starts asking and returns where the end of it can be received.
func ask(ctx context.Context, state string) <-chan asked {
	end := make(chan asked, 1)
	go func() {
		m := Open(state)
		m.root = state // nobody sits at a screen there
		answers, err := m.Ask(ctx, "c1", identity)
		end <- asked{answers, err}
	}()
	synctest.Wait() // until it waits
	return end
}

type asked struct {
	answers act.Answers
	err     error
}

// said are answers as a terminal gives them.
func said(answers map[string]string) act.Answers {
	return act.Answers{Identity: answers, Door: reeve.TerminalDoor, User: "ab"}
}

func TestAskAndAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := t.TempDir()
		end := ask(t.Context(), state)
		pending, err := Pending(state)
		if err != nil || len(pending) != 1 || pending[0].Command != "c1" || len(pending[0].Fields) != 2 {
			t.Fatalf("pending %+v, %v", pending, err)
		}
		for answer, want := range map[string]string{
			"":    "Full name must be answered",
			" \t": "Full name must be answered",
		} {
			if err := Answer(state, "c1", said(map[string]string{"full_name": answer})); err == nil || err.Error() != want {
				t.Errorf("%q: %v, want %q", answer, err, want)
			}
		}
		if err := Answer(state, "c1", said(map[string]string{"full_name": "A B", "shoe_size": "44"})); err == nil || !strings.Contains(err.Error(), "shoe_size") {
			t.Errorf("an answer that nobody asked for: %v", err)
		}
		if err := Answer(state, "c1", said(map[string]string{"full_name": "A B", "room": "none"})); err == nil || !strings.Contains(err.Error(), "Room") {
			t.Errorf("an answer of another form: %v", err)
		}
		if err := Answer(state, "c1", said(map[string]string{"full_name": " A B ", "room": ""})); err != nil {
			t.Fatal(err)
		}
		if err := Answer(state, "c1", said(map[string]string{"full_name": "C D"})); reeve.KindOf(err) != reeve.Conflict {
			t.Errorf("a second answer: %v", err)
		}
		before := time.Now()
		got := <-end
		if want := map[string]string{"full_name": "A B"}; got.err != nil || !maps.Equal(got.answers.Identity, want) || got.answers.Door != reeve.TerminalDoor || got.answers.User != "ab" {
			t.Errorf("got %+v, want %v", got, want)
		}
		if waited := time.Since(before); waited > lookEvery {
			t.Errorf("the answer was taken up after %v", waited)
		}
		if pending, err := Pending(state); err != nil || len(pending) != 0 {
			t.Errorf("still pending: %+v, %v", pending, err)
		}
		if err := Answer(state, "c1", said(map[string]string{"full_name": "C D"})); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("an answer to what is settled: %v", err)
		}
		// As after a crash that came before the outcome was noted.
		if got := <-ask(t.Context(), state); got.err != nil || got.answers.Identity["full_name"] != "A B" {
			t.Errorf("asked again: %+v", got)
		}
	})
}

func TestQuestionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := t.TempDir()
		over := errors.New("over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Hour, over)
		defer cancel()
		end := ask(ctx, state)
		left, err := os.ReadFile(questionFile(state, "c1"))
		if err != nil {
			t.Fatal(err)
		}
		if got := <-end; got.err != over {
			t.Errorf("ended with %+v", got)
		}
		if _, err := os.Stat(questionFile(state, "c1")); err == nil {
			t.Error("the question is still there")
		}
		// What a killed agent leaves is not pending for ever.
		if err := os.WriteFile(questionFile(state, "c1"), left, 0o600); err != nil {
			t.Fatal(err)
		}
		if pending, err := Pending(state); err != nil || len(pending) != 0 {
			t.Errorf("pending after its end: %+v, %v", pending, err)
		}
	})
}

func TestDeskIsPrivateAndTidy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state := t.TempDir()
		old := answerFile(state, "c0")
		if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(old, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		long := time.Now().Add(-2 * keepAnswers)
		if err := os.Chtimes(old, long, long); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		end := ask(ctx, state)
		if err := Answer(state, "c1", said(map[string]string{"full_name": "A B"})); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]os.FileMode{
			filepath.Join(state, "questions"): 0o700,
			questionFile(state, "c1"):         0o600,
			answerFile(state, "c1"):           0o600,
		} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v, want mode %v", path, info.Mode(), err, want)
			}
		}
		if _, err := os.Stat(old); err == nil {
			t.Error("an old answer was kept")
		}
		cancel()
		<-end
	})
}

func TestAnswerStaysInItsFolder(t *testing.T) {
	state := t.TempDir()
	for _, command := range []string{"../c1", "a/b", "..", ""} {
		if err := Answer(state, command, said(nil)); reeve.KindOf(err) != reeve.NotFound {
			t.Errorf("%q: %v", command, err)
		}
	}
	if pending, err := Pending(filepath.Join(state, "nothing here")); err != nil || len(pending) != 0 {
		t.Errorf("pending without a folder: %v, %v", pending, err)
	}
}
