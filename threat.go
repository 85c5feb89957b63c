package reeve

import (
	"context"
	"time"
)

// A Threat is a file of a device in which scans found what one signature of one
// engine describes.
type Threat struct {
	Path      string
	Signature string // the threat's name, as the engine calls it
	Engine    string
	Size      int64  // of the file in bytes when it was last found, as are its hashes
	SHA256    string // hex
	MD5       string // hex

	// Quarantine names the file in its device's quarantine, to be brought back
	// with unquarantine; empty if it is not there.
	Quarantine string

	// When the first and the last scan that found it were reported, by the
	// server's clock, and how many found it. That a later scan did not find it
	// is not kept: it may have looked elsewhere.
	First time.Time
	Last  time.Time
	Scans int64

	Key int64 // internal: tells the device's threats apart
}

// A Quarantined says which files that scans put away are meant: those with this
// content, those in which this was found, or with neither all.
type Quarantined struct {
	SHA256    string // hex, in lower case
	Signature string
}

// A ThreatStore reads what scans found. OrderStore.Report writes it, and erasing
// a device erases it.
type ThreatStore interface {
	// Threats returns one page of a device's threats, last found first; pages
	// count from 1. Those of a device that is archived or not the account's are
	// none.
	Threats(ctx context.Context, account, device int64, limit, page int) ([]Threat, error)
	// ThreatsAfter returns a device's threats in the same order behind a place:
	// the time and the key of the last one that the caller has, zeros for none.
	ThreatsAfter(ctx context.Context, account, device int64, last time.Time, key int64, limit int) ([]Threat, error)
	// CountThreats returns how many there are.
	CountThreats(ctx context.Context, account, device int64) (int64, error)
}
