package reeve_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"reeve"
)

func TestErrorThroughWrapping(t *testing.T) {
	bare := reeve.Errorf(reeve.Conflict, "the name %q is taken", "Lab")
	for _, err := range []error{
		bare,
		bare.Because(io.ErrUnexpectedEOF),
		fmt.Errorf("adding a group: %w", bare),
		fmt.Errorf("outer: %w", fmt.Errorf("inner: %w", bare.Because(io.ErrUnexpectedEOF))),
		errors.Join(io.EOF, bare),
	} {
		if got := reeve.KindOf(err); got != reeve.Conflict {
			t.Errorf("KindOf(%v) = %d; want Conflict", err, got)
		}
		if got := reeve.Message(err); got != `the name "Lab" is taken` {
			t.Errorf("Message(%v) = %q; want the sentence alone", err, got)
		}
	}
}

func TestInternalShowsNoCause(t *testing.T) {
	const secret = "dial tcp 10.1.2.3:5432: password authentication failed"
	cause := errors.New(secret)
	for _, err := range []error{
		cause,
		fmt.Errorf("reading devices: %w", cause),
		reeve.Errorf(reeve.Internal, "reading %s", secret),
		reeve.Errorf(reeve.Internal, "reading devices").Because(cause),
		reeve.Errorf(reeve.Unavailable, "the store is busy; try again").Because(cause),
	} {
		if got := reeve.Message(err); strings.Contains(got, "10.1.2.3") {
			t.Errorf("Message(%v) = %q shows what is internal", err, got)
		}
		if !strings.Contains(err.Error(), secret) {
			t.Errorf("%q lost the cause for our own log", err.Error())
		}
	}
	if got := reeve.KindOf(cause); got != reeve.Internal {
		t.Errorf("KindOf of a foreign error = %d; want Internal", got)
	}
}

func TestBecause(t *testing.T) {
	bare := reeve.Errorf(reeve.NotFound, "no such job")
	err := bare.Because(io.EOF)
	if bare.Cause != nil {
		t.Error("Because changed the error that it copies")
	}
	if !errors.Is(err, io.EOF) {
		t.Error("the cause is not found by errors.Is")
	}
	if got, want := err.Error(), "no such job: EOF"; got != want {
		t.Errorf("Error() = %q; want %q", got, want)
	}
}
