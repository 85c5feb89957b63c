package reeve

import (
	"context"
	"encoding/json"
	"time"
)

// The store interfaces say what a store owes and to whom. Every method is one
// transaction: it happens as a whole or not at all, and what returned without
// an error survives a crash. What is not tested in internal/storetest is not
// promised. An entry given to a method is appended to the log in the same
// transaction. Times are kept in whole microseconds UTC.
//
// A missing thing is a NotFound error, also when it belongs to another
// account; a name or id that is taken is a Conflict.

// An AccountStore keeps accounts.
type AccountStore interface {
	// AddAccount creates an account with its default group "Default" and its
	// founders, and returns it with its keys filled in. Conflict if the name,
	// or the operator's, is taken.
	AddAccount(ctx context.Context, a Account, f Founders, entry AuditEntry) (Account, error)
	// Accounts returns all accounts in order of creation.
	Accounts(ctx context.Context) ([]Account, error)
	Account(ctx context.Context, no int64) (Account, error)
	// ChangeAccount has fn change the account as it is, while nobody else changes
	// it, stores its name, seats, limits, identity fields and settings, and gives
	// freed seats to devices that wait for one. After an error of fn nothing
	// happened.
	ChangeAccount(ctx context.Context, no int64, fn func(*Account) (AuditEntry, error)) error
}

// Founders are what a new account begins with; the store fills in Account. They
// are stored together with it, so no account is without a way in.
type Founders struct {
	Operator Operator
	App      App
	Code     Code
}

// A CredentialStore keeps apps, operators, what operators let apps do, and tokens.
type CredentialStore interface {
	AddApp(ctx context.Context, app App, entry AuditEntry) error
	// App finds a valid app by client id; a revoked one is NotFound.
	App(ctx context.Context, clientID string) (App, error)
	// Apps returns the account's apps, revoked ones too, oldest first.
	Apps(ctx context.Context, account int64) ([]App, error)
	// SetApp stores what may change of the account's valid app with app's
	// ClientID: name, description, redirect URIs, scopes, limit, secret and
	// Modified. Another secret ends all access tokens of the app.
	SetApp(ctx context.Context, app App, entry AuditEntry) error
	// RevokeApp ends an app, its tokens and what operators agreed to at now.
	RevokeApp(ctx context.Context, account int64, clientID string, now time.Time, entry AuditEntry) error

	// AddToken stores a token of an app by itself and drops expired ones of the
	// same app.
	AddToken(ctx context.Context, t Token, now time.Time) error
	// Token finds a token by hash, with its app as it is now. Expired tokens and
	// those of revoked apps are NotFound, and so are those of ended grants.
	Token(ctx context.Context, hash string, now time.Time) (Token, error)

	// AddOperator adds an operator. Conflict if any account has one with this name.
	AddOperator(ctx context.Context, o Operator, entry AuditEntry) error
	Operator(ctx context.Context, name string) (Operator, error)
	// Operators returns the account's operators by name.
	Operators(ctx context.Context, account int64) ([]Operator, error)
	// SetOperator stores scopes and password of the account's operator with o's
	// name. Another password ends whatever the operator agreed to. Conflict if the
	// account would be left without an operator who is an admin.
	SetOperator(ctx context.Context, o Operator, entry AuditEntry) error
	// RemoveOperator removes an operator and ends what he agreed to; likewise.
	RemoveOperator(ctx context.Context, account int64, name string, entry AuditEntry) error

	// AgreedScopes returns what the operator agreed to let the app do before.
	AgreedScopes(ctx context.Context, operator, clientID string) (Scopes, error)
	// AddGrant stores a new grant and drops those that expired by Begun. Unless its
	// step is Asking, the agreement is remembered. NotFound without app or operator.
	AddGrant(ctx context.Context, g Grant, entries ...AuditEntry) (Grant, error)
	// Grant finds a grant by the hash of its handle, expired ones too.
	Grant(ctx context.Context, handle string) (Grant, error)
	// AdvanceGrant takes a grant from the step with the secret spent to that of g,
	// remembers the agreement when it has been given, and stores t unless its hash
	// is empty. Conflict if spent is not the grant's secret any more.
	AdvanceGrant(ctx context.Context, spent string, g Grant, t Token, now time.Time, entries ...AuditEntry) error
	// EndGrant removes a grant with its tokens; NotFound if it is gone.
	EndGrant(ctx context.Context, no int64, entry AuditEntry) error
}

