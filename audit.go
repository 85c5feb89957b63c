package reeve

import "time"

// An AuditEntry is one row of an account's log. Rows are chained: each hash
// covers the row and the hash before it. There is one row per job and one per
// committed batch of reports; what became of a single device is derived from
// the job's commands.
type AuditEntry struct {
	Account   int64
	Seq       int64     // from 1 without gaps, given by the store
	At        time.Time // never before that of the row before: the store sees to it
	Event     string    // such as "job_placed", "reports", "device_enrolled", "app_created"
	Source    Source
	Actor     string // as in Caller
	Name      string // of the actor, for people
	Address   string
	RequestID string
	Device    string // public id, if the row is about one device
	Job       JobID  // 0 if the row is about no job
	Outcome   string // "ok" or the word of what went wrong
	Detail    string // a JSON object with the row's facts, or ""

	Prev [32]byte // hash of the row before, zero for the first
	Hash [32]byte // of this row, given by the store
}

// Covered returns the fields that the row's hash covers besides the hash before
// it, in the order in which they are hashed: whoever recomputes it from the
// stored row sees whether the row is as it was written.
func (e AuditEntry) Covered() (numbers []int64, texts []string) {
	return []int64{e.Account, e.Seq, e.At.UnixMicro(), int64(e.Source), int64(e.Job)},
		[]string{e.Event, e.Actor, e.Name, e.Address, e.RequestID, e.Device, e.Outcome, e.Detail}
}

// A Checkpoint is a signed statement of how far an account's log had come.
type Checkpoint struct {
	Account   int64
	Seq       int64
	Hash      [32]byte
	At        time.Time
	Signature []byte
}

// LogPruned is the event of rows that tell of removed rows.
const LogPruned = "log_pruned"

// Pruned is the Detail of such a row: the log goes on behind row Through, whose
// hash was Hash, in hex.
type Pruned struct {
	Through int64  `json:"through"`
	Hash    string `json:"hash"`
	Rows    int64  `json:"rows"`
}
