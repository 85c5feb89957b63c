package reeve

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

// A JobID names a job. It begins with the time of the request, so newer jobs
// have larger ids on every node, and nodes need no common counter.
type JobID int64

// NewJobID returns a fresh id: 43 bits of milliseconds since 1970, then 20
// random bits. Two jobs of one millisecond meet with a chance of one in a
// million; the store then answers Conflict and the caller takes another.
func NewJobID(now time.Time) JobID {
	var r [4]byte
	rand.Read(r[:])
	return FirstJobID(now) | JobID(binary.BigEndian.Uint32(r[:])&(1<<20-1))
}

// FirstJobID returns the smallest id that a job placed at t can have.
func FirstJobID(t time.Time) JobID { return JobID(t.UnixMilli() << 20) }

// String returns the public form, 16 lower-case hex digits.
func (id JobID) String() string { return fmt.Sprintf("%016x", int64(id)) }

// ParseJobID reads the public form, exactly as String writes it.
func ParseJobID(s string) (JobID, bool) {
	raw, ok := parseHex(s, 8)
	if !ok {
		return 0, false
	}
	id := JobID(binary.BigEndian.Uint64(raw))
	return id, id > 0
}

// NewID returns a fresh public id of 32 lower-case hex digits, for devices and
// groups.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x", b)
}

// IsID reports whether s has the form of a public id.
func IsID(s string) bool {
	_, ok := parseHex(s, 16)
	return ok
}

// A Job is somebody's request: one action on many devices. Each target has a
// command, so the counts always add up.
type Job struct {
	ID      JobID
	Account int64
	Action  string
	Params  json.RawMessage // checked and normalised; an object, never null
	Caller  Caller
	Comment string

	Issued    time.Time
	DeliverBy time.Time // equal to Issued for a job that orders no agent
	FinishBy  time.Time

	Entries   int    // ids or MACs in the request, or devices found by a filter
	Unmatched int    // entries that name no device
	Targets   int    // commands
	Counts    Counts // commands in each final state

	Root      [32]byte // of the Merkle tree over the commands
	Signature []byte   // seal over header, number of leaves and root; empty if no agent is ordered
	SealKey   []byte   // the seal key and its certificate, as internal/seal encodes them
	Cancelled time.Time
	Paused    time.Time // since when its agents hold back; zero if they do not
	RetryOf   JobID     // the job whose failed commands it orders again, 0 for none
	UndoOf    JobID     // the job whose effect it takes back, 0 for none
}

// Counts are numbers of commands by state. Only final states are counted as
// they are reached; the rest of Job.Targets is open.
type Counts [NumStates]int64

// Open returns how many commands have not ended.
func (j Job) Open() int64 {
	open := int64(j.Targets)
	for s := Succeeded; s < NumStates; s++ {
		open -= j.Counts[s]
	}
	return open
}

// Effect says what an action does to a device's record. The zero Effect does
// nothing. It is data so that a store applies it to thousands of devices with
// one statement.
type Effect struct {
	Standing *Standing  // becomes this
	Exempt   *Exemption // together with ExemptUntil
	// ExemptUntil is the new end: zero ends the exemption, Forever has no end.
	ExemptUntil time.Time
	Group       *int64    // internal key of the new group
	EraseAt     time.Time // with Standing Archived: when the record is erased; zero for never
}