// A CodeStore keeps registration codes.
type CodeStore interface {
	AddCode(ctx context.Context, c Code, entry AuditEntry) error
	// Codes returns the account's codes, ended ones too, oldest first.
	Codes(ctx context.Context, account int64) ([]Code, error)
	// RevokeCode ends the account's valid code with this hash at now.
	RevokeCode(ctx context.Context, account int64, hash string, now time.Time, entry AuditEntry) error
}

// A GroupStore keeps groups.
type GroupStore interface {
	AddGroup(ctx context.Context, account int64, g Group, entry AuditEntry) (Group, error)
	Group(ctx context.Context, account int64, id string) (Group, error)
	// Groups returns one page and nothing after the last; see GroupQuery.
	Groups(ctx context.Context, account int64, q GroupQuery) ([]Group, error)
	// SetGroup stores name and description of the group with g's ID, and with
	// g.Default makes it the account's default group.
	SetGroup(ctx context.Context, account int64, g Group, entry AuditEntry) error
	// RemoveGroup moves the group's devices to the default group, then removes
	// it. Invalid for the default group.
	RemoveGroup(ctx context.Context, account int64, id string, entry AuditEntry) error
}

// A GroupQuery selects and orders groups. Groups are few, so pages are by number.
type GroupQuery struct {
	Search string // part of the name, in any case
	Sort   string // "name" (default), "devices", "modified"
	Desc   bool
	Limit  int // at least 1
	Page   int // from 1
}

// A DeviceStore reads the inventory and takes imported devices.
type DeviceStore interface {
	// Device finds one device by public id, archived ones not.
	Device(ctx context.Context, account int64, id string) (Device, error)
	// DevicesByID returns the devices with these ids, in no promised order,
	// leaving out ids that name none.
	DevicesByID(ctx context.Context, account int64, ids []string) ([]Device, error)
	// DevicesByNo is DevicesByID for internal keys, in their order.
	DevicesByNo(ctx context.Context, account int64, nos []int64) ([]Device, error)
	// DevicesByCustomID is DevicesByID for third-party ids.
	DevicesByCustomID(ctx context.Context, account int64, ids []string) ([]Device, error)
	// DevicesByMAC returns every device that claims one of these MACs.
	DevicesByMAC(ctx context.Context, account int64, macs []MAC) ([]Device, error)
	// Devices returns one page; see DeviceQuery. Pages by record without Page are
	// keyset pages, as fast at the end of a fleet as at its beginning.
	Devices(ctx context.Context, account int64, q DeviceQuery) ([]Device, error)
	// Import runs fn and commits what it did through the Importing if it returns
	// nil. Imports, enrolments and placings of one account do not overlap.
	Import(ctx context.Context, account int64, fn func(Importing) error) error
	// Describe stores what is said of a device that is not archived. Conflict if
	// another device of the account has the custom id.
	Describe(ctx context.Context, account int64, id string, d Description, entry AuditEntry) error
	// Restore brings back those of these devices that are archived and not due to
	// be erased at now. One whose order to retire still waited is Managed again,
	// or OutOfLicense, and the order is cancelled; any other is Unknown, and its
	// key may enrol anew. A custom id that another device has by now is lost. The
	// entry is completed with what came back, and left out if nothing did.
	Restore(ctx context.Context, account int64, ids []string, now time.Time, entry AuditEntry) (restored []string, cancelled []Order, err error)
	// ChangedDevices returns one page of the devices whose status changed, each
	// once, archived ones too but not erased ones, by rising internal key.
	ChangedDevices(ctx context.Context, account int64, q ChangeQuery) ([]Device, error)
	// CountDevices returns how many devices the account has in each standing.
	CountDevices(ctx context.Context, account int64) (map[Standing]int64, error)
	// CountFound returns how many devices a query selects, on all pages.
	CountFound(ctx context.Context, account int64, q DeviceQuery) (int64, error)
	// CountExempt returns how many of the managed ones are exempt at now from
	// everything.
	CountExempt(ctx context.Context, account int64, now time.Time) (int64, error)
}

