package reeve

import (
	"context"
	"time"
)

// Origin is how a record came into the inventory.
type Origin int8

// The origins. A record that an agent enrols with, also one that was there
// before, is ByAgent from then on.
const (
	ByAgent     Origin = iota // its agent enrolled
	ByImport                  // somebody imported it
	ByNeighbour               // another device's agent saw it on the network
	ByDirectory               // a domain controller's agent read it from the directory
)

var origins = names[Origin]{"agent", "import", "neighbour", "directory"}

func (o Origin) String() string { return origins.of(o) }

// A Discovery is what the agents of others say of a device.
type Discovery struct {
	Origin    Origin
	Object    string    // objectGUID in the directory, 32 lower-case hex digits; empty for none
	FirstSeen time.Time // by them; zero if they never saw it
	SeenBy    []string  // public ids of the devices that did, latest first; the first few of many
}

// A Sighting is one machine that an agent saw.
type Sighting struct {
	Origin    Origin // ByNeighbour or ByDirectory
	MAC       MAC    // 0 for a machine of the directory
	Object    string // as in Discovery; empty for a neighbour
	Hostname  string // may be empty for a neighbour
	Addresses []string
	System    System // and the rest, from the directory
	OSName    string
	OSVersion string
	At        time.Time // when the machine was last active; zero for just now
}

// A Found is what one device's agent saw.
type Found struct {
	Device    int64
	Sightings []Sighting
}

// A Finder is a device whose agent sees others.
type Finder struct {
	Device  int64
	Account int64
	ID      string
	Class   Class
}

// A DiscoveryStore takes what agents see of machines without an agent.
type DiscoveryStore interface {
	// Finders returns those of these devices that are not archived, of whatever
	// account, by rising internal key.
	Finders(ctx context.Context, devices []int64) ([]Finder, error)
	// Discover runs fn and commits what it did through the Discovering if it
	// returns nil. Discoveries, imports, enrolments and placings of one account do
	// not overlap.
	Discover(ctx context.Context, account int64, fn func(Discovering) error) error
}

// Discovering is the inside of a discovery's transaction.
type Discovering interface {
	// Alike returns the devices, archived ones not, that have one of these MACs,
	// were found as one of these objects, or have one of these hostnames, in any
	// case. Each comes once, by rising internal key.
	Alike(macs []MAC, objects, hostnames []string) ([]Device, error)
	// CountFound returns how many unknown and ignored devices were found, by the
	// device whose agent found them first.
	CountFound() (map[int64]int64, error)
	// Add adds found devices with standing Unknown in the default group, the nth
	// found by finders[n], and sets No on each element.
	Add(devices []Device, finders []int64) error
	// Update stores of unknown and ignored devices that were found again hostname,
	// system, facts and discovery, and further MACs.
	Update(devices []Device) error
	// Saw stores when devices that have no agent were last seen.
	Saw(devices []Device) error
	// Log appends an entry, which is found by each device that was added.
	Log(entry AuditEntry) error
}
