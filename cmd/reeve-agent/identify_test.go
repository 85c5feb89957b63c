package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"reeve"
)

// Choices are taken by their number or as they are written, and asked again if
// they are neither.
func TestChoicesAtThePrompt(t *testing.T) {
	site := reeve.IdentityField{Name: "site", Label: "Site", Type: "choice", Choices: []string{"Lab", "North hall"}}.Fill()
	for typed, want := range map[string]string{
		"2\n": "North hall", " Lab \n": "Lab", "\n": "", "0\n3\nMoon\n1\n": "Lab", "North hall": "North hall",
	} {
		var out strings.Builder
		c := console{strings.NewReader(typed), &out, io.Discard}
		got, err := ask(t.Context(), c, readLines(t.Context(), c.in), site)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
		if again := strings.Count(out.String(), "Site must be one of"); again != max(0, strings.Count(typed, "\n")-1) ||
			!strings.HasPrefix(out.String(), "Site\n   1  Lab\n   2  North hall\n1 to 2 (may stay empty): ") {
			t.Errorf("%q: printed %q", typed, out.String())
		}
	}
}

// Ctrl-C ends the questions, though a terminal says nothing more.
func TestQuestionsAreInterrupted(t *testing.T) {
	in, typing := io.Pipe()
	defer typing.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := ask(ctx, console{in, io.Discard, io.Discard}, readLines(ctx, in), reeve.IdentityField{Name: "a", Label: "A"})
	if err == nil || !strings.Contains(err.Error(), "nothing was sent") {
		t.Errorf("%v", err)
	}
}
