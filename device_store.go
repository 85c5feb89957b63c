package reeve

import (
	"context"
	"time"
)

// A DeviceStore reads the inventory and takes imported devices.
type DeviceStore interface {
	// Device finds one device by public id, archived ones not.
	Device(ctx context.Context, account int64, id string) (Device, error)
	// DevicesByID returns the devices with these ids, in no promised order,
	// leaving out ids that name none.
	DevicesByID(ctx context.Context, account int64, ids []string) ([]Device, error)
	// DevicesEver is DevicesByID with archived ones, but not erased ones.
	DevicesEver(ctx context.Context, account int64, ids []string) ([]Device, error)
	// DevicesByNo is DevicesByID for internal keys, in their order.
	DevicesByNo(ctx context.Context, account int64, nos []int64) ([]Device, error)
	// DevicesByCustomID is DevicesByID for third-party ids.
	DevicesByCustomID(ctx context.Context, account int64, ids []string) ([]Device, error)
	// DevicesByMAC returns every device that claims one of these MACs.
	DevicesByMAC(ctx context.Context, account int64, macs []MAC) ([]Device, error)
	// Devices returns one page; see DeviceQuery. Pages without Page are keyset
	// pages, as fast at the end of a fleet as at its beginning.
	Devices(ctx context.Context, account int64, q DeviceQuery) ([]Device, error)
	// LookForDevices is Devices for whoever does not wait: a page that was not full
	// when the patience was spent is returned as it is, with the place behind which,
	// or before which, to look on; nil if the page is full, or the list ends with it.
	// The patience is more than 0, and does not bound pages by number.
	LookForDevices(ctx context.Context, account int64, q DeviceQuery, patience time.Duration) (found []Device, on *DeviceRow, err error)
	// Import runs fn and commits what it did through the Importing if it returns
	// nil. Imports, enrolments and placings of one account do not overlap.
	Import(ctx context.Context, account int64, fn func(Importing) error) error
	// Describe stores what is said of a device that is not archived. Conflict if
	// another device of the account has the custom id.
	Describe(ctx context.Context, account int64, id string, d Description, entry AuditEntry) error
	// Restore brings back those of these devices that are archived and not due to
	// be erased at now. One whose order to retire still waited is Managed again,
	// or OutOfLicense, and the order is cancelled; any other is Unknown, and its
	// key may enrol anew. A custom id that another device has by now is lost. The
	// entry is completed with what came back, and left out if nothing did.
	Restore(ctx context.Context, account int64, ids []string, now time.Time, entry AuditEntry) (restored []string, cancelled []Order, err error)
	// ChangedDevices returns one page of the devices whose status changed, each
	// once, archived ones too but not erased ones, by rising internal key.
	ChangedDevices(ctx context.Context, account int64, q ChangeQuery) ([]Device, error)
	// CountDevices returns how many devices the account has in each standing.
	CountDevices(ctx context.Context, account int64) (map[Standing]int64, error)
	// CountFound returns how many devices a query selects, on all pages.
	CountFound(ctx context.Context, account int64, q DeviceQuery) (int64, error)
	// CountUpTo is CountFound that stops at limit and once the patience, which is
	// more than 0, is spent; all reports that it did neither.
	CountUpTo(ctx context.Context, account int64, q DeviceQuery, limit int64, patience time.Duration) (n int64, all bool, err error)
	// CountByClass is CountFound for each class by itself: what decides to how many
	// of them an action applies.
	CountByClass(ctx context.Context, account int64, q DeviceQuery) (map[Class]int64, error)
	// CountExempt returns how many of the managed ones are exempt at now from
	// everything.
	CountExempt(ctx context.Context, account int64, now time.Time) (int64, error)
	// Identifications returns up to limit times that the device's user said who
	// it is, newest command first, of jobs placed before the given one (0: all).
	Identifications(ctx context.Context, account, device int64, before JobID, limit int) ([]Identification, error)
}

// Importing is the inside of an import's transaction.
type Importing interface {
	// Alike returns the devices, archived ones not, that have one of these MACs,
	// and those without any MAC that have one of these hostnames.
	Alike(macs []MAC, hostnames []string) ([]Device, error)
	// Add adds devices with standing Unknown in the default group, and sets No on
	// each element. It is called once.
	Add(devices []Device, entry AuditEntry) error
}

// A ChangeQuery says what counts as a change of a device's status.
type ChangeQuery struct {
	Since   time.Time
	Events  []string // of rows of the log: each device that they are about
	Actions []string // of jobs: each device whose command succeeded
	Systems []System // only devices of these; none is all
	Limit   int      // at least 1
	Page    int      // from 1
}

// An EnrolStore lets control decide about one enrolment inside a transaction.
type EnrolStore interface {
	// Enrol runs fn and commits what it did through the Enrolling if it
	// returns nil. Enrolments of one account do not overlap.
	Enrol(ctx context.Context, fn func(Enrolling) error) error
	// DeviceByKey finds the device with this key in whatever account and
	// whatever standing, Archived too, but not erased.
	DeviceByKey(ctx context.Context, key Key) (Device, int64, error)
}

// Enrolling is the inside of an enrolment's transaction.
type Enrolling interface {
	// Code returns the valid code with this hash; revoked, expired and used-up
	// codes are NotFound. It locks the code's account.
	Code(hash string, now time.Time) (Code, Account, error)
	// Claimants returns the account's devices, archived ones not, that have one
	// of these MACs or this hardware id (if not empty).
	Claimants(account int64, macs []MAC, hardwareID string) ([]Device, error)
	// Listed returns the account's unknown and ignored devices without a MAC that
	// were found in a directory and whose hostname, or its first label, is this one
	// or its first label, in any case.
	Listed(account int64, hostname string) ([]Device, error)
	// SeatIsFree reports whether a further managed device fits the account.
	SeatIsFree(account int64) (bool, error)
	// Save adds d (No is 0) or replaces the record with d.No, its MACs too.
	// d.GroupID must name a group, or is empty for the default group.
	Save(account int64, d Device) (Device, error)
	// Spend counts one use of the code.
	Spend(codeHash string) error
	// Log appends entries.
	Log(entries ...AuditEntry) error
}

// A PresenceStore keeps what agents say of themselves.
type PresenceStore interface {
	// Meet stores the Hellos of a batch of devices: class parts that the agent
	// names, facts, hostname, MACs, address; and that they are online.
	Meet(ctx context.Context, now time.Time, batch []Meeting) error
	// Seen stores that these devices were heard at now and are online, or left.
	Seen(ctx context.Context, now time.Time, devices []int64, online bool) error
	// NobodyOnline marks every device as away, as after a restart.
	NobodyOnline(ctx context.Context) error
}

// A Meeting is one device's Hello.
type Meeting struct {
	Device    int64
	Version   Version
	Abilities Abilities
	Hostname  string
	MACs      []MAC
	Facts     Facts
	Address   string // where the agent connected from, without port
}
