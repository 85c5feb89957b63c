package reeve

import "context"

// AgentSettings are what an account's administrators decide for the agents of a
// group, or of all groups that have none of their own. The zero value asks
// nothing of an agent.
type AgentSettings struct {
	Set              string   `json:"set,omitempty"`               // name of the signature set; empty for none
	SetVersion       int64    `json:"set_version,omitempty"`       // 0 is the newest that there is
	ReportNeighbours bool     `json:"report_neighbours,omitempty"` // devices that the agent sees and that have no agent
	Quarantine       bool     `json:"quarantine,omitempty"`        // put away what a scan finds
	Engines          []string `json:"engines,omitempty"`           // the only ones to scan with; none is all that there are
}

// GroupSettings are the settings of one group.
type GroupSettings struct {
	Group   string // id; empty for the account's, which count where a group has none
	GroupNo int64  // internal key; 0 for the account's
	AgentSettings
	InForce SignatureSet // the version that Set and SetVersion mean; no name without one
}

// A Membership is which settings a device has.
type Membership struct {
	Device, Account, GroupNo int64
	Revision                 int64 // of the account's settings
}

// A SetStore keeps signature sets and the settings of agents. Every change
// raises the account's revision, by which agents tell newer settings from older
// ones: to the seconds of the entry's time since 1970 or, if that is no more than
// it was, by one. So it also rises past what was told before a store was put
// back from a copy.
type SetStore interface {
	// AddSet adds the next version of the set with this name and returns it with
	// its version.
	AddSet(ctx context.Context, s SignatureSet, entry AuditEntry) (SignatureSet, error)
	// Sets returns the versions of all sets of the account by name, the newest
	// first.
	Sets(ctx context.Context, account int64) ([]SignatureSet, error)
	// RemoveSet removes one version; Conflict if it is in force anywhere.
	RemoveSet(ctx context.Context, account int64, name string, version int64, entry AuditEntry) error
	// AgentSettings returns the account's settings, then those of the groups that
	// have their own, and the revision: 0 as long as nothing was ever set.
	AgentSettings(ctx context.Context, account int64) ([]GroupSettings, int64, error)
	// SetAgentSettings has fn change the settings as they are in force for a group,
	// or the account if the id is empty, and makes them its own. Those that name a
	// set or version that is not there are NotFound. After an error of fn nothing
	// happened.
	SetAgentSettings(ctx context.Context, account int64, group string, fn func(*AgentSettings) (AuditEntry, error)) error
	// RemoveAgentSettings takes away a group's own settings, or clears the
	// account's; NotFound if there are none.
	RemoveAgentSettings(ctx context.Context, account int64, group string, entry AuditEntry) error
	// Memberships returns which settings these devices have, in no promised
	// order. Those that are archived are left out, and those of accounts where
	// nothing was ever set.
	Memberships(ctx context.Context, devices []int64) ([]Membership, error)
	// SetFiles returns the digests of the files of all sets of the account.
	SetFiles(ctx context.Context, account int64) (map[string]bool, error)
}
