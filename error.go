package reeve

import (
	"errors"
	"fmt"
	"strconv"
	"time"
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
// and what to do, and carries nothing internal; Cause is for our own log. Format
// and Args are what Msg was made of, for who says it in another language.
type Error struct {
	Kind   Kind
	Msg    string
	Format string
	Args   []any
	Cause  error
}

func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Msg
	}
	return e.Msg + ": " + e.Cause.Error()
}

func (e *Error) Unwrap() error { return e.Cause }

// Errorf returns an Error whose message is the formatted text. Use Because to
// attach a cause: what is formatted here is shown to the caller. Arguments that
// are words of ours, and not a caller's, are a Word, Inner or Seconds (or of a
// type of this package), so that they can be translated as well.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// Because returns a copy of e that remembers what caused it.
func (e *Error) Because(cause error) *Error {
	because := *e
	because.Cause = cause
	return &because
}

// A Word is an argument of Errorf: a word or sentence of this program.
type Word string

// Inner is an argument of Errorf: what a caller may hear of another error.
type Inner struct{ Err error }

func (i Inner) String() string { return Message(i.Err) }

// Seconds is an argument of Errorf: a time to wait, said in whole seconds.
type Seconds time.Duration

// Whole returns the time in seconds, rounded up.
func (s Seconds) Whole() int64 { return int64((time.Duration(s) + time.Second - 1) / time.Second) }

func (s Seconds) String() string {
	if s.Whole() == 1 {
		return "1 second"
	}
	return strconv.FormatInt(s.Whole(), 10) + " seconds"
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
func Message(err error) string { return shown(err).Msg }

// Sentence returns what Message is made of: a format in English and its
// arguments.
func Sentence(err error) (format string, args []any) {
	e := shown(err)
	return e.Format, e.Args
}

var hidden = Errorf(Internal, "something went wrong on the server; its log says what, try again later")

// shown returns the error that a caller may see of err.
func shown(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e
	}
	return hidden
}
