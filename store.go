package reeve

import (
	"context"
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
	Ticket   Ticket // of the operator; left out without a secret
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

	// AddOperator adds an operator. Conflict if any account has one with this name,
	// NotFound if a group is not the account's.
	AddOperator(ctx context.Context, o Operator, entry AuditEntry) error
	Operator(ctx context.Context, name string) (Operator, error)
	// Operators returns the account's operators by name.
	Operators(ctx context.Context, account int64) ([]Operator, error)
	// SetOperator stores roles, password and expected name of the account's operator
	// with o's name. Another password ends whatever the operator agreed to, and his sessions
	// and tickets. Conflict if the
	// account would be left without an administrator or another operator is
	// expected under that name, NotFound if a group is not
	// the account's.
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
	// it. Invalid for the default group. fn sees account and group as they are in
	// the transaction, with the number of devices in it, says no with an error, or
	// else what the log says.
	RemoveGroup(ctx context.Context, account int64, id string, fn func(Account, Group) (AuditEntry, error)) error
}

// A GroupQuery selects and orders groups. Groups are few, so pages are by number.
type GroupQuery struct {
	Search string // part of the name, in any case
	Sort   string // "name" (default), "devices", "modified"
	Desc   bool
	Limit  int // at least 1
	Page   int // from 1
	// Uncounted leaves Group.Devices 0, since counting meets every device. Not
	// together with the order by devices.
	Uncounted bool
	// Counted is how many devices each group has, by internal key, from whoever has
	// counted them before; nil is counted now.
	Counted map[int64]int64
	// Within are the internal keys of the only groups that there are for whoever
	// asks; nil is all.
	Within []int64
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
