package reeve

import (
	"context"
	"errors"
	"time"
)

// A LogStore reads and extends the log.
type LogStore interface {
	// Append adds entries that belong to no other change.
	Append(ctx context.Context, entries ...AuditEntry) error
	// Log returns rows of an account in order of Seq; see LogQuery.
	Log(ctx context.Context, account int64, q LogQuery) ([]AuditEntry, error)
	// LogKinds returns the kinds of rows that an account's log has had.
	LogKinds(ctx context.Context, account int64) ([]LogKind, error)
	// CountEvents returns how many events the rows of these kinds stand for that
	// are from since on and before until.
	CountEvents(ctx context.Context, account int64, kinds []int64, since, until time.Time) (int64, error)
	// FindEvent returns in which row of these kinds, from since on and before
	// until, the event is that has n others before it, and how many of these are
	// in the same row; false if there are not so many. See AuditEntry.Events. It
	// reads about as much for the last event of a long log as for the first.
	FindEvent(ctx context.Context, account int64, kinds []int64, since, until time.Time, n int64) (seq, within int64, found bool, err error)
	// Head returns the last Seq and Hash of an account's log, and whether the
	// keyed check of the head holds.
	Head(ctx context.Context, account int64) (Checkpoint, bool, error)
	AddCheckpoint(ctx context.Context, c Checkpoint) error
	// PruneLog removes the rows up to a checkpoint that was signed before a
	// moment, some thousand at a time, and returns how many. The checkpoint stays,
	// and the entry says in its Detail where the log begins now (see Pruned);
	// both must agree for the rest to be whole. Where there is nothing to remove,
	// nothing is logged.
	PruneLog(ctx context.Context, account int64, before time.Time, entry AuditEntry) (int64, error)
	// PruneJobs removes jobs with their commands that were placed before a moment
	// and that nothing needs any more: they are closed, no row of the log names
	// them, and nothing of them ends later. It removes some thousand commands at a
	// time: a job with more is gone for whoever asks from the first time on, and
	// for good after the last. It returns how many jobs and commands it removed; 0
	// is that there are no more.
	PruneJobs(ctx context.Context, account int64, before time.Time) (int64, error)
	// Checkpoints returns an account's checkpoints in order of Seq.
	Checkpoints(ctx context.Context, account int64) ([]Checkpoint, error)
}

// A LogQuery selects rows.
type LogQuery struct {
	After, Before int64     // bounds on Seq, exclusive; 0 is none
	Newest        bool      // newest first
	Limit         int       // at least 1
	Since, Until  time.Time // Until is exclusive
	Events        []string  // any of these; none is all
	Kinds         []int64   // of LogKinds: only rows of these, all of which have events; none is all
	Sources       []Source
	Actors        []string // as in Caller
	Outcomes      []string
	Addresses     []string // from which it was asked, as entries have them
	Device        string   // rows about it, those about a job that has a command for it, and of the reports by which these ended
	Job           JobID    // rows about it; of reports that moved its commands if Events has Reports or a Device is given
	// Within is how many rows are looked at that have one thing of what is asked
	// for; 0 is all. A reading that would have to look at more to be whole fails with
	// ErrFurther, and what it returns is no page.
	Within int
}

// ErrFurther says that a reading has found what it may look at, and that there
// may be more.
var ErrFurther = errors.New("there is more to look at")
