package scan

import "time"

// Limits on what one result carries. Beyond them only the counts go on.
const (
	MaxThreats = 1000
	MaxErrors  = 100
)

// Counts say how much was done.
type Counts struct {
	Files       int64 `json:"files"`      // examined
	Bytes       int64 `json:"bytes"`      // in the files examined
	BytesRead   int64 `json:"bytes_read"` // by the engines, as far as they tell
	Directories int64 `json:"directories"`
	Processes   int64 `json:"processes"` // examined
	Skipped     int64 `json:"skipped"`   // entries left alone, see Reason
	Missed      int64 `json:"missed"`    // what an engine could not judge, see Reason
	Errors      int64 `json:"errors"`    // entries that could not be opened or read
	Threats     int64 `json:"threats"`
}

func (c *Counts) add(d Counts) {
	c.Files += d.Files
	c.Bytes += d.Bytes
	c.BytesRead += d.BytesRead
	c.Directories += d.Directories
	c.Processes += d.Processes
	c.Skipped += d.Skipped
	c.Missed += d.Missed
	c.Errors += d.Errors
	c.Threats += d.Threats
}

// A Reason says why something was left alone.
type Reason string

// Why nobody looked at an entry.
const (
	Link            Reason = "symbolic_link"     // what it names is scanned where it lives
	NotAFile        Reason = "not_a_file"        // device, socket, pipe
	OtherFileSystem Reason = "other_file_system" // mounted below a root
	Own             Reason = "own_signatures"    // one of Options.Own
	Self            Reason = "own_process"       // this one
	Vanished        Reason = "vanished"          // removed or replaced between listing and opening
	Refused         Reason = "policy"            // Options.Allow said no
	TooDeep         Reason = "too_deep"          // more than MaxDepth folders down
)

// Why an engine could not judge all of a file.
const (
	Unjudged      Reason = "failed"                  // the engine met an error
	TooLarge      Reason = "too_large"               // examined, but not for all signatures
	ArchiveLimits Reason = "archive_limits"          // an archive made to fill memory, or one that could be
	Encrypted     Reason = "encrypted"               // an entry of an archive
	Damaged       Reason = "damaged_archive"         // it cannot be read to its end
	Unsupported   Reason = "unsupported_compression" // an entry of an archive
	Unreadable    Reason = "unreadable_memory"       // of a process, which changed under the look perhaps
)

// Progress is where a pass stands.
type Progress struct {
	Counts
	Percent int // estimate, -1 if the size of a root is not known
}

// A Result is what a pass found.
type Result struct {
	Counts  Counts         `json:"-"`
	Engines []EngineResult // one for each engine, in the same order
	Roots   []RootResult   // one for each root, in the same order
	Threats []Threat       // the first MaxThreats
	Errors  []Failure      // the first MaxErrors

	// Of a pass that was interrupted, when it first began, how often that was,
	// and why, if so, it could not go on where it was but began again.
	Began       time.Time `json:"-"`
	Interrupted int       `json:"-"`
	Anew        string    `json:"-"`
}

// An EngineResult is what one engine did in a pass.
type EngineResult struct {
	Name        string `json:"-"`
	Description `json:"-"`
	Unavailable error            `json:"-"` // why it did not take part, nil if it did
	Judged      int64            // files and processes that it answered for
	Missed      map[Reason]int64 // of what it could not judge
}

// A RootResult is what became of one root.
type RootResult struct {
	Path    string `json:"-"`
	Counts  Counts
	Skipped map[Reason]int64
	Missed  map[Lack]int64
	Stopped error `json:"-"` // why the end of the root was not reached, nil if it was
}

// A Lack is what an engine could not judge, by its reason.
type Lack struct {
	Engine string
	Reason Reason
}

// A Threat is what a signature matched. The digests are of the file, and
// empty for what is none.
type Threat struct {
	Path      string `json:"path"`
	Within    string `json:"within,omitempty"` // the part of the file, such as an archive's entry
	Signature string `json:"signature"`
	Engine    string `json:"engine"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	MD5       string `json:"md5"`

	// Quarantine names the file there, if it was put away. A pass never does.
	Quarantine string `json:"quarantine,omitempty"`
}

// A Failure is what could not be examined: by the engine, if one is named, by
// anybody otherwise.
type Failure struct {
	Path   string `json:"path"`
	Engine string `json:"engine,omitempty"`
	Reason Reason `json:"reason,omitempty"` // the engine's
	Error  string `json:"error"`
}
