package reeve

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is, so that each door can choose its
// own answer: a status over HTTP, an exit code on the command line.
type Kind int

// The kinds. An error without one is Internal.
const (
	Internal    Kind = iota // a fault of ours; the caller learns nothing more
	Invalid                 // the request is malformed or a value is out of range
	NotFound                // no such thing in this account
	Conflict                // the thing changed, exists already, or was used differently before
	Denied                  // no valid credential
	Forbidden               // a valid credential that may not do this
	TooLarge                // more entries, bytes or pages than allowed
	Limited                 // too many requests in this window
	Unavailable             // not now; asking again later may work
	Unapproved              // allowed only with the approval of a second person
)

// An Error is a failure with a sentence for the caller. Msg says what happened
// and what to do, and carries nothing internal; Cause is for our own log.
type Error struct {
	Kind  Kind
	Msg   string
	Cause error
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Msg
	}
	return e.Msg + ": " + e.Cause.Error()
}

func (e *Error) Unwrap() error { return e.Cause }

// Errorf returns an Error whose message is the formatted text. Use Because to
// attach a cause: what is formatted here is shown to the caller.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

// Because returns a copy of e that remembers what caused it.
func (e *Error) Because(cause error) *Error {
	return &Error{Kind: e.Kind, Msg: e.Msg, Cause: cause}
}

// KindOf returns the kind of err, Internal for any error that is not ours.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Message returns the sentence that a caller may see. For an Internal error it
// is always the same, whatever the cause.
func Message(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Msg
	}
	return "something went wrong on the server; its log says what, try again later"
}
