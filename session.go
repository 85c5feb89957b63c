package reeve

import (
	"context"
	"time"
)

// A Session is an operator who signed in to the console, at one browser. What he
// may do is looked up whenever it is used.
type Session struct {
	ID       string // for lists; 32 lower-case hex digits
	Secret   string // hex SHA-256 of what the browser holds
	Operator string
	How      string // what he signed in with, such as "password" or "passkey"
	Created  time.Time
	Used     time.Time // last, to the minute
	Proved   time.Time // when he last showed that it is he
	Expires  time.Time
	Address  string // where he signed in from, without port
	Browser  string // what the browser said of itself
}

// A TicketStep is what a Ticket is good for.
type TicketStep int8

// The steps. The numbers are stored.
const (
	ChoosePassword TicketStep = 1 + iota // the operator's first password, or another
	SecondFactor                         // the other half of a sign-in
)

// A Ticket is good for one step of an operator.
type Ticket struct {
	Secret   string // hex SHA-256
	Operator string
	Step     TicketStep
	Expires  time.Time
}

// A Factor is an authenticator app that an operator signs in with besides his
// password (RFC 6238).
type Factor struct {
	Operator  string
	Secret    []byte    // sealed
	Confirmed time.Time // zero until a code has shown that the app has the secret
	Step      int64     // the last of 30 seconds since 1970 of which a code was taken
}

// Failures are failed sign-ins that were held against one key.
type Failures struct {
	Count int64
	Last  time.Time
}

// A SessionStore keeps sessions and tickets of operators, who lose them with
// their password and when they are removed.
type SessionStore interface {
	// AddSession stores a session and that the operator signed in, and drops his
	// tickets and whatever expired by Created. NotFound without the operator.
	AddSession(ctx context.Context, s Session, entries ...AuditEntry) error
	// Session finds a session that is valid at now, with its operator as he is.
	Session(ctx context.Context, secret string, now time.Time) (Session, Operator, error)
	// TouchSession stores Used and Proved of a session.
	TouchSession(ctx context.Context, s Session) error
	// Sessions returns the valid sessions of the account's operator, newest first.
	Sessions(ctx context.Context, account int64, operator string, now time.Time) ([]Session, error)
	// EndSession ends the session with this id of the account's operator.
	EndSession(ctx context.Context, account int64, operator, id string, entry AuditEntry) error
	// EndSessions ends all sessions of the account's operator but the one with the
	// id kept, which may be empty.
	EndSessions(ctx context.Context, account int64, operator, kept string, entry AuditEntry) error
	// AddTicket stores a ticket in the place of the operator's others of its step.
	AddTicket(ctx context.Context, t Ticket, entries ...AuditEntry) error
	// Ticket finds a ticket that is valid at now.
	Ticket(ctx context.Context, secret string, now time.Time) (Ticket, error)
	// SpendTicket removes a ticket; NotFound if it is gone.
	SpendTicket(ctx context.Context, secret string) error
}

// A FactorStore keeps second factors of operators, who lose them when they are
// removed.
type FactorStore interface {
	// Factor returns the operator's, NotFound if he has none.
	Factor(ctx context.Context, operator string) (Factor, error)
	// SetFactor stores a factor in the place of the operator's, and the hashes of
	// his recovery codes in the place of those that he had.
	SetFactor(ctx context.Context, f Factor, codes []string, entries ...AuditEntry) error
	// RemoveFactor removes the factor and recovery codes of the account's operator.
	RemoveFactor(ctx context.Context, account int64, operator string, entry AuditEntry) error
	// UseStep notes that a code of this step was taken. Conflict if one of this
	// step or a later one was before.
	UseStep(ctx context.Context, operator string, step int64) error
	// UseRecoveryCode removes a recovery code; NotFound if the operator has it not.
	UseRecoveryCode(ctx context.Context, operator, hash string, entry AuditEntry) error
	// RecoveryCodes returns how many recovery codes the operator has left.
	RecoveryCodes(ctx context.Context, operator string) (int64, error)
}

// A FailureStore counts failed sign-ins, shared by all nodes.
type FailureStore interface {
	// AddFailure counts one failure against each of the keys, and returns how many
	// there are with it, in order of the keys. Those whose last one was not after
	// forget are forgotten.
	AddFailure(ctx context.Context, now, forget time.Time, keys ...string) ([]int64, error)
	// Failures returns those that were held against each of the keys, in their order.
	Failures(ctx context.Context, keys ...string) ([]Failures, error)
	// ForgetFailures forgets those of a key.
	ForgetFailures(ctx context.Context, key string) error
}
