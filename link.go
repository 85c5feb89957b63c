package reeve

import (
	"context"
	"time"
)

// A Link says that who is this subject at an OpenID provider is that operator
// here. An operator has one at most with each provider.
type Link struct {
	Issuer   string // URL of the provider
	Subject  string // by which the provider knows the person for good
	Account  int64
	Operator string
	Shown    string // what the provider called the person when the link was made
	Created  time.Time
}

// A Journey is a browser's way to a provider and back.
type Journey struct {
	URL   string    // where the browser goes
	State string    // comes back beside the answer, by a way of the server's own; opaque
	Until time.Time // when the answer is too late
}

// An Arrival is what a browser brings back: its Journey's State, and of the
// provider's answer the parameters state, code, error and iss.
type Arrival struct {
	State   string
	Told    string
	Code    string
	Failure string
	Issuer  string
}

// A Visitor is who a provider says is there.
type Visitor struct {
	Issuer  string
	Subject string
	Name    string // by which an operator is found who has no link yet; empty without a trusted one
	For     string // the operator who wants to be linked; empty for one who wants to sign in
	OneUse  OneUse // of the journey
}

// A LinkStore keeps links of operators, who take theirs along when they are
// removed, and the names under which providers know them.
type LinkStore interface {
	// AddLink adds a link. Conflict if the subject has one, or the operator has
	// one with the same issuer; NotFound if the account has no such operator.
	AddLink(ctx context.Context, l Link, entry AuditEntry) error
	// Link finds a link of any account.
	Link(ctx context.Context, issuer, subject string) (Link, error)
	// Links returns the operator's links, oldest first.
	Links(ctx context.Context, account int64, operator string) ([]Link, error)
	// RemoveLink removes the link of the account's operator with an issuer.
	RemoveLink(ctx context.Context, account int64, operator, issuer string, entry AuditEntry) error
	// Expected returns the operator of any account whom providers know under a
	// name; see Operator.Expected.
	Expected(ctx context.Context, name string) (operator string, err error)
}
