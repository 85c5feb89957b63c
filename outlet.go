package reeve

import "time"

// An Outlet is a place outside of the store to which an account's log flows by
// itself: the account's webhook, or an export. What was not delivered yet is
// told by its Place, so that a restart loses nothing.
type Outlet struct {
	No      int64  // internal key
	Account int64  // whose log
	ID      string // 32 lower-case hex digits
	Kind    OutletKind
	Name    string // unique among the account's outlets
	Enabled bool
	// Events are what is sent: statuses for a webhook, and for an export events
	// of the log, where none means all.
	Events   []string
	Settings OutletSettings
	Sealed   []byte // its key or secret, encrypted; nil without one
	Version  int64  // rises with every change by hand
	Created  time.Time

	Flow
}

// An OutletKind is the sort of an outlet.
type OutletKind string

// The kinds. An account has at most one webhook; all others are exports.
const (
	WebhookOutlet OutletKind = "webhook" // one POST for each device event
	FileOutlet    OutletKind = "file"    // lines in a file on the server
	SyslogOutlet  OutletKind = "syslog"  // RFC 5424 messages
	S3Outlet      OutletKind = "s3"      // objects in S3-compatible storage
)

// OutletSettings are where an outlet leads and in which form. Which fields count
// is told by the kind.
type OutletSettings struct {
	URL string `json:"url,omitempty"` // webhook: the callback; s3: the endpoint
	CA  string `json:"ca,omitempty"`  // PEM certificates to trust besides the system's

	Devices bool `json:"devices,omitempty"` // exports: also a line for each device of a job

	Network string `json:"network,omitempty"` // syslog: udp, tcp or tls
	Address string `json:"address,omitempty"` // syslog: HOST:PORT

	Bucket    string `json:"bucket,omitempty"`
	Prefix    string `json:"prefix,omitempty"` // of the objects' keys
	Region    string `json:"region,omitempty"`
	AccessKey string `json:"access_key,omitempty"`
	PathStyle bool   `json:"path_style,omitempty"` // the bucket is in the path, not in the host name
	Gzip      bool   `json:"gzip,omitempty"`
	Every     int64  `json:"every,omitempty"` // s3: seconds between objects
}

// A Flow is how an outlet fares.
type Flow struct {
	Place       Place
	Head        int64     // the last row of the log; read only
	Failures    int64     // pushes of a webhook that failed in a row, tries of an export
	LastSuccess time.Time // zero until something was delivered
	LastFailure time.Time
	LastError   string // a sentence for people; stays when it works again
}

// A Place is where reading an account's log goes on: at this row and, if the row
// is about many devices, at one of them. What is before it was delivered.
type Place struct {
	Seq  int64
	Leaf int64
}

// Behind returns how many rows of the log wait for the outlet.
func (f Flow) Behind() int64 { return max(f.Head-f.Place.Seq+1, 0) }

// The statuses that a webhook sends.
const (
	StatusInstalled    = "installed"     // a device was enrolled
	StatusDeleted      = "deleted"       // a device was deleted, by whomever
	StatusCompliant    = "compliant"     // a device that counts as compliant was enrolled
	StatusNonCompliant = "non_compliant" // nothing that Reeve knows of leads to it yet
	StatusThreatFound  = "threat_found"  // a scan of a device found threats; Reeve's own
)

// WebhookStatuses are all of them.
var WebhookStatuses = []string{StatusInstalled, StatusDeleted, StatusCompliant, StatusNonCompliant, StatusThreatFound}

// A Reply is what the receiver of a webhook said to a sample.
type Reply struct {
	Status  int    // of HTTP; 0 if there was no answer
	Body    string // how the answer begins
	Failure string // why it does not count as received; empty if it does
	Took    time.Duration
}
