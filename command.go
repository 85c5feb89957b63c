package reeve

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// A CommandID names one command: the job and the command's place in it. It is
// never stored; both halves are.
type CommandID struct {
	Job  JobID
	Leaf int32 // from 0, in the order of the job's Merkle tree
}

// String returns the public form, 24 lower-case hex digits.
func (id CommandID) String() string { return fmt.Sprintf("%016x%08x", int64(id.Job), id.Leaf) }

// ParseCommandID reads the public form, exactly as String writes it.
func ParseCommandID(s string) (CommandID, bool) {
	raw, ok := parseHex(s, 12)
	if !ok {
		return CommandID{}, false
	}
	id := CommandID{JobID(binary.BigEndian.Uint64(raw)), int32(binary.BigEndian.Uint32(raw[8:]))}
	return id, id.Job > 0 && id.Leaf >= 0
}

// parseHex reads exactly n bytes of lower-case hex.
func parseHex(s string, n int) ([]byte, bool) {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return nil, false
		}
	}
	raw, err := hex.DecodeString(s)
	return raw, err == nil && len(raw) == n
}

// A State is where a command stands. It moves only along [NextStates]; the
// numbers are stored, and every state from Succeeded on is final.
type State int8

// The states. docs/states.md is generated from their table.
const (
	Queued        State = iota // stored, not yet given to the device's agent
	Sent                       // given to the courier while the agent was connected
	Running                    // the agent has begun
	Succeeded                  // done
	Failed                     // the agent tried and could not
	Expired                    // a deadline passed; the reason says which
	Cancelled                  // an administrator, or the device's deletion, called it off
	NotApplicable              // the action does not apply to the device; the reason says why
	Refused                    // the agent did not accept the order; the reason says why
	NumStates                  // how many there are
)

var states = names[State]{"queued", "sent", "running", "succeeded", "failed", "expired", "cancelled", "not_applicable", "refused"}

func (s State) String() string { return states.of(s) }

// ParseState returns the state with the given name.
func ParseState(name string) (State, bool) { return states.find(name) }

// IsFinal reports whether nothing can change the state any more.
func (s State) IsFinal() bool { return s >= Succeeded }

// NextStates is the whole life of a command: where each state may lead and what
// takes it there. A state that leads nowhere is final.
var NextStates = [NumStates][]Step{
	Queued: {
		{Sent, "the courier gave it to the connected agent"},
		{Running, "the agent reported that it began"},
		{Succeeded, "the agent reported success, or the user answered through the command's link"},
		{Failed, "the agent reported failure"},
		{Expired, "deliver_by passed"},
		{Cancelled, "the job was cancelled or the device deleted"},
		{Refused, "the agent did not accept the order"},
	},
	Sent: {
		{Running, "the agent reported that it began"},
		{Succeeded, "the agent reported success"},
		{Failed, "the agent reported failure"},
		{Expired, "deliver_by passed without a word from the agent"},
		{Cancelled, "the job was cancelled or the device deleted"},
		{Refused, "the agent did not accept the order"},
	},
	Running: {
		{Succeeded, "the agent reported success"},
		{Failed, "the agent reported failure"},
		{Expired, "finish_by passed"},
		{Cancelled, "the job was cancelled or the device deleted"},
	},
}

// A Step is one move of a command's life.
type Step struct {
	To   State
	When string
}

// May reports whether a command may move from s to t.
func (s State) May(t State) bool {
	for _, step := range NextStates[s] {
		if step.To == t {
			return true
		}
	}
	return false
}

// A Command is one action on one device, with an end that always comes.
type Command struct {
	ID       CommandID
	DeviceNo int64
	DeviceID string // 32 hex digits
	Hostname string
	State    State
	Reason   Reason
	Percent  int8      // progress while Running, 0 to 100; -1 unknown
	Message  string    // one line from the agent, empty until it spoke
	Changed  time.Time // when State last moved
	Late     string    // state that a report named after the end; empty if none came
}

// A Reason says why a command stands where it stands, beyond its state. The
// numbers are stored.
type Reason int8

// The reasons. A command that went as ordered has none.
const (
	NoReason Reason = iota
	WrongStanding
	WrongKind
	WrongSystem
	OldAgent
	NotAble
	ForeignPath
	Away
	DeliveryRanOut
	ExecutionRanOut
	JobCancelled
	DeviceDeleted
	Interrupted
	BadSeal
	PolicyForbids
	AskedByLink
	BadAnswer
	NothingAway
)

var reasons = []struct{ word, sentence string }{
	NoReason:        {"", ""},
	WrongStanding:   {"standing", "the action does not apply to devices of this standing"},
	WrongKind:       {"agent_kind", "the action does not apply to this kind of agent"},
	WrongSystem:     {"system", "the action does not apply to this operating system"},
	OldAgent:        {"agent_version", "the agent is older than the action needs"},
	NotAble:         {"ability", "the agent does not offer this action"},
	ForeignPath:     {"path_style", "the path is written in another operating system's style"},
	Away:            {"away", "the device was not connected and the request said to skip such devices"},
	DeliveryRanOut:  {"delivery", "the agent was not heard before deliver_by"},
	ExecutionRanOut: {"execution", "the agent began but had not finished by finish_by"},
	JobCancelled:    {"cancelled", "the job was cancelled"},
	DeviceDeleted:   {"device_deleted", "the device was deleted"},
	Interrupted:     {"interrupted", "the agent was stopped in the middle of work that may not be repeated"},
	BadSeal:         {"seal", "the agent could not verify the order"},
	PolicyForbids:   {"policy", "the agent's local policy forbids the action"},
	AskedByLink:     {"link", "the device's user answers on a page of the server; send the command's link"},
	BadAnswer:       {"answer", "the answers are not what the account asks for"},
	NothingAway:     {"quarantine", "the device has nothing in quarantine that is meant"},
}

// String returns the word for programs, "" for none.
func (r Reason) String() string {
	if r < 0 || int(r) >= len(reasons) {
		return "invalid"
	}
	return reasons[r].word
}

// Sentence returns the words for a person, "" for none.
func (r Reason) Sentence() string {
	if r < 0 || int(r) >= len(reasons) {
		return ""
	}
	return reasons[r].sentence
}

// ParseReason returns the reason with the given word.
func ParseReason(word string) (Reason, bool) {
	for i, r := range reasons {
		if r.word == word {
			return Reason(i), true
		}
	}
	return NoReason, false
}
