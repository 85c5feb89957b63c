package act

import (
	"io/fs"
	"iter"
	"os"

	"reeve/internal/agent/scan"
)

// A ScanHost is a machine to scan, and what its owner says to that.
type ScanHost interface {
	ScanMachine

	// MayScan reports whether the local policy lets a path be scanned.
	MayScan(path string) bool

	// SignatureDirs are the folders with signature files (.hdb, .hsb, .ndb): the
	// machine owner's own, then those that the server sent. They need not exist,
	// and stay as they are while a scan runs. Ask once for each scan.
	SignatureDirs() []string

	// RuleDirs are the folders with YARA rules (.yar, .yara), likewise.
	RuleDirs() []string

	// Engines are those that stand in front of programs of this machine.
	Engines() []scan.Engine

	// OnlyEngines names the only engines that may scan, nil if all may.
	OnlyEngines() []string
}

// A ScanMachine is a machine with files to scan.
type ScanMachine interface {
	// Volumes lists the mounted file systems, each once.
	Volumes() ([]Volume, error)

	// OpenFile opens for reading what is called so in a folder that is open;
	// with none, name is an absolute path. It follows no link on the way,
	// whatever was put in the place of a folder meanwhile, and never waits.
	OpenFile(in *os.File, name string, folder bool) (*os.File, error)

	// Device tells the file systems of opened or listed files apart.
	Device(fs.FileInfo) uint64

	// Processes lists what runs, with what it has in memory; see [scan.Root].
	// The error says why this machine cannot do so.
	Processes() (iter.Seq2[*scan.Process, error], error)

	// Boot says what this machine can be started from, or why it cannot tell.
	Boot() (Boot, error)

	// Quietly runs f so that it takes processor and disk only when nobody else
	// wants them, and returns when f does.
	Quietly(f func())
}

// Boot is what runs before the system does.
type Boot struct {
	Records iter.Seq2[*scan.File, error] // of the disks, each as a file; see [scan.Root]
	Systems []string                     // where EFI system partitions are mounted
	Missing []string                     // what cannot be looked at, in clauses
}

// A Volume is a mounted file system.
type Volume struct {
	Kind VolumeKind
	Root string // where it is mounted
	Type string // such as "ext4"
	Used int64  // bytes, negative if unknown
}

// VolumeKind is what a volume is to a scan.
type VolumeKind int

// The kinds.
const (
	SystemVolume     VolumeKind = iota
	PortableVolume              // can be taken out
	AdditionalVolume            // any other with files of this machine
	RemoteVolume                // its files live on another machine
	PseudoVolume                // holds no files, such as /proc
)
