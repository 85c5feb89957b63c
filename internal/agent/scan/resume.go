package scan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// keepEvery is how much of a pass at most is done again after a crash.
	keepEvery = 5 * time.Second

	// maxCheckpoint bounds a checkpoint in bytes. Only a thousand threats with
	// very long names come near it; then the one before stays.
	maxCheckpoint = 4 << 20
)

// Why a pass that was interrupted began again.
const (
	lostCheckpoint = "what was kept of it cannot be read"
	otherLook      = "the signatures, the rules, the engines or the volumes are others than before"
)

// A checkpoint is how far a pass has come: everything that stands in the result
// is finished, and nothing else has been entered. Roots and engines are those
// of the same pass, in the same order.
type checkpoint struct {
	Of          string    `json:"of"` // digest of what looks where
	Began       time.Time `json:"began"`
	Interrupted int       `json:"interrupted"`
	Anew        string    `json:"anew"`
	Root        int       `json:"root"`  // the one under way; those before it are finished
	Entry       []string  `json:"entry"` // names, quoted, that lead from it to the last finished entry
	Stopped     []string  `json:"stopped"`
	Result      Result    `json:"result"` // with quoted paths
}

// takeUp goes on where an interrupted pass came to, and returns the root and the
// names below it of the last entry that is finished. If there was none, or it
// looked for something else, the pass begins.
func (p *pass) takeUp(roots []Root) (root int, after []string) {
	p.of = p.fingerprint(roots)
	if p.options.Last == nil {
		return 0, nil
	}
	var c checkpoint
	err := json.Unmarshal(p.options.Last, &c)
	same := err == nil && c.Of == p.of
	if same {
		after, err = c.restore(p)
	}
	if err != nil {
		p.result.Interrupted, p.result.Anew = 1, lostCheckpoint
		return 0, nil
	}
	p.result.Began, p.result.Interrupted, p.result.Anew = c.Began, c.Interrupted+1, c.Anew
	if !same {
		p.result.Anew = otherLook
		return 0, nil
	}
	return c.Root, after
}

// fingerprint tells passes apart that look elsewhere, or for something else.
func (p *pass) fingerprint(roots []Root) string {
	digest := sha256.New()
	for _, root := range roots {
		fmt.Fprintf(digest, "root %q %t %t\n", root.Path, root.Files != nil, root.Processes != nil)
	}
	for _, e := range p.result.Engines {
		s := e.Signatures
		fmt.Fprintf(digest, "engine %q %q %q %q %d %t\n", e.Name, e.Version, s.Version, s.Digest, s.Count, e.Unavailable != nil)
	}
	return hex.EncodeToString(digest.Sum(nil))
}

func (c *checkpoint) fits(p *pass) bool {
	return c.Root >= 0 && c.Root <= len(p.result.Roots) && len(c.Result.Engines) == len(p.result.Engines) &&
		len(c.Result.Roots) == len(p.result.Roots) && len(c.Stopped) == len(p.result.Roots)
}

// restore enters what was found, all or nothing.
func (c *checkpoint) restore(p *pass) (after []string, err error) {
	if !c.fits(p) {
		return nil, errors.New("it has not as many roots and engines as it says")
	}
	if err := c.Result.rename(strconv.Unquote); err != nil {
		return nil, err
	}
	for _, name := range c.Entry {
		plain, err := strconv.Unquote(name)
		if err != nil {
			return nil, err
		}
		after = append(after, plain)
	}
	p.result.Threats, p.result.Errors = c.Result.Threats, c.Result.Errors
	for i, e := range c.Result.Engines {
		p.result.Engines[i].Judged = e.Judged
		for reason, times := range e.Missed {
			p.result.Engines[i].Missed[reason] = times
		}
	}
	for i := range c.Result.Roots[:min(c.Root+1, len(c.Result.Roots))] {
		root, kept := &p.result.Roots[i], c.Result.Roots[i]
		root.Counts = kept.Counts
		for reason, times := range kept.Skipped {
			root.Skipped[reason] = times
		}
		for lack, times := range kept.Missed {
			root.Missed[lack] = times
		}
		if c.Stopped[i] != "" {
			root.Stopped = errors.New(c.Stopped[i])
		}
	}
	return after, nil
}

// keep has a checkpoint stored if it is time, at an entry that is finished: the
// one that the trail leads to, or with none everything before the root. Rows
// have no checkpoints within, they are looked at anew: what runs is another
// after a restart.
func (p *pass) keep() {
	if p.options.Keep == nil || time.Since(p.kept) < p.options.keepEvery {
		return
	}
	p.wait(0) // all that was shown is judged
	if p.ctx.Err() != nil {
		return
	}
	c := checkpoint{Of: p.of, Began: p.result.Began, Interrupted: p.result.Interrupted, Anew: p.result.Anew, Root: p.at}
	for _, name := range p.trail {
		c.Entry = append(c.Entry, strconv.Quote(name))
	}
	for _, root := range p.result.Roots {
		stopped := ""
		if root.Stopped != nil {
			stopped = root.Stopped.Error()
		}
		c.Stopped = append(c.Stopped, stopped)
	}
	c.Result = p.result
	c.Result.Threats = append([]Threat(nil), p.result.Threats...)
	c.Result.Errors = append([]Failure(nil), p.result.Errors...)
	c.Result.rename(func(path string) (string, error) { return strconv.Quote(path), nil })
	text, err := json.Marshal(c)
	if err == nil && len(text) <= maxCheckpoint {
		p.options.Keep(text)
	}
	p.kept = time.Now()
}

// rename changes all names of files: JSON holds text only, and they need not be.
func (r *Result) rename(change func(string) (string, error)) (err error) {
	do := func(name *string) {
		if changed, failed := change(*name); failed != nil {
			err = failed
		} else {
			*name = changed
		}
	}
	for i := range r.Threats {
		do(&r.Threats[i].Path)
		do(&r.Threats[i].Within)
	}
	for i := range r.Errors {
		do(&r.Errors[i].Path)
	}
	return err
}

// MarshalText and UnmarshalText make a Lack a key of JSON.
func (l Lack) MarshalText() ([]byte, error) { return []byte(l.Engine + " " + string(l.Reason)), nil }

// UnmarshalText reads what MarshalText wrote.
func (l *Lack) UnmarshalText(text []byte) error {
	engine, reason, ok := strings.Cut(string(text), " ")
	if !ok {
		return fmt.Errorf("%q names no engine and reason", text)
	}
	l.Engine, l.Reason = engine, Reason(reason)
	return nil
}
