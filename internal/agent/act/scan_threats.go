package act

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/action"
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

// maxScanResult bounds a result in bytes. What the server takes is little more.
const maxScanResult = 480 << 10

type scanParams struct {
	FullScan  int    `json:"full_scan"`
	ScanTypes []int  `json:"scan_types"`
	Path      string `json:"path"`

	// Quarantine puts away what is found, or does not; without it the server's
	// settings decide.
	Quarantine *bool `json:"quarantine"`
}

// putsAway reports whether what is found is to be put into quarantine.
func (p scanParams) putsAway(h QuarantineHost) bool {
	asked := p.Quarantine != nil && *p.Quarantine || p.Quarantine == nil && h.Quarantines()
	return asked && h.MayQuarantine()
}

// scanResult is the shape that the server's reports are made from.
type scanResult struct {
	Started          time.Time             `json:"started"`
	Finished         time.Time             `json:"finished"`
	Interrupted      int                   `json:"interrupted,omitempty"` // how often, and it went on
	BeganAnew        string                `json:"began_anew,omitempty"`  // why it began again instead
	Engines          []engineResult        `json:"engines"`
	Areas            []*area               `json:"areas"`
	Counts           scan.Counts           `json:"counts"`
	Skipped          map[scan.Reason]int64 `json:"skipped"`
	Threats          []scan.Threat         `json:"threats"`
	ThreatsTruncated bool                  `json:"threats_truncated"`
	Errors           []scan.Failure        `json:"errors"`
}

type engineResult struct {
	Name            string                `json:"name"`
	Version         string                `json:"version"`
	Unavailable     string                `json:"unavailable,omitempty"` // why it did not take part
	Signatures      int                   `json:"signatures"`            // zero if the engine does not say
	SignatureSet    string                `json:"signature_version,omitempty"`
	SignatureDigest string                `json:"signature_digest"`
	SignatureDate   *time.Time            `json:"signature_date,omitempty"`
	SignatureFaults int                   `json:"signature_faults"` // files and lines that could not be used
	FaultSample     []scan.Fault          `json:"signature_fault_sample,omitempty"`
	Judged          int64                 `json:"judged"` // files and processes
	Missed          map[scan.Reason]int64 `json:"missed,omitempty"`
}

func init() { perform("scan_threats", true, scanThreats) }

