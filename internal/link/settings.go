package link

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Paths of the agents' HTTPS door for settings and signature sets. Both are
// signed GETs over an empty body.
const (
	PathSettings = "/agent/v1/settings" // a Manifest: the settings in force for the device
	PathSetFile  = "/agent/v1/sets/"    // + SHA-256: a file that they name; ranges are served
)

// A Notice says which settings the server has for a device. It is a hint and
// binds nothing: what counts is the Manifest that the agent fetches.
type Notice struct {
	Digest string `json:"digest"`           // of the Manifest's content
	Within int    `json:"within,omitempty"` // seconds over which to spread the fetching
}

// A Manifest is the settings of an agent, sealed by the server. An agent takes
// none whose revision is lower than that of the one it has.
type Manifest struct {
	Account   int64     `json:"account"`
	Revision  int64     `json:"revision"` // of the account's settings; rises with every change
	Issued    time.Time `json:"issued"`
	Content   []byte    `json:"content"` // a Settings in JSON, as the bytes that are signed
	Signature []byte    `json:"sig"`
	SealKey   []byte    `json:"seal_key"`
}

// Digest names the content of settings, whenever and for whom it was signed.
func (m Manifest) Digest() string {
	sum := sha256.Sum256(m.Content)
	return hex.EncodeToString(sum[:])
}

// Settings are what an agent is told to be. The zero value asks nothing of it.
type Settings struct {
	Set              *Set     `json:"set,omitempty"`
	ReportNeighbours bool     `json:"report_neighbours,omitempty"`
	Quarantine       bool     `json:"quarantine,omitempty"`
	Engines          []string `json:"engines,omitempty"` // the only ones to scan with; none is all
}

// A Set is one version of a signature set.
type Set struct {
	Name    string    `json:"name"`
	Version int64     `json:"version"`
	Files   []SetFile `json:"files"`
}

// A SetFile is one file of a set, known by its digest.
type SetFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // 64 lower-case hex digits
}

// MaxManifest is the largest Manifest in bytes.
const MaxManifest = 48 << 10
