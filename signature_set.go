package reeve

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A SignatureSet is one version of a named collection of signature files and
// YARA rules. What is in it never changes: another content is another version.
type SignatureSet struct {
	Account     int64
	Name        string // of all versions
	Version     int64  // from 1; no number is given twice, also after a removal
	Description string
	Files       []SetFile // by name
	Created     time.Time
	By          string // name of who made it, for people
}

// A SetFile is one file of a set. Its content is known by its digest.
type SetFile struct {
	Name   string `json:"name"` // see IsSetFile
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // 64 lower-case hex digits
}

// Limits on a set. The server takes no more, and agents refuse more.
const (
	MaxSetFiles = 100
	MaxSetFile  = 64 << 20  // bytes of one file
	MaxSetBytes = 256 << 20 // bytes of all files together
)

// Bytes returns how much the files hold together.
func (s SignatureSet) Bytes() (n int64) {
	for _, f := range s.Files {
		n += f.Size
	}
	return n
}

// ContentName returns the name under which an account's file with this digest is
// kept. It differs between accounts: who knows a digest has not got the content.
func ContentName(account int64, digest string) string {
	name := sha256.Sum256(fmt.Appendf(nil, "signatures of %d: %s", account, digest))
	return hex.EncodeToString(name[:])
}

// setKinds are the folders of agents by the endings of the files in them.
var setKinds = map[string]string{
	".hdb": "signatures", ".hsb": "signatures", ".ndb": "signatures",
	".yar": "rules", ".yara": "rules",
}

// IsSetFile reports whether a file of a set may have this name: at most 64
// letters, digits, dots, hyphens and underscores, of which the first is no dot,
// with an ending that is known. It becomes the name of a file on agents.
func IsSetFile(name string) bool {
	strange := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_'
	}
	return len(name) <= 64 && !strings.HasPrefix(name, ".") && !strings.ContainsFunc(name, strange) && SetFileKind(name) != ""
}

// SetFileKind returns the folder of agents to which a file belongs, "signatures"
// or "rules", and "" if its ending is not known.
func SetFileKind(name string) string {
	return setKinds[name[max(strings.LastIndexByte(name, '.'), 0):]]
}

// IsDigest reports whether a text is a SHA-256 as it is written here.
func IsDigest(text string) bool {
	return len(text) == 64 && !slices.ContainsFunc([]byte(text), func(c byte) bool { return (c < '0' || c > '9') && (c < 'a' || c > 'f') })
}
