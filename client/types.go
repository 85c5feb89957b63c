package client

import (
	"encoding/json"
	"time"
)

// A List is one page of things, and where the next one begins: the cursor to
// send for it, empty after the last page.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// An Order asks for one action on many devices. Exactly one of IDs, MACs, Group,
// All and Filter names them.
type Order struct {
	Action string          `json:"action"`
	IDs    []string        `json:"ids,omitempty"`
	MACs   []string        `json:"macs,omitempty"`
	Group  string          `json:"group,omitempty"`  // id of a group: all its devices
	All    bool            `json:"all,omitempty"`    // every device of the account
	Filter *DeviceFilter   `json:"filter,omitempty"` // every device that it selects
	Params json.RawMessage `json:"params,omitempty"`
	Terms
}

// Terms say how an order is carried out.
type Terms struct {
	DryRun        bool   `json:"dry_run,omitempty"`         // only tell what would happen
	Comment       string `json:"comment,omitempty"`         // why; the job and the log keep it
	DeliverWithin int64  `json:"deliver_within,omitempty"`  // seconds; 0 is the action's own time
	Offline       string `json:"offline,omitempty"`         // what becomes of devices that are away: "queue" (default) or "skip"
	Expect        int    `json:"expect,omitempty"`          // devices that were confirmed; if it finds another number, nothing is done
	ApprovedJobID string `json:"approved_job_id,omitempty"` // of the proposed job that was approved; the new job has this id
	Propose       bool   `json:"propose,omitempty"`         // only keep the order, for somebody else to approve
	Hold          bool   `json:"hold,omitempty"`            // with Propose: once approved, wait for a request with ApprovedJobID
}

// A Retry orders the action of a job again where it did not succeed.
type Retry struct {
	States []string `json:"states,omitempty"` // of failed, expired, refused, cancelled; none is all of them
	Terms
}

// An Undo takes a job back.
type Undo struct {
	Params json.RawMessage `json:"params,omitempty"` // of the opposite action
	Terms
}

// A Proposal is an order that somebody else has to approve. Its id is the one
// that the job will have.
type Proposal struct {
	ID        string          `json:"id"`
	State     string          `json:"state"` // proposed, approved, rejected, used, expired
	Action    string          `json:"action"`
	Params    json.RawMessage `json:"params"`
	Comment   string          `json:"comment,omitempty"`
	Targets   int             `json:"targets"`            // devices that it found
	Applies   *int            `json:"applies,omitempty"`  // of them, those that it applied to when it was proposed; nil if nobody knows
	Selected  *Selection      `json:"selected,omitempty"` // what names the devices; nil where a list leaves out a long order, and for a token without the scope read
	Hold      bool            `json:"hold,omitempty"`     // once approved it waits for a request that brings its id
	Source    string          `json:"source"`
	Actor     string          `json:"actor"` // who proposed it, for programs
	By        string          `json:"by,omitempty"`
	Asked     time.Time       `json:"asked"`
	Expires   time.Time       `json:"expires"`
	Decided   time.Time       `json:"decided,omitzero"`
	DecidedBy string          `json:"decided_by,omitempty"`
	Reason    string          `json:"reason,omitempty"` // what the one who decided said
}

// A Selection is what names the devices of an order. One of its members is set,
// what only says more aside.
type Selection struct {
	All       bool     `json:"all,omitempty"`        // every device
	Group     string   `json:"group,omitempty"`      // id: every device in it
	GroupName string   `json:"group_name,omitempty"` // none if the group is gone
	Filtered  bool     `json:"filtered,omitempty"`   // every device that a filter selects, which Terms say
	Terms     []Term   `json:"terms,omitempty"`
	More      int      `json:"more,omitempty"`     // terms that are left out
	Within    bool     `json:"within,omitempty"`   // of All or Filtered, those in the groups of who asked
	Named     int      `json:"named,omitempty"`    // ids or MAC addresses
	First     []string `json:"first,omitempty"`    // of them
	RetryOf   string   `json:"retry_of,omitempty"` // the devices of this job on which it did not succeed
	UndoOf    string   `json:"undo_of,omitempty"`  // those on which it did
}

// A Term is one thing that a filter asks of devices. Several of one field are
// alternatives; fields narrow one another.
type Term struct {
	Field string `json:"field"`
	Word  string `json:"word"`
	Name  string `json:"name,omitempty"` // of a group, whose id is the word
}

