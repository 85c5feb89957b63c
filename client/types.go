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

// An Order asks for one action on many devices. Exactly one of IDs, MACs, Group
// and All names them.
type Order struct {
	Action string          `json:"action"`
	IDs    []string        `json:"ids,omitempty"`
	MACs   []string        `json:"macs,omitempty"`
	Group  string          `json:"group,omitempty"` // id of a group: all its devices
	All    bool            `json:"all,omitempty"`   // every device of the account
	Params json.RawMessage `json:"params,omitempty"`
	Terms
}

// Terms say how an order is carried out.
type Terms struct {
	DryRun        bool   `json:"dry_run,omitempty"`        // only tell what would happen
	Comment       string `json:"comment,omitempty"`        // why; the job and the log keep it
	DeliverWithin int64  `json:"deliver_within,omitempty"` // seconds; 0 is the action's own time
	Offline       string `json:"offline,omitempty"`        // what becomes of devices that are away: "queue" (default) or "skip"
}

// A Retry orders the action of a job again where it did not succeed.
type Retry struct {
	States []string `json:"states,omitempty"` // of failed, expired, refused, cancelled; none is all of them
	Terms
}

// A Placement is what became of an Order.
type Placement struct {
	Job *Job `json:"job,omitempty"` // none for a dry run
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
	RetryOf   string           `json:"retry_of,omitempty"` // id of the job that it orders again
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
	Late     string          `json:"late,omitempty"`   // state that a report named after the end
	Result   json.RawMessage `json:"result,omitempty"` // what the agent sent back; not in lists
}

// A Device is one machine.
type Device struct {
	ID           string            `json:"id"`
	Hostname     string            `json:"hostname,omitempty"`
	Nickname     string            `json:"nickname,omitempty"`    // given by an administrator
	CustomID     string            `json:"custom_id,omitempty"`   // a third party's id for it
	LinkedUser   string            `json:"linked_user,omitempty"` // the user that an integration linked to it
	LinkedTeam   string            `json:"linked_team,omitempty"` // that user's group
	Standing     string            `json:"standing"`              // managed, unknown, ignored, out_of_license or archived
	AgentKind    string            `json:"agent_kind"`            // none, persistent, on_demand, mobile or domain_controller
	AgentVersion string            `json:"agent_version,omitempty"`
	System       string            `json:"system"`              // other, windows, mac, linux, ios or android
	Abilities    []string          `json:"abilities,omitempty"` // actions that its agent can do
	MACs         []string          `json:"macs,omitempty"`
	Group        string            `json:"group"` // id of its group
	GroupName    string            `json:"group_name,omitempty"`
	Exempt       string            `json:"exempt,omitempty"`       // from what it is exempt: all or critical
	ExemptUntil  *time.Time        `json:"exempt_until,omitempty"` // the year 9999 is for ever
	Online       bool              `json:"online"`
	Address      string            `json:"address,omitempty"` // that its agent was last seen from
	User         string            `json:"user,omitempty"`    // who is logged in
	OS           string            `json:"os,omitempty"`
	Architecture string            `json:"arch,omitempty"`
	Type         string            `json:"type,omitempty"` // desktop, laptop, server, vm, phone or tablet
	Networks     []Network         `json:"networks,omitempty"`
	Identity     map[string]string `json:"identity,omitempty"` // answers to re-identify
	AddedAt      time.Time         `json:"added_at"`
	EnrolledAt   time.Time         `json:"enrolled_at,omitzero"`
	LastSeen     time.Time         `json:"last_seen,omitzero"`
	LastReboot   time.Time         `json:"last_reboot,omitzero"`
	ArchivedAt   time.Time         `json:"archived_at,omitzero"` // when it was deleted
}

// A Network is one interface of a device.
type Network struct {
	Name string   `json:"name"`
	MAC  string   `json:"mac"`
	IPv4 []string `json:"ipv4,omitempty"`
	IPv6 []string `json:"ipv6,omitempty"`
}

// A Description is what to change of what is said of a device. Nil members stay,
// empty ones are taken away.
type Description struct {
	Nickname   *string `json:"nickname,omitempty"`
	CustomID   *string `json:"custom_id,omitempty"`
	LinkedUser *string `json:"linked_user,omitempty"`
	LinkedTeam *string `json:"linked_team,omitempty"`
}

// A NewDevice is a device to import: known by name and address, without agent.
type NewDevice struct {
	Hostname string   `json:"hostname"`
	MACs     []string `json:"macs,omitempty"`
}

// An Import adds devices, all of them or none.
type Import struct {
	Devices []NewDevice `json:"devices"`
	DryRun  bool        `json:"dry_run,omitempty"` // only count
}

