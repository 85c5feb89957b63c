package line

import (
	"fmt"
	"time"

	"reeve/internal/seal"
)

// Tolerance is how far past its deadline a command is still taken: clocks and
// networks are not exact.
const Tolerance = 5 * time.Minute

// A Fault is why an order must not be carried out, in the word that a report
// gives as its reason.
type Fault string

// The faults.
const (
	NoFault Fault = ""
	Forged  Fault = "seal"     // not sealed by the pinned server, or not for this device
	TooLate Fault = "delivery" // came after deliver_by
)

// An Order is what the bus brought, judged.
type Order struct {
	seal.Header
	Command string // id to report under; of a forged order, what it claims
	Fault   Fault
}

// judge reads an order and checks that the pinned server gave it to the device
// with this public key, in this account.
func (t *Trust) judge(message []byte, public []byte, account int64, now time.Time) (Order, error) {
	sent, err := t.headers.read(message)
	if err != nil {
		return Order{}, fmt.Errorf("reading an order: %w", err)
	}
	o := Order{Header: sent.Header, Command: sent.Command()}
	switch {
	case sent.Header.Account != account || t.seals.CheckJob(sent.Header, public, sent.Proof) != nil:
		o.Fault = Forged
	case now.After(o.DeliverBy.Add(Tolerance)):
		o.Fault = TooLate
	}
	return o, nil
}

// JobOf returns the prefix that the ids of all commands of a job have.
func JobOf(job int64) string { return fmt.Sprintf("%016x", job) }