// A Decision approves or rejects a Proposal.
type Decision struct {
	Reason string `json:"reason,omitempty"`
}

// A Placement is what became of an Order.
type Placement struct {
	Job      *Job      `json:"job,omitempty"`      // none for a dry run, a proposal, and where devices were restored
	Proposal *Proposal `json:"proposal,omitempty"` // of an order that was proposed
	Restored int       `json:"restored,omitempty"` // devices that an undone deletion brought back
	// NeedsApproval is whether a dry run found more devices than one person may order.
	NeedsApproval bool `json:"needs_approval,omitempty"`
	// Outcomes has one element for each of IDs or MACs, in their order.
	Outcomes []Outcome `json:"outcomes,omitempty"`
	// Tally counts devices by the reason why the action does not apply; Applies
	// are those that it applies to. A repeated request has none.
	Tally map[string]int `json:"tally,omitempty"`
	// Excluded are, in a dry run for a group or for all, the first devices that
	// the action would not be ordered of, and ExcludedMore how many follow.
	Excluded     []Excluded `json:"excluded,omitempty"`
	ExcludedMore int        `json:"excluded_more,omitempty"`
	Repeated     bool       `json:"repeated,omitempty"` // answered from an earlier request with the same Idempotency-Key
}

// Applies is the member of a tally for the devices that the action applies to.
const Applies = "applies"

// An Outcome is what became of one id or MAC address of an Order.
type Outcome struct {
	Device  string `json:"device"` // as it was sent
	Status  int    `json:"status"` // 1 applied or queued, 0 no such device or not done, -1 does not apply
	Reason  string `json:"reason,omitempty"`
	Why     string `json:"why,omitempty"` // the reason in words
	Command string `json:"command,omitempty"`
}

// An Excluded is a device that an order would pass by.
type Excluded struct {
	Device   string `json:"device"` // id
	Hostname string `json:"hostname"`
	Reason   string `json:"reason"`
	Why      string `json:"why"` // the reason in words
}

// A Job is somebody's request and how far it has come.
type Job struct {
	ID        string           `json:"id"`
	Action    string           `json:"action"`
	Params    json.RawMessage  `json:"params"`
	Comment   string           `json:"comment,omitempty"`
	Source    string           `json:"source"` // oauth_api, api, cli, console, agent or system
	Actor     string           `json:"actor"`  // who asked, for programs
	By        string           `json:"by,omitempty"`
	Issued    time.Time        `json:"issued"`
	DeliverBy time.Time        `json:"deliver_by"`
	FinishBy  time.Time        `json:"finish_by"`
	Cancelled time.Time        `json:"cancelled,omitzero"`
	Paused    time.Time        `json:"paused,omitzero"`    // since when its agents hold back
	RetryOf   string           `json:"retry_of,omitempty"` // id of the job that it orders again
	UndoOf    string           `json:"undo_of,omitempty"`  // id of the job that it takes back
	Entries   int              `json:"entries"`            // devices that the request named
	Unmatched int              `json:"unmatched"`          // of them, those that are not there
	Targets   int              `json:"targets"`            // commands
	Open      int64            `json:"open"`               // commands that have not ended
	Counts    map[string]int64 `json:"counts"`             // commands by final state
}

// The events of a job that is followed; the data of each is the Job.
const (
	EventProgress = "progress"
	EventDone     = "done" // no command is open any more; the last one
)

// A Command is one action on one device.
type Command struct {
	ID       string          `json:"id"`
	Job      string          `json:"job"`
	Device   string          `json:"device"`
	Hostname string          `json:"hostname,omitempty"`
	State    string          `json:"state"`
	Reason   string          `json:"reason,omitempty"`
	Why      string          `json:"why,omitempty"`     // the reason in words
	Percent  *int            `json:"percent,omitempty"` // progress, where the agent tells it
	Message  string          `json:"message,omitempty"` // one line from the agent
	Changed  time.Time       `json:"changed"`
	Link     string          `json:"link,omitempty"`   // to the page where the user answers, while that is waited for
	Late     string          `json:"late,omitempty"`   // state that a report named after the end
	Result   json.RawMessage `json:"result,omitempty"` // what the agent sent back; not in lists
}