// Imported is what became of an Import.
type Imported struct {
	Imported int `json:"imported"`
	Skipped  int `json:"skipped"` // such devices are there already: one of their MACs is, or their hostname where they have none
}

// A Restore asks for deleted devices by their ids.
type Restore struct {
	IDs []string `json:"ids"`
}

// Restored says which devices came back, by their ids, and which did not.
type Restored struct {
	Restored []string     `json:"restored"`
	Refused  []Unrestored `json:"refused"`
}

// An Unrestored device did not come back.
type Unrestored struct {
	ID     string `json:"id"`
	Reason string `json:"reason"` // not_found, not_deleted or erased
	Why    string `json:"why"`    // the reason in words
}

// A Group is a named set of devices.
type Group struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Default     bool      `json:"default,omitempty"` // takes devices that were put nowhere else
	Devices     int64     `json:"devices"`
	Created     time.Time `json:"created"`
	Modified    time.Time `json:"modified"`
}

// A NewGroup is a group to create.
type NewGroup struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// A GroupChange is what to change of a group; nil members stay.
type GroupChange struct {
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Default     *bool   `json:"default,omitempty"` // true: it takes new devices from now on
}

// An App is a client of the server with permissions of its own.
type App struct {
	ClientID          string    `json:"client_id"`
	ClientSecret      string    `json:"client_secret,omitempty"` // only in the answer that creates it
	Name              string    `json:"name"`
	Description       string    `json:"description,omitempty"`
	RedirectURIs      []string  `json:"redirect_uris,omitempty"` // where browsers may be sent with a code
	Scopes            []string  `json:"scopes"`
	CLI               bool      `json:"cli,omitempty"`
	RequestsPerMinute int64     `json:"requests_per_minute,omitempty"` // 0: the account's limit; negative: none
	CreatedBy         string    `json:"created_by,omitempty"`
	Created           time.Time `json:"created,omitzero"`
	Modified          time.Time `json:"modified,omitzero"`
	Revoked           time.Time `json:"revoked,omitzero"`
}

// A NewApp is an app to create.
type NewApp struct {
	Name              string   `json:"name"`
	Description       string   `json:"description,omitempty"`
	RedirectURIs      []string `json:"redirect_uris,omitempty"` // where browsers may be sent with a code
	Scopes            []string `json:"scopes"`
	CLI               bool     `json:"cli,omitempty"`                 // it is for the command line
	RequestsPerMinute int64    `json:"requests_per_minute,omitempty"` // 0: the account's limit; negative: none
}

// An AppFilter selects and orders apps; empty fields select all, oldest first.
type AppFilter struct {
	Search string // part of the name
	Sort   string // "created" or "name", with "-" before it for the other way round
}

// An AppChange is what to change of an app; nil fields stay.
type AppChange struct {
	Name              *string   `json:"name,omitempty"`
	Description       *string   `json:"description,omitempty"`
	RedirectURIs      *[]string `json:"redirect_uris,omitempty"`
	Scopes            *[]string `json:"scopes,omitempty"`
	RequestsPerMinute *int64    `json:"requests_per_minute,omitempty"`
}

// An Operator is a person who signs in.
type Operator struct {
	Name     string    `json:"name"`
	Scopes   []string  `json:"scopes"`
	Password string    `json:"password,omitempty"` // only in the answer that makes it
	Created  time.Time `json:"created,omitzero"`
}

// A NewOperator is an operator to create.
type NewOperator struct {
	Name     string   `json:"name"`
	Scopes   []string `json:"scopes"`
	Password string   `json:"password,omitempty"` // without one the server makes it
}

// An OperatorChange is what to change of an operator; nil fields stay.
type OperatorChange struct {
	Scopes   *[]string `json:"scopes,omitempty"`
	Password *string   `json:"password,omitempty"` // "" has the server make one
}

// A Code lets devices enrol.
type Code struct {
	ID        string    `json:"id,omitempty"`
	Code      string    `json:"code,omitempty"` // only in the answer that creates it
	Hint      string    `json:"hint,omitempty"` // how it begins
	Note      string    `json:"note,omitempty"`
	Group     string    `json:"group,omitempty"`      // id of the group for its devices
	Kind      string    `json:"agent_kind,omitempty"` // the only kind it enrols
	Uses      int64     `json:"uses,omitempty"`       // 0: no limit
	Used      int64     `json:"used"`
	Community bool      `json:"community,omitempty"` // whether the community agent's protocol may use it
	Expires   time.Time `json:"expires,omitzero"`
	Created   time.Time `json:"created,omitzero"`
	Revoked   time.Time `json:"revoked,omitzero"`
}

