package reeve

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"
)

// A Claim is the right to carry out the request with an Idempotency-Key. Only
// the holder's changes commit, and the first of them spends the claim in its
// own transaction: so at any time either nothing of the request has happened,
// and another holder may take it over, or it has, and nobody does it again.
type Claim struct {
	Account int64
	Key     RepeatKey
	Holder  int64 // random, to tell one attempt from the next
}

// NewClaim returns a claim of a new holder.
func NewClaim(account int64, key RepeatKey) Claim {
	var b [8]byte
	rand.Read(b[:])
	return Claim{account, key, int64(binary.BigEndian.Uint64(b[:]) >> 1)}
}

type claimKey struct{}

// Within returns a context whose changes are made under the claim.
func (c Claim) Within(ctx context.Context) context.Context {
	return context.WithValue(ctx, claimKey{}, c)
}

// ClaimIn returns the claim under which changes with ctx are made, if any.
func ClaimIn(ctx context.Context) (Claim, bool) {
	c, ok := ctx.Value(claimKey{}).(Claim)
	return c, ok
}

// ClaimState is how far the request with a key has come.
type ClaimState int8

// The states. The numbers are stored.
const (
	Claimed  ClaimState = iota // somebody holds it; nothing has changed yet
	Spent                      // it changed what it was to change; its answer is not known
	Answered                   // its answer is kept
)

// A Standstill is what a claim met.
type Standstill struct {
	State  ClaimState
	Mine   bool      // the claim was granted
	Lease  time.Time // until when its holder is thought to be at work
	Body   [32]byte
	Answer []byte // of an Answered one with the same body
}

// A RepeatStore keeps Idempotency-Keys and what was answered under them. While a
// context carries a claim (see Claim.Within), every change that a store makes
// with it spends that claim in the same transaction, or fails with a Conflict
// and changes nothing if the claim has another holder.
type RepeatStore interface {
	// Claim grants c until lease, if nobody has its key or if who has it, with
	// the same body, let its lease pass and has changed nothing. Keys are
	// forgotten at their Until.
	Claim(ctx context.Context, c Claim, now, lease time.Time) (Standstill, error)
	// Answer keeps what was answered, in a form that only the server's key and
	// the Idempotency-Key together open.
	Answer(ctx context.Context, c Claim, answer []byte) error
	// Release forgets a claim under which nothing has changed, and ends the lease
	// of another.
	Release(ctx context.Context, c Claim) error
}