// Importing is the inside of an import's transaction.
type Importing interface {
	// Alike returns the devices, archived ones not, that have one of these MACs,
	// and those without any MAC that have one of these hostnames.
	Alike(macs []MAC, hostnames []string) ([]Device, error)
	// Add adds devices with standing Unknown in the default group, and sets No on
	// each element. It is called once.
	Add(devices []Device, entry AuditEntry) error
}

// A ChangeQuery says what counts as a change of a device's status.
type ChangeQuery struct {
	Since   time.Time
	Events  []string // of rows of the log: each device that they are about
	Actions []string // of jobs: each device whose command succeeded
	Systems []System // only devices of these; none is all
	Limit   int      // at least 1
	Page    int      // from 1
}

// A DeviceQuery selects and orders devices. Zero fields select everything but
// archived. Values of one field are alternatives, fields narrow one another.
type DeviceQuery struct {
	After int64 // internal key; a page by rising internal key begins behind it
	Limit int   // at least 1
	Page  int   // from 2 on: skip that many pages less one; not together with After
	Sort  DeviceSort
	Desc  bool

	GroupIDs  []string
	Standings []Standing
	Exempt    *bool // of the managed ones, only those that are exempt at Now from everything, or only the others
	Kinds     []AgentKind
	Systems   []System
	Types     []string // Facts.Type
	Presence  []Presence

	Search string // part of one of the names in In, in any case
	In     []DeviceName

	Now         time.Time     // what Exempt and Presence are judged by
	UnseenAfter time.Duration // see Unseen
}

// DeviceSort is an order of devices.
type DeviceSort int8

// The orders.
const (
	ByRecord   DeviceSort = iota // in which records were made, which is that of Device.No
	ByHostname                   // by hostname in any case, then by record
	ByLastSeen                   // then by record
)

// Presence is how a device with an agent stands to the server.
type Presence int8

// The kinds of presence.
const (
	Connected    Presence = iota // online
	Disconnected                 // not online, heard within UnseenAfter
	Unseen                       // not online, and not heard for longer than that
)

// A DeviceName is something that a device can be searched by.
type DeviceName int8

// The names. An empty DeviceQuery.In means the hostname alone.
const (
	InHostname DeviceName = iota
	InNickname
	InMAC     // a whole address or the beginning of one, in any spelling
	InAddress // the public address or one of its own
	InUser    // who is logged in, or who was linked
	InID      // the beginning of the device id, the whole custom id
	NumDeviceNames
)

// An EnrolStore lets control decide about one enrolment inside a transaction.
type EnrolStore interface {
	// Enrol runs fn and commits what it did through the Enrolling if it
	// returns nil. Enrolments of one account do not overlap.
	Enrol(ctx context.Context, fn func(Enrolling) error) error
	// DeviceByKey finds the device with this key in whatever account and
	// whatever standing, Archived too, but not erased.
	DeviceByKey(ctx context.Context, key Key) (Device, int64, error)
}

// Enrolling is the inside of an enrolment's transaction.
type Enrolling interface {
	// Code returns the valid code with this hash; revoked, expired and used-up
	// codes are NotFound. It locks the code's account.
	Code(hash string, now time.Time) (Code, Account, error)
	// Claimants returns the account's devices, archived ones not, that have one
	// of these MACs or this hardware id (if not empty).
	Claimants(account int64, macs []MAC, hardwareID string) ([]Device, error)
	// SeatIsFree reports whether a further managed device fits the account.
	SeatIsFree(account int64) (bool, error)
	// Save adds d (No is 0) or replaces the record with d.No, its MACs too.
	// d.GroupID must name a group, or is empty for the default group.
	Save(account int64, d Device) (Device, error)
	// Spend counts one use of the code.
	Spend(codeHash string) error
	// Log appends entries.
	Log(entries ...AuditEntry) error
}

