package link

import (
	"encoding/json"
	"fmt"
	"time"

	"reeve/internal/seal"
)

// An Order tells the agent to do one thing, once. What binds is the header and
// the proof; the command's id follows from them.
type Order struct {
	Header seal.Header `json:"header"`
	Proof  seal.Proof  `json:"proof"`
}

// Command returns the id under which the agent reports on the order.
func (o Order) Command() string {
	return fmt.Sprintf("%016x%08x", o.Header.Job, o.Proof.Leaf)
}

// A Report says how a command stands. The agent sends the last one of each
// command until it is acknowledged.
type Report struct {
	Command  string            `json:"command"`
	State    string            `json:"state"`              // running, succeeded, failed or refused
	Reason   string            `json:"reason,omitempty"`   // with failed or refused: seal, policy, interrupted, ...
	Percent  int               `json:"percent,omitempty"`  // with running; -1 if it cannot be told
	Message  string            `json:"message,omitempty"`  // one line for a person, at most MaxMessage bytes
	Result   json.RawMessage   `json:"result,omitempty"`   // at most MaxResult bytes
	Identity map[string]string `json:"identity,omitempty"` // answers of a re-identify
	Door     string            `json:"door,omitempty"`     // how they were given: window or terminal
	User     string            `json:"user,omitempty"`     // who was logged in when they were given
}

// Limits on what an agent may send; the server refuses what is larger.
const (
	MaxMessage = 1 << 10
	MaxResult  = 512 << 10
	MaxReport  = 768 << 10
	MaxHello   = 64 << 10
	MaxUpload  = 64 << 20
	MaxSaw     = 128 << 10
)

// MaxSighted is how many machines one message tells of.
const MaxSighted = 250

// Sightings tell of machines that the agent saw. None of them is acknowledged:
// the agent says again, a day later, what it still sees.
type Sightings struct {
	Machines []Sighting `json:"machines"` // at most MaxSighted
}

// A Sighting is one of them.
type Sighting struct {
	Source    string    `json:"source"`           // neighbour or directory; a receiver leaves out what it does not know
	MAC       string    `json:"mac,omitempty"`    // needed but for directory
	Object    string    `json:"object,omitempty"` // of a directory: the objectGUID, 32 hex digits
	Hostname  string    `json:"hostname,omitempty"`
	Addresses []string  `json:"addresses,omitempty"`
	System    string    `json:"system,omitempty"` // as in a Hello
	OSName    string    `json:"os_name,omitempty"`
	OSVersion string    `json:"os_version,omitempty"`
	At        time.Time `json:"at,omitzero"` // when the machine was last active, if not just now
}

// An Ack says that the final reports on these commands are stored. A report that
// a command is running gets none.
type Ack struct {
	Commands []string `json:"commands"`
}

// A Cancel calls off every command of a job. It is sealed like an order.
type Cancel struct {
	Job       int64     `json:"job"`
	At        time.Time `json:"at"`
	Signature []byte    `json:"sig"`
	SealKey   []byte    `json:"seal_key"`
}

// A Pause has the commands of a job hold back, or go on. It is sealed like an
// order. Of two for one job the later counts. What a connection says of pauses
// is all there is: an agent forgets them with the connection before.
type Pause struct {
	Job       int64     `json:"job"`
	Paused    bool      `json:"paused"`
	At        time.Time `json:"at"`
	Signature []byte    `json:"sig"`
	SealKey   []byte    `json:"seal_key"`
}

// A Hello says who is there and what it can do.
type Hello struct {
	Protocol int      `json:"protocol"`
	Nonce    []byte   `json:"nonce"`   // fresh for each Hello; the Welcome is bound to it
	Version  string   `json:"version"` // of the agent, dotted numbers
	Kind     string   `json:"kind"`    // persistent, on_demand, mobile, domain_controller
	System   string   `json:"system"`  // windows, mac, linux, ios, android, other
	Actions  []string `json:"actions"` // what the agent can do, whatever its policy says
	Hostname string   `json:"hostname"`
	Hardware string   `json:"hardware,omitempty"` // hash that tells machines apart
	MACs     []string `json:"macs"`
	// Facts is the machine's description, in the shape of the inventory.
	Facts json.RawMessage `json:"facts,omitempty"`
}

// A Welcome answers a Hello. It carries the server's time, by which deadlines
// are judged.
type Welcome struct {
	At          time.Time `json:"at"`
	BeatSeconds int       `json:"beat_seconds"` // how often to send a beat
	Signature   []byte    `json:"sig"`
	SealKey     []byte    `json:"seal_key"`
	Settings    *Notice   `json:"settings,omitempty"` // none where nothing was ever set
}
