package client

import (
	"time"
)

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
	Users        []string          `json:"users,omitempty"`   // all who are
	OS           string            `json:"os,omitempty"`
	Architecture string            `json:"arch,omitempty"`
	Type         string            `json:"type,omitempty"`   // desktop, laptop, server, vm, phone or tablet
	Memory       int64             `json:"memory,omitempty"` // bytes
	Networks     []Network         `json:"networks,omitempty"`
	Disks        []Disk            `json:"disks,omitempty"`
	Identity     map[string]string `json:"identity,omitempty"` // answers to re-identify
	Settings     *HeldSettings     `json:"settings,omitempty"` // that its agent has in force
	AddedAt      time.Time         `json:"added_at"`
	Source       string            `json:"source"`              // how it came into the inventory: agent, import, neighbour or directory
	SeenBy       []string          `json:"seen_by,omitempty"`   // ids of devices whose agents saw it
	FirstSeen    time.Time         `json:"first_seen,omitzero"` // by them
	EnrolledAt   time.Time         `json:"enrolled_at,omitzero"`
	LastSeen     time.Time         `json:"last_seen,omitzero"`
	LastReboot   time.Time         `json:"last_reboot,omitzero"`
	AgentSince   time.Time         `json:"agent_since,omitzero"` // when its agent was started
	ArchivedAt   time.Time         `json:"archived_at,omitzero"` // when it was deleted
}

// A Threat is what one signature of one engine found in a file of a device.
type Threat struct {
	Path      string    `json:"path"` // a process or a boot record in words
	Signature string    `json:"signature"`
	Engine    string    `json:"engine"`
	Size      int64     `json:"size"` // bytes; -1 where there is no file
	SHA256    string    `json:"sha256,omitempty"`
	MD5       string    `json:"md5,omitempty"`
	First     time.Time `json:"first"` // when the first and the last scan that found it was reported
	Last      time.Time `json:"last"`
	Scans     int64     `json:"scans"`

	Quarantine string `json:"quarantine,omitempty"` // what unquarantine takes to bring the file back
}

// A Network is one interface of a device.
type Network struct {
	Name string   `json:"name"`
	MAC  string   `json:"mac"`
	IPv4 []string `json:"ipv4,omitempty"`
	IPv6 []string `json:"ipv6,omitempty"`
}

// A Disk is one file system of a device.
type Disk struct {
	Name string `json:"name"`           // where it is found: "/", "/home", `C:\`
	Type string `json:"type,omitempty"` // such as ext4 or NTFS
	Size int64  `json:"size"`           // bytes
	Free int64  `json:"free"`           // bytes that may still be written, about
}

// An Identification is one time that a device's user answered re-identify.
type Identification struct {
	At      time.Time         `json:"at"`
	Command string            `json:"command"`
	Door    string            `json:"door"`              // how: window, terminal, link, or agent where it did not say
	User    string            `json:"user,omitempty"`    // who was logged in
	Address string            `json:"address,omitempty"` // of the browser, by link only
	Answers map[string]string `json:"answers"`
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