// A NewCode is a registration code to create.
type NewCode struct {
	Note      string    `json:"note,omitempty"`
	Group     string    `json:"group,omitempty"`
	Kind      string    `json:"agent_kind,omitempty"`
	Uses      int64     `json:"uses,omitempty"`
	Community bool      `json:"community,omitempty"`
	Expires   time.Time `json:"expires,omitzero"`
}

// An Account is a tenant of the server.
type Account struct {
	Name              string           `json:"name"`
	LicenseKey        string           `json:"license_key"`         // names the account to others; opens nothing
	Seats             int64            `json:"seats"`               // 0: no limit
	RequestsPerMinute int64            `json:"requests_per_minute"` // 0: the server's setting; negative: no limit
	IdentityFields    []IdentityField  `json:"identity_fields,omitempty"`
	Settings          Settings         `json:"settings"`
	Devices           map[string]int64 `json:"devices,omitempty"` // by standing; only for one's own
	Created           time.Time        `json:"created"`
	// First is what the new account begins with, only in the answer that
	// creates it.
	First *FirstCredentials `json:"first,omitempty"`
}

// An IdentityField is one question of re-identify.
type IdentityField struct {
	Name     string `json:"name"`
	Label    string `json:"label"`
	Required bool   `json:"required"`
	Pattern  string `json:"pattern,omitempty"` // RE2 that the whole answer must match
}

// Settings are what an account's administrators decide for it.
type Settings struct {
	Unassessed      string `json:"unassessed"`        // how a device counts whose posture nobody assessed: pending or compliant
	UnseenAfterDays int64  `json:"unseen_after_days"` // without a word, until a device counts as unseen
	RestoreDays     int64  `json:"restore_days"`      // that a deleted device can be restored
	KeepReportsDays int64  `json:"keep_reports_days"` // that results can be fetched
	KeepLogDays     int64  `json:"keep_log_days"`     // after which rows of the log are pruned; 0: never
}

// A NewAccount is an account to create.
type NewAccount struct {
	Name  string `json:"name"`
	Seats int64  `json:"seats,omitempty"` // 0: no limit
}

// An AccountChange are the settings to change; nil ones stay. Seats and limit
// are only for admins of the first account.
type AccountChange struct {
	Name              *string          `json:"name,omitempty"`
	Seats             *int64           `json:"seats,omitempty"`
	RequestsPerMinute *int64           `json:"requests_per_minute,omitempty"`
	IdentityFields    *[]IdentityField `json:"identity_fields,omitempty"`
	Settings          *SettingsChange  `json:"settings,omitempty"`
}

// A SettingsChange are the Settings to change; nil ones stay, and zero takes the
// default.
type SettingsChange struct {
	Unassessed      *string `json:"unassessed,omitempty"`
	UnseenAfterDays *int64  `json:"unseen_after_days,omitempty"`
	RestoreDays     *int64  `json:"restore_days,omitempty"`
	KeepReportsDays *int64  `json:"keep_reports_days,omitempty"`
	KeepLogDays     *int64  `json:"keep_log_days,omitempty"`
}

// A Gift is what an account is given; nil members stay.
type Gift struct {
	Seats             *int64 `json:"seats,omitempty"`
	RequestsPerMinute *int64 `json:"requests_per_minute,omitempty"`
}

// FirstCredentials let the owner of a new account in.
type FirstCredentials struct {
	Operator         string `json:"operator"`
	Password         string `json:"password"`
	ClientID         string `json:"client_id"`
	ClientSecret     string `json:"client_secret"`
	RegistrationCode string `json:"registration_code"`
}

// An Entry is one row of the log.
type Entry struct {
	Seq       int64           `json:"seq"`
	At        time.Time       `json:"at"`
	Event     string          `json:"event"`
	Source    string          `json:"source"`
	Actor     string          `json:"actor"`
	By        string          `json:"by,omitempty"`
	Address   string          `json:"address,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Device    string          `json:"device,omitempty"`
	Job       string          `json:"job,omitempty"`
	Outcome   string          `json:"outcome"`
	Detail    json.RawMessage `json:"detail,omitempty"`
	Hash      string          `json:"hash"` // of this row, chained to the one before
}

// A LogEnd is the last line of an export of the log.
type LogEnd struct {
	End     bool  `json:"end"`     // always true
	Lines   int64 `json:"lines"`   // that came before it
	Through int64 `json:"through"` // the last row that was looked at
}

// A Verdict is what checking the log found.
type Verdict struct {
	Account     string `json:"account"`
	Rows        int64  `json:"rows"`
	From        int64  `json:"from"` // the oldest row that is kept: more than 1 once the log was pruned
	Checkpoints int    `json:"checkpoints"`
	Intact      bool   `json:"intact"`
	Fault       string `json:"fault,omitempty"` // what is wrong and where
}

// A Version is what the server says of itself.
type Version struct {
	Version string `json:"version"`
	API     string `json:"api"`
}
