package act

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"reeve"
	"reeve/internal/agent/scan"
)

// A QuarantineHost puts files away so that they can be brought back.
type QuarantineHost interface {
	// Quarantines reports whether the server's settings ask for it without
	// being asked by the order.
	Quarantines() bool

	// MayQuarantine reports whether the local policy lets files be put away.
	MayQuarantine() bool

	// PutAway moves a file away, if it still is what was found, and returns the
	// name under which BringBack knows it.
	PutAway(ctx context.Context, found PutAway) (id string, err error)

	// PutAwayBy lists what a command has put away, before a restart too; without a
	// command, everything.
	PutAwayBy(command string) ([]PutAway, error)

	// BringBack returns a file to its place, where nothing may be.
	BringBack(ctx context.Context, id string) (path string, err error)
}

// A PutAway is a file in quarantine, or to be put there.
type PutAway struct {
	ID        string `json:"id"`
	Command   string `json:"command"` // of the scan that found it
	Path      string `json:"path"`
	Signature string `json:"signature"`
	Engine    string `json:"engine"`
	Size      int64  `json:"size"`
	SHA256    string `json:"sha256"` // of the content that was found
	MD5       string `json:"md5"`

	At time.Time `json:"at"` // when it was put away
}

// maxPutAway bounds, in bytes of paths and what goes with them, the files that
// one scan puts away: the result names every one of them, or it could not be
// brought back.
const maxPutAway = 240 << 10

// quarantine puts away the files that a scan found, and adds those that it had
// put away before it was interrupted. Whatever could not be is an error of the
// scan. Those that were come first: of them the result leaves out none.
func quarantine(ctx context.Context, h QuarantineHost, command string, found *scan.Result) {
	earlier, err := h.PutAwayBy(command)
	if err != nil {
		leave(found, "the quarantine", err)
	}
	type content struct{ path, digest string }
	gone := map[content]string{} // to its name in quarantine
	room := maxPutAway
	for _, e := range earlier {
		gone[content{e.Path, e.SHA256}] = e.ID
		room -= costOf(e.Path)
	}
	asked := map[content]string{} // to its name in quarantine, if it got there
	for i := range found.Threats {
		t := &found.Threats[i]
		key := content{t.Path, t.SHA256}
		id, again := asked[key]
		switch {
		case again:
		case !isFile(t.Path): // put away before the interruption, or never a file
			t.Quarantine = gone[key]
			continue
		default:
			if room -= costOf(t.Path); room < 0 {
				err = reeve.Errorf(reeve.Unavailable, "more was found than one report can name; scan again")
			} else {
				id, err = putAway(ctx, h, command, *t)
			}
			if err != nil {
				id = ""
				leave(found, t.Path, err)
			}
			asked[key] = id
		}
		t.Quarantine = id
	}
	if more := found.Counts.Threats - int64(len(found.Threats)); more > 0 {
		leave(found, "further files", fmt.Errorf("%d more threats were found than are listed; scan again", more))
	}
	for _, e := range earlier {
		if !slices.ContainsFunc(found.Threats, func(t scan.Threat) bool { return t.Quarantine == e.ID }) {
			found.Counts.Threats++
			found.Threats = append(found.Threats, scan.Threat{Path: e.Path, Signature: e.Signature, Engine: e.Engine, Size: e.Size,
				SHA256: e.SHA256, MD5: e.MD5, Quarantine: e.ID})
		}
	}
	slices.SortStableFunc(found.Threats, func(a, b scan.Threat) int { return rank(a) - rank(b) })
	found.Threats = found.Threats[:min(len(found.Threats), scan.MaxThreats)]
}

// rank orders what is in quarantine before the rest.
func rank(t scan.Threat) int {
	if t.Quarantine != "" {
		return 0
	}
	return 1
}

// costOf is about what a file takes of a report.
func costOf(path string) int { return len(path) + 400 }

// isFile tells files from processes and boot records, and from what is gone.
func isFile(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular()
}

func putAway(ctx context.Context, h QuarantineHost, command string, t scan.Threat) (string, error) {
	if t.SHA256 == "" {
		return "", reeve.Errorf(reeve.Unavailable, "its content could not be read, so that nobody could tell it from another file")
	}
	if !utf8.ValidString(t.Path) {
		return "", reeve.Errorf(reeve.Invalid, "the file's name is not text, so that nobody could ask for it back")
	}
	return h.PutAway(ctx, PutAway{Command: command, Path: t.Path, Signature: t.Signature, Engine: t.Engine, SHA256: t.SHA256, MD5: t.MD5})
}

// leave notes why a file was not put away.
func leave(found *scan.Result, path string, err error) {
	found.Counts.Errors++
	if len(found.Errors) < scan.MaxErrors {
		found.Errors = append(found.Errors, scan.Failure{Path: path, Error: "not put into quarantine: " + err.Error()})
	}
}
