// Package scan looks for threats in files. It holds the engine that is built
// into the agent, behind an interface that further engines will share.
//
// The built-in engine knows files by their hashes (ClamAV's .hdb and .hsb
// lists) and the EICAR test file. It reads one file at a time on the caller's
// goroutine, in memory that does not grow with the tree, and keeps nothing
// once the caller lets go of it.
//
// It imports the standard library alone. What differs between systems, opening
// a file without side effects and telling file systems apart, is handed in.
package scan

import (
	"context"
	"io/fs"
	"os"
)

// Limits on what one result carries. Beyond them only the counts go on.
const (
	MaxThreats = 1000
	MaxErrors  = 100
)

// An Engine looks for the threats that its signatures describe.
type Engine interface {
	Name() string
	Version() string
	Signatures() Signatures

	// Scan examines everything below roots and calls progress, from the
	// caller's goroutine, at most once a second. It ends early when ctx does;
	// the result then says which roots were not finished. Files that cannot be
	// read are counted, never fatal.
	Scan(ctx context.Context, roots []Root, o Options, progress func(Progress)) Result
}

// Signatures describes what an engine looks for.
type Signatures struct {
	Count  int
	Digest string // SHA-256 over the signature files in hex, empty without files
	Faults int    // files and lines that could not be used
	Sample []Fault
}

// A Fault is a part of the signatures that could not be used.
type Fault struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"` // 0 if the whole file
	Reason string `json:"reason"`
}

// A Root is a folder to scan with everything below it on the same file
// system, or a single file.
type Root struct {
	Path  string
	Bytes int64 // about how much it holds, negative if that is not known
}

// Options say what a scan may touch, and how. The zero value scans everything
// below a root with the means of package os, other file systems included.
type Options struct {
	// Allow reports whether policy lets the engine look at a path. It is asked
	// for every root, folder and file.
	Allow func(path string) bool

	// Open opens a file or folder for reading; it should neither follow a
	// link, nor wait for a pipe's other end.
	Open func(path string) (*os.File, error)

	// Device tells file systems apart.
	Device func(fs.FileInfo) uint64
}

// Counts say how much was done.
type Counts struct {
	Files       int64 `json:"files"`      // examined
	Bytes       int64 `json:"bytes"`      // in the files examined
	BytesRead   int64 `json:"bytes_read"` // of them, what had to be read
	Directories int64 `json:"directories"`
	Skipped     int64 `json:"skipped"` // entries left alone, see Reason
	Errors      int64 `json:"errors"`
	Threats     int64 `json:"threats"`
}

func (c *Counts) add(d Counts) {
	c.Files += d.Files
	c.Bytes += d.Bytes
	c.BytesRead += d.BytesRead
	c.Directories += d.Directories
	c.Skipped += d.Skipped
	c.Errors += d.Errors
	c.Threats += d.Threats
}

// A Reason says why an entry was left alone.
type Reason string

// The reasons.
const (
	Link            Reason = "symbolic_link"     // what it names is scanned where it lives
	NotAFile        Reason = "not_a_file"        // device, socket, pipe
	OtherFileSystem Reason = "other_file_system" // mounted below a root
	Own             Reason = "own_signatures"    // the folder of the engine's signatures
	Vanished        Reason = "vanished"          // removed between listing and opening
	Refused         Reason = "policy"            // Options.Allow said no
	TooDeep         Reason = "too_deep"          // more than MaxDepth folders down
	TooLarge        Reason = "too_large"         // examined, but not for signatures without a size
)

// Progress is where a scan stands.
type Progress struct {
	Counts
	Percent int // estimate, -1 if the size of a root is not known
}

// A Result is what a scan found.
type Result struct {
	Counts  Counts
	Roots   []RootResult // one for each root, in the same order
	Threats []Threat     // the first MaxThreats
	Errors  []Failure    // the first MaxErrors
}

// A RootResult is what became of one root.
type RootResult struct {
	Path    string
	Counts  Counts
	Skipped map[Reason]int64
	Stopped error // why the end of the root was not reached, nil if it was
}

// A Threat is a file that a signature matched.
type Threat struct {
	Path      string `json:"path"`
	Signature string `json:"signature"`
	Engine    string `json:"engine"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"`
	MD5       string `json:"md5"`
}

// A Failure is an entry that could not be examined.
type Failure struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}
