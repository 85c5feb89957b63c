package act

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"reeve/internal/agent/scan"
)

// What became of an area.
const (
	scanned    = "scanned"
	partial    = "partial"     // something in it was not looked at, see the reason
	notScanned = "not_scanned" // nothing in it was
)

// An area is one scan type of a request.
type area struct {
	Type   int      `json:"type"`
	Name   string   `json:"name"`
	Roots  []string `json:"roots"`
	Status string   `json:"status"`
	Reason string   `json:"reason,omitempty"` // why not all of it was scanned

	covers []int    // of its roots, by index in the plan
	why    []string // reasons so far
}

// lack tells each area which engines it had to do without.
func (p *scanPlan) lack(engines []scan.EngineResult) {
	for _, e := range engines {
		if e.Unavailable == nil || errors.Is(e.Unavailable, scan.ErrNotSetUp) {
			continue
		}
		for _, a := range p.areas {
			if len(a.covers) > 0 {
				a.why = append(a.why, fmt.Sprintf("the engine %s took no part: %v", e.Name, e.Unavailable))
			}
		}
	}
}

// judge tells each area what became of its roots.
func (p *scanPlan) judge(results []scan.RootResult) {
	for _, a := range p.areas {
		looked := false
		for _, i := range a.covers {
			looked = looked || results[i].Counts.Files+results[i].Counts.Directories+results[i].Counts.Processes > 0
			a.why = append(a.why, missing(results[i])...)
		}
		switch {
		case !looked:
			a.Status = notScanned
			if len(a.why) == 0 {
				a.why = append(a.why, "what is there was gone before it was read")
			}
		case len(a.why) > 0:
			a.Status = partial
		default:
			a.Status = scanned
		}
		a.Reason = strings.Join(a.why, "; ")
	}
}

// missing says what in a root was not looked at.
func missing(r scan.RootResult) (why []string) {
	path := printable(r.Path)
	if r.Stopped != nil {
		why = append(why, fmt.Sprintf("%s was not finished: %v", path, r.Stopped))
	}
	for _, gap := range []struct {
		count  int64
		reason string
	}{
		{r.Counts.Errors, "entries could not be read"},
		{r.Skipped[scan.Refused], "entries are not allowed by the local policy"},
		{r.Skipped[scan.TooDeep], "folders are too deep"},
	} {
		if gap.count > 0 {
			why = append(why, fmt.Sprintf("in %s, %d %s", path, gap.count, gap.reason))
		}
	}
	byName := func(a, b scan.Lack) int {
		return cmp.Or(cmp.Compare(a.Engine, b.Engine), cmp.Compare(a.Reason, b.Reason))
	}
	for _, lack := range slices.SortedFunc(maps.Keys(r.Missed), byName) {
		why = append(why, fmt.Sprintf("in %s, %d not judged by the engine %s (%s)", path, r.Missed[lack], lack.Engine, lack.Reason))
	}
	return why
}

// reasons joins what was said about the areas.
func (p *scanPlan) reasons() string {
	var all []string
	for _, a := range p.areas {
		all = append(all, a.Name+": "+a.Reason)
	}
	return strings.Join(all, "; ")
}