func scanThreats(ctx context.Context, h Host, t Task, p scanParams, progress func(Progress)) (Outcome, error) {
	plan, err := planScan(h, p)
	if err != nil {
		return Outcome{}, err
	}
	signatures, rules := h.SignatureDirs(), h.RuleDirs()
	options := scan.Options{Allow: h.MayScan, Open: h.OpenFile, Device: h.Device, Own: slices.Concat(signatures, rules, []string{h.StateDir()}), Pass: t.Pass}
	keepScan(ctx, h, t.Command, &options)
	tell := func(p scan.Progress) {
		progress(Progress{Percent: p.Percent, Note: fmt.Sprintf("%d files, %d threats", p.Files, p.Threats)})
	}
	result := scanResult{Areas: plan.areas}
	var done scan.Result
	progress(Progress{Percent: -1, Note: "reading the signatures"})
	h.Quietly(func() { done = scan.Scan(ctx, engines(h, signatures), plan.roots, options, tell) })
	plan.lack(done.Engines)
	plan.judge(done.Roots)
	result.Finished = now()
	if p.putsAway(h) {
		h.Quietly(func() { quarantine(ctx, h, t.Command, &done) })
	}
	result.take(done)
	o := Outcome{Message: result.summary(), Result: result.encode()}
	if ctx.Err() != nil {
		return o, context.Cause(ctx)
	}
	if !slices.ContainsFunc(plan.areas, func(a *area) bool { return a.Status != notScanned }) {
		return o, reeve.Errorf(reeve.Unavailable, "nothing was scanned: %s", plan.reasons())
	}
	return o, nil
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// engines are those of every pass.
func engines(h ScanHost, signatures []string) []scan.Engine {
	all := append([]scan.Engine{scan.BuiltIn(signatures, h.Quietly)}, h.Engines()...)
	return scan.Choose(all, h.OnlyEngines())
}

// describe says of an engine what it did. One that was not there is told by
// the reason, and never counts as having found nothing.
func describe(e scan.EngineResult) engineResult {
	r := engineResult{
		Name:            e.Name,
		Version:         e.Version,
		Signatures:      e.Signatures.Count,
		SignatureSet:    e.Signatures.Version,
		SignatureDigest: e.Signatures.Digest,
		SignatureFaults: e.Signatures.Faults,
		FaultSample:     e.Signatures.Sample,
		Judged:          e.Judged,
		Missed:          e.Missed,
	}
	if e.Unavailable != nil {
		r.Unavailable = e.Unavailable.Error()
	}
	if !e.Signatures.Date.IsZero() {
		r.SignatureDate = &e.Signatures.Date
	}
	return r
}

// planScan says what a request means on this machine.
func planScan(h ScanHost, p scanParams) (*scanPlan, error) {
	volumes, err := h.Volumes()
	if err != nil {
		return nil, fmt.Errorf("listing the file systems: %w", err)
	}
	types, err := p.types()
	if err != nil {
		return nil, err
	}
	plan := &scanPlan{allowed: h.MayScan, volumes: volumes}
	for _, t := range types {
		if t != action.ScanSpecificPath {
			plan.addArea(h, t)
		}
	}
	if slices.Contains(types, action.ScanSpecificPath) {
		if err := plan.addPath(p.Path); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// types returns the scan types that are asked for, each once.
func (p scanParams) types() ([]int, error) {
	if p.FullScan == 1 { // everything: types and path do not count
		return []int{action.ScanMemory, action.ScanSystemVolume, action.ScanPortableVolumes,
			action.ScanAdditionalVolumes, action.ScanBootRecords}, nil
	}
	types := slices.Compact(slices.Sorted(slices.Values(p.ScanTypes)))
	if p.FullScan != 0 || len(types) == 0 || types[0] < action.ScanMemory || types[len(types)-1] > action.ScanBootRecords {
		return nil, reeve.Errorf(reeve.Invalid, "the command asks for neither a full scan nor for scan types 0 to 5")
	}
	return types, nil
}

// resolve returns where path leads, or says why it cannot be scanned.
func resolve(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", reeve.Errorf(reeve.Invalid, "the path %q is not absolute on this system", path)
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", reeve.Errorf(reeve.NotFound, "the path %s does not exist on this device", path)
	}
	if err != nil {
		return "", reeve.Errorf(reeve.NotFound, "the path %s cannot be reached", path).Because(err)
	}
	return real, nil
}

func (r *scanResult) take(done scan.Result) {
	r.Counts, r.Skipped = done.Counts, map[scan.Reason]int64{}
	r.Started, r.Interrupted, r.BeganAnew = done.Began.Truncate(time.Second), done.Interrupted, done.Anew
	for _, root := range done.Roots {
		for why, n := range root.Skipped {
			r.Skipped[why] += n
		}
	}
	r.Threats = append([]scan.Threat{}, done.Threats...)
	r.Errors = append([]scan.Failure{}, done.Errors...)
	for _, engine := range done.Engines {
		r.Engines = append(r.Engines, describe(engine))
	}
	for i := range r.Threats {
		r.Threats[i].Path, r.Threats[i].Within = printable(r.Threats[i].Path), printable(r.Threats[i].Within)
	}
	for i := range r.Errors {
		r.Errors[i].Path = printable(r.Errors[i].Path)
	}
	r.ThreatsTruncated = done.Counts.Threats > int64(len(r.Threats))
}

// encode leaves out described errors, then threats, until the rest fits. What is
// in quarantine stands first and always fits.
func (r *scanResult) encode() json.RawMessage {
	for {
		data := encode(r)
		switch {
		case len(data) <= maxScanResult || len(r.Errors)+len(r.Threats) == 0:
			return data
		case len(r.Errors) > 0:
			r.Errors = r.Errors[:len(r.Errors)/2]
		default:
			r.Threats, r.ThreatsTruncated = r.Threats[:len(r.Threats)/2], true
		}
	}
}

func (r *scanResult) summary() string {
	text := fmt.Sprintf("%d threats in %d files", r.Counts.Threats, r.Counts.Files)
	if r.Counts.Processes > 0 {
		text += fmt.Sprintf(" and %d processes", r.Counts.Processes)
	}
	for _, lack := range []struct{ status, words string }{
		{partial, "scanned in part"},
		{notScanned, "not scanned"},
	} {
		var names []string
		for _, a := range r.Areas {
			if a.Status == lack.status {
				names = append(names, a.Name)
			}
		}
		if len(names) > 0 {
			text += fmt.Sprintf("; %s: %s", lack.words, strings.Join(names, ", "))
		}
	}
	switch {
	case r.BeganAnew != "":
		text += "; interrupted, and begun again: " + r.BeganAnew
	case r.Interrupted > 0:
		text += fmt.Sprintf("; interruptions: %d, and it went on", r.Interrupted)
	}
	return text
}
