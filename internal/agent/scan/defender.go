package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Defender is what the engine in front of Microsoft Defender needs of a
// machine.
type Defender struct {
	// Describe says which Defender there is, or why there is none.
	Describe func() (Description, error)

	// Run starts its command line with these arguments and waits until it has
	// ended, which it does with ctx at the latest.
	Run func(ctx context.Context, args []string, out io.Writer) error
}

// Engine returns the engine.
func (d Defender) Engine() Engine { return defenderEngine{d} }

type defenderEngine struct{ Defender }

func (defenderEngine) Name() string { return "defender" }

func (d defenderEngine) Open(ctx context.Context) (Examination, error) {
	description, err := d.Describe()
	if err != nil {
		return nil, err
	}
	return &defender{ctx, d.Defender, description}, nil
}

// A defender is one pass with Microsoft Defender, which opens files itself: to
// start it for each would take a second each.
type defender struct {
	ctx         context.Context
	engine      Defender
	description Description
}

func (d *defender) Describe() Description { return d.description }

// Examine leaves the file to ExamineRoot.
func (d *defender) Examine(_ *File, done func(Verdict)) { done(Verdict{}) }

func (d *defender) Close() {}

// ExamineRoot implements [RootExaminer] with "MpCmdRun -Scan" (Microsoft's
// "Configure and manage Microsoft Defender Antivirus with the MpCmdRun
// command-line tool"). Its exit code is 0 if nothing was found and 2 if
// something was, or if it failed.
func (d *defender) ExamineRoot(path string) ([]Located, error) {
	var report defenderReport
	err := d.engine.Run(d.ctx, []string{"-Scan", "-ScanType", "3", "-File", path, "-DisableRemediation"}, &lineWriter{each: report.line})
	var ended interface{ ExitCode() int }
	switch {
	case d.ctx.Err() != nil:
		return report.found, context.Cause(d.ctx)
	case errors.As(err, &ended) && ended.ExitCode() == 2 && len(report.found) > 0:
		return report.found, nil
	case err == nil && (report.finished || len(report.found) > 0):
		return report.found, nil
	case err == nil:
		err = errors.New("it did not say that it had finished")
	}
	return report.found, fmt.Errorf("it failed: %w: %s", err, report.last)
}

// A defenderReport is what its command line says, of threats such as
//
//	Threat                  : Virus:DOS/EICAR_Test_File
//	Resources               : 1 total
//	    file                : C:\samples\archive.zip->eicar.com
type defenderReport struct {
	threat   string
	found    []Located
	finished bool
	last     string
}

func (r *defenderReport) line(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	r.last = strings.ToValidUTF8(text, "?")
	if strings.HasPrefix(text, "Scan finished") {
		r.finished = true
	}
	name, value, ok := strings.Cut(text, ":")
	if value = strings.TrimSpace(value); !ok || value == "" {
		return
	}
	switch strings.TrimSpace(name) {
	case "Threat":
		r.threat = ""
		if validName([]byte(value)) {
			r.threat = value
		}
	case "file":
		if r.threat != "" && len(r.found) < MaxThreats {
			path, within, _ := strings.Cut(value, "->")
			r.found = append(r.found, Located{Path: path, Finding: Finding{Signature: r.threat, Within: within}})
		}
	}
}