// A PresenceStore keeps what agents say of themselves.
type PresenceStore interface {
	// Meet stores the Hellos of a batch of devices: class parts that the agent
	// names, facts, hostname, MACs, address; and that they are online.
	Meet(ctx context.Context, now time.Time, batch []Meeting) error
	// Seen stores that these devices were heard at now and are online, or left.
	Seen(ctx context.Context, now time.Time, devices []int64, online bool) error
	// NobodyOnline marks every device as away, as after a restart.
	NobodyOnline(ctx context.Context) error
}

// A Meeting is one device's Hello.
type Meeting struct {
	Device    int64
	Version   Version
	Abilities Abilities
	Hostname  string
	MACs      []MAC
	Facts     Facts
	Address   string // where the agent connected from, without port
}

// A JobStore places jobs and reads them back.
type JobStore interface {
	// Place runs fn and commits what it did through the Placing if it returns
	// nil. Nothing of it is visible to others before.
	Place(ctx context.Context, account int64, fn func(Placing) error) error
	Job(ctx context.Context, account int64, id JobID) (Job, error)
	// Jobs returns a page of jobs, newest first; see JobQuery.
	Jobs(ctx context.Context, account int64, q JobQuery) ([]Job, error)
	// Commands returns up to limit commands of a job in leaf order from leaf
	// from on, those in one of the given states, or all if there are none.
	Commands(ctx context.Context, account int64, job JobID, states []State, from int32, limit int) ([]Command, error)
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
}

// A JobQuery selects jobs. Zero fields select all.
type JobQuery struct {
	Before  JobID // only older ones
	Limit   int   // at least 1
	Actions []string
	Sources []Source
	Open    bool // only those with commands that have not ended
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
	// Ended returns up to limit live devices whose commands of a job of the account
	// ended in one of these states, in order of their leaves, from leaf from on.
	// Match.Entry is the leaf.
	Ended(job JobID, states []State, from int32, limit int) ([]Match, error)
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
	// not passed. Archived devices get only those of action "retire".
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
	Threats  []Threat          // what Result says that a scan found; times and number of scans are the store's
}

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
	// PruneJobs removes a job with its commands, together or not at all, that was
	// placed before a moment and that nothing needs any more: it is closed, no row
	// of the log names it, and nothing of it ends later. It returns how many jobs
	// it removed; 0 is that there are no more.
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
	Device        string
	Job           JobID
}

// A WindowStore counts requests for the rate limit, shared by all nodes.
type WindowStore interface {
	// Take counts one request under key in the fixed window that holds now and
	// returns how many there are in it with this one.
	Take(ctx context.Context, key string, now time.Time, window time.Duration) (int64, error)
}

// An OutletStore keeps outlets, and lets each be served by one node at a time.
type OutletStore interface {
	// AddOutlet adds an outlet that begins behind the last row of its account's
	// log as it was before the entry, and returns it with its keys filled in.
	// Conflict if the name is taken.
	AddOutlet(ctx context.Context, o Outlet, entry AuditEntry) (Outlet, error)
	// Outlets returns the account's outlets, oldest first.
	Outlets(ctx context.Context, account int64) ([]Outlet, error)
	// SetOutlet stores name, events, settings, secret and whether it is enabled
	// of the outlet with o's ID, raises its version and forgets its failures.
	SetOutlet(ctx context.Context, o Outlet, entry AuditEntry) error
	RemoveOutlet(ctx context.Context, account int64, id string, entry AuditEntry) error
	// ClaimOutlets gives node every enabled outlet of the server that no other
	// node holds at now, until the given time, and returns all that it holds. Of
	// those that it holds for more than half of that time nothing is written.
	ClaimOutlets(ctx context.Context, node string, now, until time.Time) ([]Outlet, error)
	// Advance stores the flow of an outlet that node holds and whether it is
	// enabled. Conflict if node does not hold the outlet with this ID in this
	// version: what became of one is never noted at another.
	Advance(ctx context.Context, node string, o Outlet, entries ...AuditEntry) error
	// ReleaseOutlets ends every claim of node.
	ReleaseOutlets(ctx context.Context, node string) error
}
