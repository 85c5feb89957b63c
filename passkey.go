package reeve

import (
	"context"
	"time"
)

// A Passkey is a key pair by which an operator signs in, kept by his device or
// by what he carries. The server knows the public half.
type Passkey struct {
	ID       string // of the credential, base64url without padding; unique on the server
	Account  int64
	Operator string
	Name     string // for people
	Record   string // the public key and what else internal/passkey needs to check answers
	Counter  int64  // of signatures, as last told; 0 for keys that do not count
	// Suspect is whether the counter once did not rise: somebody may have a copy of
	// the key. It is refused from then on, until it is removed and a new one made.
	Suspect bool
	Created time.Time
	Used    time.Time // zero until it is
}

// A PasskeyQuestion is what a browser asks a passkey. State comes back with the
// answer, within minutes and once; to the browser it is opaque.
type PasskeyQuestion struct {
	State   string
	Options []byte // JSON for navigator.credentials
}

// A PasskeyAnswer is an answer that was checked.
type PasskeyAnswer struct {
	Passkey Passkey // as it is from now on
	Counter int64   // of the passkey before
	OneUse  OneUse  // of the question, to which there is one answer
}

// A OneUse is the mark of something that is good for one use.
type OneUse struct {
	Mark  string
	Until time.Time // nobody takes it after that anyway
}

// A PasskeyStore keeps passkeys of operators, who take theirs along when they
// are removed, and remembers what was used.
type PasskeyStore interface {
	// AddPasskey adds a passkey. Conflict if its ID is known, NotFound if the
	// account has no such operator, TooLarge if the operator has most of them.
	AddPasskey(ctx context.Context, k Passkey, most int, entry AuditEntry) error
	// Passkey finds a passkey of any account by its ID.
	Passkey(ctx context.Context, id string) (Passkey, error)
	// Passkeys returns the operator's passkeys, oldest first.
	Passkeys(ctx context.Context, account int64, operator string) ([]Passkey, error)
	// UsePasskey stores Record, Counter, Suspect and Used of a passkey. Conflict if
	// its counter is not was, because another answer came in between.
	UsePasskey(ctx context.Context, k Passkey, was int64, entries ...AuditEntry) error
	// RemovePasskey removes a passkey of the account's operator.
	RemovePasskey(ctx context.Context, account int64, operator, id string, entry AuditEntry) error
	// Spend remembers a mark and drops those that were good until now or before.
	// Conflict if the mark is known.
	Spend(ctx context.Context, u OneUse, now time.Time) error
}
