package reeve_test

import (
	"testing"

	"reeve"
)

func TestLifeIsClosed(t *testing.T) {
	for s := range reeve.NumStates {
		steps := reeve.NextStates[s]
		if s.IsFinal() != (len(steps) == 0) {
			t.Errorf("%v: final %v, but leads to %d states", s, s.IsFinal(), len(steps))
		}
		seen := map[reeve.State]bool{}
		for _, step := range steps {
			// Numbers only rise, so no life turns in a circle.
			if step.To <= s || step.To >= reeve.NumStates {
				t.Errorf("%v leads to %v, which is not further on", s, step.To)
			}
			if step.When == "" {
				t.Errorf("%v leads to %v without a reason", s, step.To)
			}
			if seen[step.To] {
				t.Errorf("%v leads to %v twice", s, step.To)
			}
			seen[step.To] = true
		}
		for to := range reeve.NumStates {
			if got := s.May(to); got != seen[to] {
				t.Errorf("%v.May(%v) = %v; want %v", s, to, got, seen[to])
			}
		}
	}
}

// Whatever happens to the server or the agent, time and an administrator can
// end every command.
func TestEveryOpenStateCanEnd(t *testing.T) {
	for s := reeve.Queued; !s.IsFinal(); s++ {
		for _, end := range []reeve.State{reeve.Expired, reeve.Cancelled} {
			if !s.May(end) {
				t.Errorf("%v does not lead to %v", s, end)
			}
		}
	}
}

func TestEveryStateIsReached(t *testing.T) {
	reached := map[reeve.State]bool{}
	var visit func(reeve.State)
	visit = func(s reeve.State) {
		reached[s] = true
		for _, step := range reeve.NextStates[s] {
			visit(step.To)
		}
	}
	visit(reeve.Queued)
	for s := range reeve.NumStates {
		if born := s == reeve.NotApplicable; reached[s] == born {
			t.Errorf("%v: reached from queued %v; want %v", s, reached[s], !born)
		}
	}
}

func TestNames(t *testing.T) {
	roundTrip(t, "state", int(reeve.NumStates), reeve.ParseState)
	roundTrip(t, "standing", 5, reeve.ParseStanding)
	roundTrip(t, "agent kind", 5, reeve.ParseAgentKind)
	roundTrip(t, "system", 6, reeve.ParseSystem)
	roundTrip(t, "reason", int(reeve.NothingAway)+1, reeve.ParseReason)
}

// roundTrip checks an enumeration of n values: each has a name of its own, and
// nothing else has one.
func roundTrip[T interface {
	~int8
	String() string
}](t *testing.T, what string, n int, parse func(string) (T, bool)) {
	t.Helper()
	for v := range T(n) {
		if got, ok := parse(v.String()); !ok || got != v {
			t.Errorf("%s %d is %q, which reads as %d, %v", what, v, v, got, ok)
		}
	}
	for _, v := range []T{-1, T(n), 127} {
		if got := v.String(); got != "invalid" {
			t.Errorf("%s %d is %q; there are only %d", what, v, got, n)
		}
	}
	for _, name := range []string{"invalid", "Queued", "MANAGED", " system", "unheard-of"} {
		if got, ok := parse(name); ok {
			t.Errorf("%s %q reads as %v", what, name, got)
		}
	}
}

func TestReasonsHaveSentences(t *testing.T) {
	for r := reeve.NoReason + 1; r.String() != "invalid"; r++ {
		if r.String() == "" || r.Sentence() == "" {
			t.Errorf("reason %d has the word %q and the sentence %q", r, r, r.Sentence())
		}
	}
	if reeve.NoReason.String() != "" || reeve.NoReason.Sentence() != "" || reeve.Reason(-1).Sentence() != "" {
		t.Error("what is no reason has words")
	}
}

func TestOpen(t *testing.T) {
	j := reeve.Job{Targets: 10}
	j.Counts[reeve.Succeeded], j.Counts[reeve.NotApplicable], j.Counts[reeve.Refused] = 3, 2, 1
	if got := j.Open(); got != 4 {
		t.Errorf("Open() = %d of 10 with 6 ended; want 4", got)
	}
}

func TestAbilities(t *testing.T) {
	words := []string{"scan_threats", "dhcprenew", "unheard-of", "dhcprenew"}
	a := reeve.AbilitiesOf(words)
	for word, want := range map[string]bool{"scan_threats": true, "dhcprenew": true, "retire": false, "unheard-of": false, "": false} {
		if got := a.Has(word); got != want {
			t.Errorf("Has(%q) = %v; want %v", word, got, want)
		}
	}
	if again := reeve.AbilitiesOf(a.Names()); again != a || len(a.Names()) != 2 {
		t.Errorf("%b names %q, which are %b", a, a.Names(), again)
	}
}
