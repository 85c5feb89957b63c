package reeve

import (
	"context"
	"encoding/json"
	"time"
)

// A JobStore places jobs and reads them back.
type JobStore interface {
	// Place runs fn and commits what it did through the Placing if it returns
	// nil. Nothing of it is visible to others before.
	Place(ctx context.Context, account int64, fn func(Placing) error) error
	// Try runs fn, which only reads, as Place would at this moment, and returns its
	// error. Nobody waits for it, and nothing of it remains.
	Try(ctx context.Context, account int64, fn func(Placing) error) error
	Job(ctx context.Context, account int64, id JobID) (Job, error)
	// Jobs returns a page of jobs, newest first; see JobQuery.
	Jobs(ctx context.Context, account int64, q JobQuery) ([]Job, error)
	// Commands returns up to limit commands of a job in leaf order from leaf
	// from on, those in one of the given states, or all if there are none.
	Commands(ctx context.Context, account int64, job JobID, states []State, from int32, limit int) ([]Command, error)
	// CommandsWithin is Commands that looks at so many commands at most, if it is
	// about some states; ErrFurther if these do not fill the page and there are others.
	CommandsWithin(ctx context.Context, account int64, job JobID, states []State, from int32, within, limit int) ([]Command, error)
	// EarlierCommands returns up to limit commands of a job in leaf order, those
	// right before a leaf; likewise within so many.
	EarlierCommands(ctx context.Context, account int64, job JobID, states []State, before int32, within, limit int) ([]Command, error)
	// Command returns one command and the structured result its agent sent, if any.
	Command(ctx context.Context, account int64, id CommandID) (Command, json.RawMessage, error)
	// CommandLeaf returns the leaf of the command of a job that has n others
	// before it, those that do not apply left out; false if there are not so many.
	CommandLeaf(ctx context.Context, account int64, job JobID, n int64) (int32, bool, error)
	// CommandsByID returns those of these commands that there are, in no promised order.
	CommandsByID(ctx context.Context, account int64, ids []CommandID) ([]Command, error)
	// DeviceCommands returns up to limit commands of a device, newest first,
	// placed before the given job (0: all).
	DeviceCommands(ctx context.Context, account int64, device int64, before JobID, limit int) ([]Command, error)
	// Cancel ends the open commands of a job and returns them.
	Cancel(ctx context.Context, account int64, id JobID, now time.Time, entry AuditEntry) ([]Order, error)
	// Pause notes since when a job is paused, zero for that it goes on, and
	// returns its open commands; none, and nothing is noted, if it stood so
	// before. A job without open commands is a Conflict.
	Pause(ctx context.Context, account int64, id JobID, since time.Time, entry AuditEntry) ([]Order, error)
	// Identify records one report that did not come through the device's agent,
	// with the entry in the place of the one of a batch of reports; its Job and
	// Detail are filled in. A command that is not the account's is NotFound, one
	// that has ended is a Conflict.
	Identify(ctx context.Context, account int64, now time.Time, r Report, entry AuditEntry) error
	// JobsByID returns those of these jobs that there are, of whatever account,
	// in no promised order.
	JobsByID(ctx context.Context, ids []JobID) ([]Job, error)
}

// A JobQuery selects jobs. Zero fields select all.
type JobQuery struct {
	Before  JobID // only older ones
	After   JobID // only newer ones: those that follow it; not together with Before
	Limit   int   // at least 1
	Actions []string
	Sources []Source
	Actors  []string // as in Caller
	By      string   // only those of who is called so or is this actor
	Placed  Span     // to the millisecond
	Open    bool     // only those with commands that have not ended
	Ended   bool     // only those without
}

// Placing is the inside of a placing's transaction. Slices that are passed in
// are only read, and not kept.
type Placing interface {
	// Account returns the account that the job is placed for.
	Account() (Account, error)
	// Group returns the internal key of a group by public id.
	Group(id string) (int64, error)
	// FindIDs looks up devices by public id, FindMACs by hardware address. The
	// answer is in order of Target.No; several matches may name one entry.
	// Archived devices do not match.
	FindIDs(ids []string) ([]Match, error)
	FindMACs(macs []MAC) ([]Match, error)
	// Class resolves Target.Class.
	Class(no int32) Class
	// Walk returns up to limit targets with No above after, in that order, of
	// one group (internal key) or, with group 0, of the account.
	Walk(group, after int64, limit int) ([]Target, error)
	// Outside returns by rising key the devices of these that are in none of the
	// groups (internal keys).
	Outside(targets []Target, groups []int64) ([]int64, error)
	// PutAway returns by rising key the devices of the account that have a file in
	// quarantine that is meant, as far as their scans have told.
	PutAway(which Quarantined) ([]int64, error)
	// Find returns up to q.Limit live devices that a query selects with No above
	// q.After, in that order.
	Find(q DeviceQuery) ([]Target, error)
	// Ended returns devices of a job of the account in order of their leaves; see
	// EndedQuery. Match.Entry is the leaf.
	Ended(q EndedQuery) ([]Match, error)
	// Deleted returns the ids of devices that a job of the account deleted and that
	// are deleted since; of q only Job, From and Limit count.
	Deleted(q EndedQuery) ([]Gone, error)
	// Restore is that of a DeviceStore.
	Restore(ids []string, now time.Time, entry AuditEntry) (restored []string, cancelled []Order, err error)
	Proposing
	// Commit writes a job with its commands: command i of the job is on
	// placed[i] and has leaf i. Placed is in order of No. The effect is applied
	// to every device whose command is born Succeeded. A key that is not empty
	// is kept with the answer for 24 hours; a key that is in use, by a placing
	// that has meanwhile committed, is a Conflict. A job id that is in use is
	// ErrJobIDTaken.
	Commit(w Work) error
	// Kept returns what an earlier Commit kept under this key, if any.
	Kept(key RepeatKey) (Kept, bool, error)
}

