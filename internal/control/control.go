// Package control holds the rules: who may ask, what becomes of a request, how
// a device enrols, when a deadline is over. It is the only room that changes
// state, and knows no HTTP, SQL or message bus: it drives the stores and tells a
// Wake what was committed. It imports the root words, internal/action,
// internal/seal, and argon2 for passwords.
package control

import (
	"log/slog"
	"sync"
	"time"

	"reeve"
	"reeve/internal/seal"
)

// A Store is everything that control needs kept.
type Store interface {
	reeve.AccountStore
	reeve.CredentialStore
	reeve.CodeStore
	reeve.GroupStore
	reeve.DeviceStore
	reeve.EnrolStore
	reeve.JobStore
	reeve.OrderStore
	reeve.LogStore
	reeve.WindowStore
	reeve.RepeatStore
	reeve.OutletStore
	reeve.SetStore
	reeve.DiscoveryStore
	reeve.PasskeyStore
	reeve.LinkStore
	reeve.SessionStore
	reeve.FactorStore
	reeve.FailureStore
	reeve.ThreatStore
	reeve.SavedViewStore
	reeve.OverviewStore
	reeve.TimelineStore
	reeve.ProposalStore
}

// A Wake is told what was committed, so that it can act at once instead of at
// the next sweep. No method blocks, and losing a call only delays.
type Wake interface {
	// Placed hands over a job with orders for agents.
	Placed(b Batch)
	// Cancelled tells that these open commands of a job were called off.
	Cancelled(job reeve.JobID, at time.Time, orders []reeve.Order)
	// Paused tells that these open commands of a job hold back, or go on.
	Paused(paused bool, at time.Time, orders []reeve.Order)
	// Left tells that these devices were deleted: their connections end, and
	// their keys are good for nothing but the order to retire.
	Left(devices []int64)
	// Settled tells that these devices, or all of the account if there are none
	// named, may have other settings.
	Settled(account int64, devices []int64)
	// Online reports whether the device's agent is connected, as far as known.
	Online(device int64) bool
}

// A Batch is a committed job as it stands in memory. Leaf i of the tree is
// Placed[i], on Targets[i]; those born Queued are orders to send.
type Batch struct {
	Job     reeve.Job
	Tree    seal.Tree
	Placed  []reeve.Placed
	Targets []reeve.Target
}

// Options are the settings of a Control; zero fields take the defaults of
// docs/limits.md.
type Options struct {
	Now               func() time.Time
	Log               *slog.Logger
	MaxEntries        int           // ids or MACs in one request; default 100,000
	TokenLife         time.Duration // default 12 h
	RequestsPerMinute int64         // each published API of an account; default 10, negative for no limit
	OwnPerMinute      int64         // Reeve's own API, while the account has a limit at all; default 600, negative for none
	// Checkpoint is given every checkpoint of the log, to keep a copy outside
	// of the store.
	Checkpoint func(reeve.Checkpoint) error
	// Seal encrypts a secret that must be sent on, bound to its owner's id.
	Seal func(owner, secret string) []byte
	// Unseal decrypts what Seal made for the same owner.
	Unseal func(owner string, sealed []byte) (string, error)
	// Contents keeps the files of signature sets.
	Contents Contents
	// Passkeys are how operators sign in without a password; nil where the server
	// cannot offer them, for the reason NoPasskeys.
	Passkeys   Ceremonies
	NoPasskeys error
	// Provider is where operators can sign in besides here; nil for nowhere.
	// NewOperators is the role of those whom it names and nobody knows; NoRole
	// takes none.
	Provider     Provider
	NewOperators reeve.Role
}

// Defaults of Options.
const (
	DefaultMaxEntries        = 100_000
	DefaultTokenLife         = 12 * time.Hour
	DefaultRequestsPerMinute = 10
	DefaultOwnPerMinute      = 600
)

// A Control decides and commits. It is safe for concurrent use.
type Control struct {
	store Store
	key   func() seal.Key
	wake  Wake
	opts  Options

	mu         sync.Mutex
	lastSigned map[int64]int64     // by account: the last row with a checkpoint of this process
	lastFull   map[int64]time.Time // by account: when its log last said that there is no room for discovered devices

	questions questions
	overviews overviews
}

// New returns a Control over a store. Key gives the seal key of the moment. Wake
// may be nil: then nobody is connected, until Attach.
func New(store Store, key func() seal.Key, wake Wake, opts Options) *Control {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.MaxEntries == 0 {
		opts.MaxEntries = DefaultMaxEntries
	}
	if opts.TokenLife == 0 {
		opts.TokenLife = DefaultTokenLife
	}
	if opts.RequestsPerMinute == 0 {
		opts.RequestsPerMinute = DefaultRequestsPerMinute
	}
	if opts.OwnPerMinute == 0 {
		opts.OwnPerMinute = DefaultOwnPerMinute
	}
	if wake == nil {
		wake = nobody{}
	}
	return &Control{store: store, key: key, wake: wake, opts: opts, lastSigned: map[int64]int64{}, lastFull: map[int64]time.Time{},
		overviews: overviews{kept: map[string]*overview{}}}
}

// Attach gives the Control its wake. Call it before anything is placed.
func (c *Control) Attach(wake Wake) { c.wake = wake }

// nobody is the Wake of a Control without delivery.
type nobody struct{}

func (nobody) Placed(Batch)                                    {}
func (nobody) Cancelled(reeve.JobID, time.Time, []reeve.Order) {}
func (nobody) Paused(bool, time.Time, []reeve.Order)           {}
func (nobody) Left([]int64)                                    {}
func (nobody) Settled(int64, []int64)                          {}
func (nobody) Online(int64) bool                               { return false }

// now is the time in the precision that stores keep.
func (c *Control) now() time.Time { return c.opts.Now().UTC().Truncate(time.Microsecond) }

// entry begins a log entry for what caller does at now.
func entry(caller reeve.Caller, now time.Time, event, detail string) reeve.AuditEntry {
	return reeve.AuditEntry{
		Account: caller.Account, At: now, Event: event, Source: caller.Source, Actor: caller.Actor,
		Name: caller.Name, Address: caller.Address, RequestID: caller.RequestID,
		Outcome: "ok", Detail: detail,
	}
}

// system is the caller of what the server does by itself.
func system(account int64) reeve.Caller {
	return reeve.Caller{Account: account, Source: reeve.FromSystem, Actor: "system"}
}
