package act

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"reeve/internal/agent/scan"
)

// maxScanResult bounds a result in bytes. What the server takes is little more.
const maxScanResult = 480 << 10

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