// An EndedQuery selects live devices by how their commands of a job ended.
type EndedQuery struct {
	Job    JobID
	States []State
	// Unless leaves out devices on which a command of a later job with one of these
	// actions succeeded.
	Unless []string
	From   int32 // leaf to begin at
	Limit  int
}

// A Gone is a deleted device with the leaf of the command that deleted it.
type Gone struct {
	Leaf int32
	ID   string
}

// Proposing is the part of a placing that keeps proposals. What is decided of a
// proposal is decided inside a placing, so that of two who decide at once the
// second sees what the first did.
type Proposing interface {
	// Propose stores a proposal, and drops those of the account that lapsed before
	// a moment. An id that a job or a proposal has is ErrJobIDTaken. A key that is
	// not empty is kept as that of a Commit.
	Propose(p Proposal, lapsed time.Time, key RepeatKey, entry AuditEntry) error
	// Proposal returns a proposal of the account.
	Proposal(id JobID) (Proposal, error)
	// Settle stores state, expiry, and who decided when and why.
	Settle(p Proposal, entries ...AuditEntry) error
}

// A ProposalStore reads proposals.
type ProposalStore interface {
	Proposal(ctx context.Context, account int64, id JobID) (Proposal, error)
	// Proposals returns a page, newest first, without orders of more than a few
	// kilobytes; see ProposalQuery.
	Proposals(ctx context.Context, account int64, q ProposalQuery) ([]Proposal, error)
}

// A ProposalQuery selects proposals. Zero fields select all.
type ProposalQuery struct {
	Before JobID // only older ones
	After  JobID // only newer ones: those that follow it; not together with Before
	Limit  int   // at least 1
	States []ProposalState
	Now    time.Time // what Lapsed is judged by
}

// ErrJobIDTaken says that a random job id was used before; take another.
var ErrJobIDTaken = Errorf(Conflict, "the job id is taken")

// Work is one job ready to be written.
type Work struct {
	Job    Job
	Placed []Placed
	Effect Effect
	Key    RepeatKey
	Answer []byte // what Kept gives back
	Entry  AuditEntry
}

// A Target is what deciding and sealing need of a device.
type Target struct {
	No    int64
	Class int32 // see Placing.Class
	Key   Key
}

// A Match is a target with the entry of the request that named it.
type Match struct {
	Entry  int32 // index into the ids or MACs
	Target Target
}

// Placed is one command as it is born.
type Placed struct {
	Device int64
	State  State
	Reason Reason
}

// A RepeatKey recognises a repeated request; the zero key never does.
type RepeatKey struct {
	Actor string   // who, as in Caller
	Route string   // method and route pattern
	Key   string   // from the Idempotency-Key header
	Body  [32]byte // SHA-256 of the request body; not part of the identity
	Until time.Time
}

// Kept is what an idempotency key remembers.
type Kept struct {
	Job    JobID
	Body   [32]byte
	Answer []byte
}

// An OrderStore is what delivery needs: what to send, and what came back.
type OrderStore interface {
	// Pending returns the orders, in order of their ids, that these devices
	// should still receive at now: open commands of jobs whose deadlines have
	// not passed. Archived devices get only those of action "retire". What is
	// AskedByLink is nobody's to receive.
	Pending(ctx context.Context, now time.Time, devices []int64) ([]Order, error)
	// OpenJobs returns the jobs that have open commands, oldest first.
	OpenJobs(ctx context.Context) ([]JobID, error)
	// Sealed returns a job of whatever account with all that a proof needs: the
	// subject of every leaf in order (see internal/seal).
	Sealed(ctx context.Context, id JobID) (Job, []Subject, error)
	// Sent moves those of the given commands that are Queued to Sent.
	Sent(ctx context.Context, now time.Time, ids []CommandID) error
	// Report records a batch: each report moves its command if the life allows
	// it and the command is on that device; a report after the end is noted on
	// the command. It counts final states on the jobs and appends one "reports"
	// entry per account. The answer tells for each report whether it is settled
	// and need not be sent again, which is so unless it names no command.
	Report(ctx context.Context, now time.Time, batch []Report) ([]bool, error)
	// Expire ends every command whose deadline has passed at now, ends
	// exemptions that are over, and erases archived records that are due; each
	// with its log entries. It returns how many rows changed.
	Expire(ctx context.Context, now time.Time) (int64, error)
}

// An Order is a command on its way to a device.
type Order struct {
	ID     CommandID
	Device int64
	State  State
	Paused time.Time // as of its job
}

// A Subject is what a leaf of a job's tree binds: the device's key for a
// command that was ordered from an agent, else the device's internal key.
type Subject struct {
	Device int64
	Key    Key // zero if the leaf binds the internal key
}

// A Report is what an agent said of one command.
type Report struct {
	ID       CommandID
	Device   int64 // from the connection
	State    State // Running, Succeeded, Failed or Refused
	Reason   Reason
	Percent  int8
	Message  string
	Result   json.RawMessage   // kept beside the command; nil for none
	Identity map[string]string // answers to re-identify; nil for none
	Door     Door              // how they came, with Identity
	User     string            // who was logged in, with Identity; empty if unknown
	Address  string            // that they came from, where that is not the agent's
	Threats  []Threat          // what Result says that a scan found; times and number of scans are the store's
	Restored []string          // what Result says that came back from quarantine
}
