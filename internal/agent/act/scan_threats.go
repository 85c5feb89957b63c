package act

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/agent/scan"
)

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
