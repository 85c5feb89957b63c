package act

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"reeve"
	"reeve/internal/action"
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

// areaTypes says what each scan type is called, and which volumes it holds.
var areaTypes = [...]struct {
	name string
	kind VolumeKind
}{
	action.ScanMemory:            {name: "Memory"},
	action.ScanSystemVolume:      {name: "System Volume", kind: SystemVolume},
	action.ScanPortableVolumes:   {name: "Portable Volumes", kind: PortableVolume},
	action.ScanAdditionalVolumes: {name: "Additional Volumes", kind: AdditionalVolume},
	action.ScanSpecificPath:      {name: "Specific Path"},
	action.ScanBootRecords:       {name: "Boot Records"},
}

// everywhere is what policy must allow where no path says what is looked at.
const everywhere = string(filepath.Separator)

// A scanPlan is what is to be scanned, and for which areas.
type scanPlan struct {
	areas   []*area
	roots   []scan.Root // no file below two of them
	volumes []Volume
	allowed func(path string) bool
}

func newArea(scanType int) *area {
	return &area{Type: scanType, Name: areaTypes[scanType].name, Roots: []string{}}
}

// addArea plans an area other than a path.
func (p *scanPlan) addArea(h ScanMachine, scanType int) {
	a := newArea(scanType)
	p.areas = append(p.areas, a)
	switch scanType {
	case action.ScanMemory:
		p.addMemory(h, a)
	case action.ScanBootRecords:
		p.addBoot(h, a)
	default:
		p.addVolumes(a, areaTypes[scanType].kind)
	}
}

func (p *scanPlan) addMemory(h ScanMachine, a *area) {
	processes, err := h.Processes()
	switch {
	case err != nil:
		a.why = append(a.why, err.Error())
	case !p.allowed(everywhere):
		a.why = append(a.why, refusal(everywhere))
	default:
		p.addRoot(a, scan.Root{Path: "process memory", Processes: processes})
	}
}

// addBoot plans the records of the disks and, as the files that they are, the
// EFI system partitions.
func (p *scanPlan) addBoot(h ScanMachine, a *area) {
	boot, err := h.Boot()
	switch {
	case err != nil:
		a.why = append(a.why, err.Error())
		return
	case !p.allowed(everywhere):
		a.why = append(a.why, refusal(everywhere))
		return
	}
	a.why = append(a.why, boot.Missing...)
	p.addRoot(a, scan.Root{Path: "boot records", Files: boot.Records})
	for _, path := range boot.Systems {
		p.addPathRoot(a, path, p.volumeOf(path).Used)
	}
}

func (p *scanPlan) addVolumes(a *area, kind VolumeKind) {
	for _, v := range p.volumes {
		switch {
		case v.Kind == RemoteVolume && kind == AdditionalVolume:
			a.why = append(a.why, remote(v))
		case v.Kind != kind:
		case !p.allowed(v.Root):
			a.why = append(a.why, refusal(v.Root))
		default:
			p.addPathRoot(a, v.Root, v.Used)
		}
	}
	if len(a.why)+len(a.covers) == 0 {
		a.why = append(a.why, "no such volume is mounted")
	}
}

func remote(v Volume) string {
	return fmt.Sprintf("%s is on another machine (%s)", printable(v.Root), v.Type)
}

func refusal(path string) string {
	return fmt.Sprintf("the local policy does not allow scanning %s", printable(path))
}

func (p *scanPlan) addRoot(a *area, root scan.Root) {
	a.Roots = append(a.Roots, printable(root.Path))
	a.covers = append(a.covers, len(p.roots))
	p.roots = append(p.roots, root)
}

// addPath plans the area of a path: what is there, and in the file systems
// mounted below. Unlike a volume that cannot be scanned, a path that cannot be
// is the fault of whoever named it, and an error.
func (p *scanPlan) addPath(path string) error {
	path, err := resolve(path)
	if err != nil {
		return err
	}
	home := p.volumeOf(path)
	switch {
	case home.Kind == PseudoVolume:
		return reeve.Errorf(reeve.Invalid, "the path %s is on %s, which holds no files to scan", printable(path), home.Type)
	case !p.allowed(path):
		return reeve.Errorf(reeve.Forbidden, "%s", refusal(path))
	}
	a := newArea(action.ScanSpecificPath)
	p.areas = append(p.areas, a)
	slices.SortFunc(p.areas, func(a, b *area) int { return a.Type - b.Type })

	size := int64(-1)
	if home.Root == path {
		size = home.Used
	}
	p.addPathRoot(a, path, size)
	for _, v := range p.volumes {
		switch {
		case v.Root == path || !below(v.Root, path) || v.Kind == PseudoVolume:
		case v.Kind == RemoteVolume && home.Kind != RemoteVolume:
			a.why = append(a.why, remote(v))
		case !p.allowed(v.Root):
			a.why = append(a.why, refusal(v.Root))
		default:
			p.addPathRoot(a, v.Root, v.Used)
		}
	}
	return nil
}

// addPathRoot adds a root unless one of the volumes planned before holds it.
func (p *scanPlan) addPathRoot(a *area, path string, size int64) {
	home := p.volumeOf(path).Root
	covered := func(r scan.Root) bool {
		return r.Files == nil && r.Processes == nil && below(path, r.Path) && p.volumeOf(r.Path).Root == home
	}
	if i := slices.IndexFunc(p.roots, covered); i >= 0 {
		a.Roots = append(a.Roots, printable(path))
		a.covers = append(a.covers, i)
		return
	}
	p.addRoot(a, scan.Root{Path: path, Bytes: size})
}

// volumeOf returns the volume that path is on.
func (p *scanPlan) volumeOf(path string) (home Volume) {
	for _, v := range p.volumes {
		if below(path, v.Root) && len(v.Root) >= len(home.Root) {
			home = v
		}
	}
	return home
}

// below reports whether path is folder or in it.
func below(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator)))
	return ok && (rest == "" || rest[0] == filepath.Separator)
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

// printable writes a path so that it survives JSON: file names need not be
// text.
func printable(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	quoted := strconv.Quote(path)
	return quoted[1 : len(quoted)-1]
}
