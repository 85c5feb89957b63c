package act

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/agent/scan"
)

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
		case v.Root == path || !Below(v.Root, path) || v.Kind == PseudoVolume:
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
		return r.Files == nil && r.Processes == nil && Below(path, r.Path) && p.volumeOf(r.Path).Root == home
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
		if Below(path, v.Root) && len(v.Root) >= len(home.Root) {
			home = v
		}
	}
	return home
}

// Below reports whether path, which is clean, is folder or in it.
func Below(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(folder, string(filepath.Separator)))
	return ok && (rest == "" || rest[0] == filepath.Separator)
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
