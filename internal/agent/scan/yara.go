package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// maxProcessTime is how long YARA may look at the memory of one process.
	maxProcessTime = 10 * time.Minute

	// maxMemoryChunk is how many bytes of a process's memory YARA holds at a
	// time; by itself it would hold a gigabyte.
	maxMemoryChunk = 64 << 20

	maxYaraMatches = 100     // rules that are told of one file or process
	maxOutputLine  = 4 << 10 // bytes that are kept of a line that yara says
)

// Yara is what the engine in front of the yara program needs of a machine.
type Yara struct {
	// Run starts yara or yarac with these arguments and waits until it has
	// ended, which it does with ctx at the latest. in may be nil. The error
	// wraps fs.ErrNotExist if the machine has no such program.
	Run func(ctx context.Context, program string, args []string, in *os.File, out, said io.Writer) error

	Rules   []string // folders with *.yar and *.yara files
	Cache   string   // a private folder for the compiled rules, made when it is needed
	Threads int      // of yara
}

// Engine returns the engine.
func (y Yara) Engine() Engine { return yaraEngine{y} }

type yaraEngine struct{ Yara }

func (yaraEngine) Name() string { return "yara" }

func (y yaraEngine) Open(ctx context.Context) (Examination, error) {
	rules, err := y.compile(ctx)
	if err != nil {
		return nil, err
	}
	e := &yara{ctx: ctx, engine: y, rules: rules}
	e.lister = lister{ctx: ctx, run: e.runList}
	return e, nil
}

// A yara is one pass with the yara program, which is started for the first
// file and then told of all others, and once more for each process.
type yara struct {
	ctx    context.Context
	engine yaraEngine
	rules  yaraRules
	lister lister
}

func (e *yara) Describe() Description {
	return Description{Version: e.rules.Version, Signatures: e.rules.Signatures}
}

func (e *yara) Examine(f *File, done func(Verdict)) {
	if f.Size > maxAnySize {
		done(tooLargeFor("YARA is shown files", maxAnySize))
		return
	}
	e.lister.add(f, done)
}

func (e *yara) Close() { e.lister.close() }

// runList runs yara on a list of files, one path a line, until its end.
func (e *yara) runList(ctx context.Context, list *os.File, out, said io.Writer) error {
	args := []string{"-C", "-e", "-w", "-p", strconv.Itoa(max(1, e.engine.Threads)), "--scan-list", e.rules.compiled, "/proc/self/fd/0"}
	return e.engine.Run(ctx, "yara", args, list, out, said)
}

// ExamineProcess implements [ProcessExaminer].
func (e *yara) ExamineProcess(p *Process, done func(Verdict)) {
	go func() { done(e.judgeProcess(strconv.Itoa(p.ID))) }()
}

func (e *yara) judgeProcess(id string) (v Verdict) {
	late := fmt.Errorf("yara did not end within %v", maxProcessTime)
	ctx, cancel := context.WithTimeoutCause(e.ctx, maxProcessTime, late)
	defer cancel()
	ended, last := false, "yara said nothing of the process"
	out := lineWriter{each: func(line string) {
		switch rule, target := parseMatch(line); {
		case target != id:
		case rule == doneRule:
			ended = true
		default:
			v.find(rule)
		}
	}}
	said := lineWriter{each: func(line string) { last = line }}
	args := []string{"-C", "-e", "-w", "--max-process-memory-chunk=" + strconv.Itoa(maxMemoryChunk), e.rules.compiled, id}
	err := e.engine.Run(ctx, "yara", args, nil, &out, &said)
	switch {
	case ended:
		return v
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case !errors.Is(err, fs.ErrNotExist):
		err = errors.New(last)
	}
	v.Missed = []Miss{{Reason: Unjudged, Err: err}}
	return v
}

// find enters a rule that matches.
func (v *Verdict) find(rule string) {
	_, name, _ := strings.Cut(rule, ":")
	if len(v.Findings) < maxYaraMatches && validName([]byte(name)) {
		v.Findings = append(v.Findings, Finding{Signature: name})
	}
}

// parseMatch reads "namespace:rule target". Targets are ours: no name of a
// file is ever part of what yara says.
func parseMatch(line string) (rule, target string) {
	rule, target, _ = strings.Cut(line, " ")
	return rule, target
}

// A lineWriter calls each with every line that is written to it. What is too
// long for a line of yara's is cut.
type lineWriter struct {
	each func(line string)
	rest []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	for text := p; len(text) > 0; {
		line, rest, ended := bytes.Cut(text, []byte{'\n'})
		room := maxOutputLine - len(w.rest)
		w.rest = append(w.rest, line[:min(len(line), room)]...)
		if ended {
			w.each(string(w.rest))
			w.rest = w.rest[:0]
		}
		text = rest
	}
	return len(p), nil
}
