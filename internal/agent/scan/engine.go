package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// An Engine looks for threats in its own way. The value itself is small: what
// takes memory, signatures or a connection, is there between Open and Close.
type Engine interface {
	// Name is what reports call the engine, one lower-case word.
	Name() string

	// Open begins the engine's part of one pass. When ctx ends, so does the
	// part: what is under way is answered for with an error, promptly. Its own
	// error is the reason, in a clause for people, why the engine is absent;
	// the pass goes on with the others and its report says so. One that was
	// never set up on this machine wraps [ErrNotSetUp].
	Open(ctx context.Context) (Examination, error)
}

// ErrNotSetUp is why an engine is absent that nobody can have expected: the
// machine has no such program, or nothing for it to look for.
var ErrNotSetUp = errors.New("not set up here")

// An Examination is an engine's part of one pass. The pass calls it from one
// goroutine at a time.
type Examination interface {
	// Describe says with what the engine looks.
	Describe() Description

	// Examine judges a file, and calls done exactly once, from any goroutine,
	// before it returns or later. It may use the file until then and must not
	// after. It finishes without being called again: an engine that gathers
	// files takes those it has when it is idle.
	Examine(f *File, done func(Verdict))

	// Close lets go of everything. Every file is answered for by then.
	Close()
}

// A ProcessExaminer is an [Examination] that can look into the memory of
// processes.
type ProcessExaminer interface {
	// ExamineProcess judges the memory of a process, and answers as Examine
	// does. The pass shows one at a time.
	ExamineProcess(p *Process, done func(Verdict))
}

// A Description is what an engine looks with.
type Description struct {
	Version    string
	Signatures Signatures
}

// Signatures describe what an engine looks for. What it cannot tell is zero.
type Signatures struct {
	Count   int
	Version string    // as their makers count
	Digest  string    // SHA-256 over them in hex, empty without any
	Date    time.Time // of the newest
	Faults  int       // files and lines that could not be used
	Sample  []Fault   // the first of them
}

// A Fault is a part of the signatures that could not be used.
type Fault struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"` // 0 if the whole file
	Reason string `json:"reason"`
}

// A File is a regular file, opened once for all engines. They read it with
// ReadAt or hand its descriptor on: its position belongs to nobody.
type File struct {
	*os.File
	Path string // as reports name it; it may lead elsewhere by now
	Size int64  // when it was opened
}

// A Process is a running program, shown by what it has in memory.
type Process struct {
	ID      int
	Path    string      // of its program; empty if that cannot be told
	Memory  io.ReaderAt // by address
	Regions []Region    // that can be read, ordered
}

// name is what reports call the process.
func (p *Process) name() string {
	if p.Path == "" {
		return fmt.Sprintf("process %d", p.ID)
	}
	return fmt.Sprintf("process %d (%s)", p.ID, p.Path)
}

// A Region is a part of a process's memory.
type Region struct{ Start, Size int64 }

// A Verdict is what one engine has to say about one file or process. The zero
// value says that nothing is wrong with all of it.
type Verdict struct {
	Findings []Finding
	Missed   []Miss
	Read     int64 // bytes that had to be read, zero if that is not known
}

// A Finding is a signature that matches.
type Finding struct {
	Signature string
	Within    string // the part of the file, such as an entry of an archive; empty for all of it
}

// A Miss is what an engine could not judge.
type Miss struct {
	Reason Reason
	Within string // the part of the file; empty for all of it
	Times  int64  // in this file, if more than once
	Err    error  // more about it, may be nil
}

// Failed is the verdict on what an engine could not judge at all.
func Failed(err error) Verdict { return Verdict{Missed: []Miss{{Reason: Unjudged, Err: err}}} }
