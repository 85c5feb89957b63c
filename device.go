package reeve

import "time"

// Standing is a device's place in the account, apart from its posture.
type Standing int8

// The standings. Archived devices have left the inventory: every lookup but
// that of the archive answers as if they did not exist.
const (
	Managed      Standing = iota // has an agent and a seat
	Unknown                      // seen or imported, no agent
	Ignored                      // an unknown device that an administrator set aside
	OutOfLicense                 // enrolled, but all seats are taken
	Archived                     // deleted, restorable until it is erased
)

// AgentKind is the sort of agent that a device runs.
type AgentKind int8

// The kinds, named only in the rules of Device Action on the published pages.
const (
	NoAgent AgentKind = iota
	Persistent
	OnDemand
	Mobile
	DomainController
)

// System is a device's operating system family.
type System int8

// The systems, as in the os filter of Get Devices.
const (
	OtherSystem System = iota
	Windows
	MacOS
	Linux
	IOS
	Android
)

var (
	standings  = names[Standing]{"managed", "unknown", "ignored", "out_of_license", "archived"}
	agentKinds = names[AgentKind]{"none", "persistent", "on_demand", "mobile", "domain_controller"}
	systems    = names[System]{"other", "windows", "mac", "linux", "ios", "android"}
)

func (s Standing) String() string  { return standings.of(s) }
func (k AgentKind) String() string { return agentKinds.of(k) }
func (s System) String() string    { return systems.of(s) }

// ParseStanding returns the standing with the given name.
func ParseStanding(name string) (Standing, bool) { return standings.find(name) }

// ParseAgentKind returns the agent kind with the given name.
func ParseAgentKind(name string) (AgentKind, bool) { return agentKinds.find(name) }

// ParseSystem returns the system with the given name.
func ParseSystem(name string) (System, bool) { return systems.find(name) }

// A Class is everything that decides whether an action applies to a device.
// A fleet has few distinct classes, so rules are evaluated once per class and
// not once per device. It is comparable.
type Class struct {
	Standing  Standing
	Kind      AgentKind
	System    System
	Version   Version   // of the agent, zero without one
	Abilities Abilities // what the agent said it can do
}

// Forever is the end of an exemption that has none.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Exemption says which issues of a device are excused while it lasts.
type Exemption int8

// The kinds of exemption. Critical only is the v2 action exempt_critical.
const (
	ExemptAll Exemption = iota
	ExemptCritical
)

// A Key is a device's Ed25519 public key, which is its identity. The zero Key
// belongs to a device without an agent.
type Key [32]byte

// A Device is one machine of an account.
type Device struct {
	No    int64  // internal key, also its address on the wire between server and agent
	ID    string // 32 lower-case hex digits, made by the server
	Class Class
	Key   Key

	Hostname   string
	Nickname   string // given by an administrator
	CustomID   string // a third party's id for it, unique in the account; empty for none
	LinkedUser string // the user that an integration linked to it, and
	LinkedTeam string // that user's group
	HardwareID string // hash that the agent computed; empty if unknown
	MACs       []MAC
	GroupID    string
	GroupName  string

	Exempt      Exemption
	ExemptUntil time.Time // zero if not exempt, Forever without an end

	Facts    Facts             // what the agent said of its machine
	Identity map[string]string // the latest answers to re-identify
	Discovery

	EnrolledAt time.Time // zero for a device that never had an agent
	AddedAt    time.Time
	LastSeen   time.Time
	Online     bool
	PublicIP   string    // address that its agent was last seen from
	ArchivedAt time.Time // zero unless archived
}

// A Description is what administrators and integrations say of a device. Nil
// fields stay as they are.
type Description struct {
	Nickname   *string
	CustomID   *string
	LinkedUser *string
	LinkedTeam *string
}

// IsExempt reports whether an exemption is in force at now.
func (d Device) IsExempt(now time.Time) bool { return d.ExemptUntil.After(now) }

// Facts is what an agent tells of its machine in its Hello.
type Facts struct {
	OSName       string    `json:"os_name,omitempty"`    // such as "Debian GNU/Linux"
	OSVersion    string    `json:"os_version,omitempty"` // such as "12.11"
	Architecture string    `json:"arch,omitempty"`       // such as "amd64"
	User         string    `json:"user,omitempty"`       // who is logged in
	Users        []string  `json:"users,omitempty"`      // all who are, User among them
	Type         string    `json:"type,omitempty"`       // desktop, laptop, server, vm, phone, tablet
	Memory       int64     `json:"memory,omitempty"`     // bytes
	LastReboot   time.Time `json:"last_reboot,omitzero"`
	AgentSince   time.Time `json:"agent_since,omitzero"` // when the agent was started
	Networks     []Network `json:"networks,omitempty"`
	Disks        []Disk    `json:"disks,omitempty"`
	// Settings are those that the agent has in force, as AgentSettings made them.
	Settings *HeldSettings `json:"settings,omitempty"`
}

// HeldSettings says which settings an agent has in force.
type HeldSettings struct {
	Digest   string `json:"digest,omitempty"`   // of all of them; empty without any
	Revision int64  `json:"revision,omitempty"` // of the account when they were signed
	Set      string `json:"set,omitempty"`      // name of the signature set
	Version  int64  `json:"version,omitempty"`  // of it
	Problem  string `json:"problem,omitempty"`  // why newer ones could not be taken
}

// A Network is one interface of a device.
type Network struct {
	Name string   `json:"name"`
	MAC  string   `json:"mac"`
	IPv4 []string `json:"ipv4,omitempty"`
	IPv6 []string `json:"ipv6,omitempty"`
}

// A Disk is one file system of a device that keeps what is written to it.
type Disk struct {
	Name string `json:"name"`           // where it is found: "/", "/home", `C:\`
	Type string `json:"type,omitempty"` // such as ext4 or NTFS
	Size int64  `json:"size"`           // bytes
	Free int64  `json:"free"`           // bytes that its users may still write, about
}
