package reeve

import (
	"encoding/json"
	"strings"
	"time"
)

// A Proposal is an order that a second person has to agree to before it is
// placed. Its id is the one that the job will have.
type Proposal struct {
	ID      JobID
	Account int64
	State   ProposalState // as stored; see At
	Action  string
	Params  json.RawMessage // checked and normalised
	Order   json.RawMessage // the whole order, for control alone; empty in lists if it names very many devices
	Digest  [32]byte        // of action, parameters and what names the devices
	Targets int             // devices that it found when it was made; it is placed on as many or not at all
	Hold    bool            // once approved it waits for a request that brings its id, instead of being placed at once
	Caller  Caller          // who asked
	Comment string
	Asked   time.Time
	Expires time.Time // from then on it is good for nothing

	DecidedBy Caller    // who approved or rejected it
	Decided   time.Time // zero before
	Reason    string    // what the one who decided said
}

// ProposalState is how far a proposal has come.
type ProposalState int8

// The states. The numbers are stored, but for Lapsed, which time brings about.
const (
	Proposed ProposalState = iota // waits for a second person
	Approved                      // waits for the request that brings its id
	Rejected                      // by a second person, or taken back by who asked
	Used                          // its job was placed, or its devices were restored
	Lapsed                        // its time was over
)

var proposalStates = names[ProposalState]{"proposed", "approved", "rejected", "used", "expired"}

func (s ProposalState) String() string { return proposalStates.of(s) }

// ParseProposalState returns the state with the given name.
func ParseProposalState(name string) (ProposalState, bool) { return proposalStates.find(name) }

// At returns how the proposal stands at a moment.
func (p Proposal) At(now time.Time) ProposalState {
	if p.State <= Approved && !now.Before(p.Expires) {
		return Lapsed
	}
	return p.State
}

// AskedBy reports whether it was this caller who proposed, or the same person
// through another app.
func (p Proposal) AskedBy(c Caller) bool {
	return p.Caller.Actor == c.Actor || c.Person() != "" && c.Person() == p.Caller.Person()
}

// Person names the operator who acts: signed in, or by an app's token that the
// operator agreed to. It is empty for an app by itself, an agent and the server.
func (c Caller) Person() string {
	if name, ok := strings.CutPrefix(c.Actor, "operator:"); ok {
		return name
	}
	return c.Operator
}
