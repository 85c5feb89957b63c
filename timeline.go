package reeve

import (
	"context"
	"time"
)

// A TimelineStore tells everything that ever happened to a device.
type TimelineStore interface {
	// Timeline returns up to limit things that happened to a device of the account,
	// which may be archived, newest first, before a place; the zero place is now.
	Timeline(ctx context.Context, account int64, device Device, before TimelinePlace, limit int) (TimelinePage, error)
}

// A TimelinePage is some of what happened to a device.
type TimelinePage struct {
	Entries []TimelineEntry
	Next    *TimelinePlace // what happened before begins here; nil if nothing did
}

// A TimelinePlace says of each kind of entries which was the last that the caller
// has. A field is zero if he has none of that kind.
type TimelinePlace struct {
	Row          int64 // AuditEntry.Seq
	Job          JobID
	IdentifiedAt time.Time // and the command
	Identified   CommandID
	Found        time.Time // Threat.First, and its key
	Threat       int64
}

// A TimelineEntry is one thing that happened: exactly one of Row, Command,
// Identification and Threat is set.
type TimelineEntry struct {
	At             time.Time
	Row            *AuditEntry     // of the log, about this device alone
	Command        *Command        // placed at At
	Job            *Job            // of the command: who asked for what, and how
	Identification *Identification // said at At
	Threat         *Threat         // found at At for the first time
}
