package scan

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

const (
	// maxHeld is how many files engines hold open at a time. One that is slow
	// to answer makes the pass wait, not grow.
	maxHeld = 256

	// maxHeldBytes is how large these may be together, unless it is one alone:
	// they are finished before a pass stands still or is kept.
	maxHeldBytes = 256 << 20

	progressEvery = time.Second
)

var (
	errNoEngine        = errors.New("no engine was available")
	errNoProcessEngine = errors.New("no engine that was available can look into processes")
	errNoFile          = errors.New("it is no file")
)

// Scan shows everything below the roots to all engines in one pass, and calls
// progress, from the caller's goroutine, at most once a second. It ends early
// when ctx does; the result then says which roots were not finished. Files
// that cannot be read and engines that are absent are told, never fatal.
func Scan(ctx context.Context, engines []Engine, roots []Root, o Options, progress func(Progress)) Result {
	begun := time.Now()
	p := &pass{ctx: ctx, options: o.complete(), progress: progress, told: begun, kept: begun}
	p.result.Began = begun.UTC()
	p.open(engines)
	for _, path := range o.Own {
		if info, err := os.Stat(path); err == nil {
			p.own = append(p.own, info)
		}
	}
	for _, root := range roots {
		if root.Bytes < 0 {
			p.expected = -1
			break
		}
		p.expected += root.Bytes
	}
	p.result.Roots = make([]RootResult, len(roots))
	for i, root := range roots {
		p.result.Roots[i] = RootResult{Path: root.Path, Skipped: map[Reason]int64{}, Missed: map[Lack]int64{}}
	}
	first, after := p.takeUp(roots)
	for i := first; i < len(roots); i++ {
		p.at, p.trail = i, append(p.trail[:0], after...)
		p.keep()
		p.root = &p.result.Roots[i]
		p.root.Stopped = p.from(roots[i], after)
		p.beside(roots[i])
		after = nil
	}
	p.close()
	for _, root := range p.result.Roots {
		p.result.Counts.add(root.Counts)
	}
	return p.result
}

// A pass is one scan under way. All of it belongs to the caller's goroutine:
// what engines say elsewhere comes to it through answers.
type pass struct {
	ctx      context.Context
	options  Options
	progress func(Progress)

	parts   []part
	answers chan answer // with room for all that can be under way
	held    int         // files that engines have
	bytes   int64       // in them

	result Result // counts, when it is complete, of all roots
	root   *RootResult
	device uint64        // of the root
	own    []fs.FileInfo // see Options.Own
	names  int           // of entries that wait in folders

	at    int      // the root under way
	trail []string // names that lead from it to the entry under way
	of    string   // see checkpoint
	kept  time.Time

	expected int64 // bytes below all roots, negative if not known
	told     time.Time
	buffer   []byte // for the digests of threats, made when there is one
}

// A part is an engine that takes part.
type part struct {
	Examination
	*EngineResult
}

// What is shown to the engines, a file or a process, until they all answered.
type shown struct {
	path    string
	size    int64
	file    *os.File // nil for a process
	root    *RootResult
	waiting []bool // for each part
	threats []Threat
}

// An answer is what a part says of a file.
type answer struct {
	*shown
	part int
	Verdict
}

func (p *pass) open(engines []Engine) {
	p.result.Engines = make([]EngineResult, len(engines))
	for i, engine := range engines {
		result := &p.result.Engines[i]
		*result = EngineResult{Name: engine.Name(), Missed: map[Reason]int64{}}
		examination, err := engine.Open(p.ctx)
		if err != nil {
			result.Unavailable = err
			continue
		}
		result.Description = examination.Describe()
		p.parts = append(p.parts, part{examination, result})
	}
	p.answers = make(chan answer, maxHeld*len(p.parts))
}

// close waits for what is under way, then lets the engines go.
func (p *pass) close() {
	p.wait(0)
	for _, part := range p.parts {
		part.Close()
	}
}

// show gives a file to every engine and leaves the rest to their answers.
func (p *pass) show(f *File) {
	for p.held > 0 && p.bytes+f.Size > maxHeldBytes {
		p.wait(p.held - 1)
	}
	it := &shown{path: f.Path, size: f.Size, file: f.File}
	p.give(it, maxHeld, func(part Examination) func(func(Verdict)) {
		return func(done func(Verdict)) { part.Examine(f, done) }
	})
}

// showProcess gives a process to every engine that can look into it, and waits
// until they have.
func (p *pass) showProcess(process *Process) {
	it := &shown{path: process.name()}
	p.give(it, 1, func(part Examination) func(func(Verdict)) {
		if examiner, ok := part.(ProcessExaminer); ok {
			return func(done func(Verdict)) { examiner.ExamineProcess(process, done) }
		}
		return nil
	})
	p.wait(0)
}

// give hands something to every engine that has a way to examine it, as soon
// as they hold less than so much.
func (p *pass) give(it *shown, most int, way func(Examination) func(func(Verdict))) {
	p.wait(most - 1)
	p.held++
	p.bytes += it.size
	it.root, it.waiting = p.root, make([]bool, len(p.parts))
	examine := make([]func(func(Verdict)), len(p.parts))
	for i, part := range p.parts {
		examine[i] = way(part.Examination)
		it.waiting[i] = examine[i] != nil
	}
	for i := range examine {
		if examine[i] != nil {
			examine[i](func(v Verdict) { p.answers <- answer{it, i, v} })
		}
	}
	p.wait(maxHeld)
}

// wait takes in what engines have answered, and waits for more while they hold
// more files than so many.
func (p *pass) wait(held int) {
	var tick *time.Ticker
	for {
		select {
		case a := <-p.answers:
			p.take(a)
			continue
		default:
		}
		if p.held <= held {
			return
		}
		if tick == nil {
			tick = time.NewTicker(progressEvery)
			defer tick.Stop()
		}
		select {
		case a := <-p.answers:
			p.take(a)
		case <-tick.C:
			p.tell()
		}
	}
}

// take enters an answer, and ends with what all engines have judged.
func (p *pass) take(a answer) {
	if !a.waiting[a.part] {
		return // an engine that answers twice is heard once
	}
	a.waiting[a.part] = false
	a.root.Counts.BytesRead += a.Read
	a.threats = append(a.threats, p.hear(a.part, a.root, a.path, a.Verdict)...)
	if slices.Contains(a.waiting, true) {
		return
	}
	p.held--
	p.bytes -= a.size
	p.found(a.shown)
	if a.file == nil {
		a.root.Counts.Processes++
		return
	}
	a.file.Close()
	a.root.Counts.Files++
	a.root.Counts.Bytes += a.size
}

// hear enters what an engine says of path, and returns the threats.
func (p *pass) hear(i int, root *RootResult, path string, v Verdict) (threats []Threat) {
	engine := p.parts[i].EngineResult
	engine.Judged++
	for _, miss := range v.Missed {
		if p.ctx.Err() != nil { // what a pass that was called off left unread is no failure
			root.Stopped = context.Cause(p.ctx)
			break
		}
		times := max(miss.Times, 1)
		root.Counts.Missed += times
		root.Missed[Lack{engine.Name, miss.Reason}] += times
		engine.Missed[miss.Reason] += times
		failure := Failure{Path: inside(path, miss.Within), Engine: engine.Name, Reason: miss.Reason}
		if miss.Err != nil {
			failure.Error = plain(miss.Err).Error()
		}
		p.note(failure)
	}
	for _, f := range v.Findings {
		threats = append(threats, Threat{Path: path, Within: f.Within, Signature: f.Signature, Engine: engine.Name})
	}
	return threats
}

// inside names a part of a file.
func inside(path, within string) string {
	if within == "" {
		return path
	}
	return path + "!" + within
}

// found enters the threats in a file. It is read once more for the digests by
// which people look threats up, whatever matched.
func (p *pass) found(f *shown) {
	f.root.Counts.Threats += int64(len(f.threats))
	room := MaxThreats - len(p.result.Threats)
	threats := f.threats[:min(len(f.threats), room)]
	if len(threats) == 0 {
		return
	}
	if p.buffer == nil {
		p.buffer = make([]byte, readBytes)
	}
	short, long := md5.New(), sha256.New()
	err := errNoFile
	if f.file != nil {
		whole := attentive{p, io.NewSectionReader(f.file, 0, f.size)}
		_, err = io.CopyBuffer(io.MultiWriter(short, long), whole, p.buffer)
	}
	for _, threat := range threats {
		threat.Size = f.size
		if err == nil { // without them it is a threat all the same
			threat.MD5 = hex.EncodeToString(short.Sum(nil))
			threat.SHA256 = hex.EncodeToString(long.Sum(nil))
		}
		p.result.Threats = append(p.result.Threats, threat)
	}
}

func (p *pass) skip(why Reason) {
	p.root.Counts.Skipped++
	p.root.Skipped[why]++
}

// fail counts an entry that could not be read. What a pass that was called off
// left unread is no failure of the entry.
func (p *pass) fail(path string, err error) {
	if p.ctx.Err() != nil {
		return
	}
	if errors.Is(err, fs.ErrNotExist) {
		p.skip(Vanished)
		return
	}
	p.root.Counts.Errors++
	p.note(Failure{Path: path, Error: plain(err).Error()})
}

func (p *pass) note(f Failure) {
	if len(p.result.Errors) < MaxErrors {
		p.result.Errors = append(p.result.Errors, f)
	}
}

// tell reports progress if a second has passed.
func (p *pass) tell() {
	if p.progress == nil || time.Since(p.told) < progressEvery {
		return
	}
	p.told = time.Now()
	now := Progress{Percent: -1}
	for _, root := range p.result.Roots {
		now.add(root.Counts)
	}
	if p.expected > 0 {
		// Files in use, sparse or linked twice make the estimate overshoot.
		now.Percent = int(min(99, now.Bytes*100/p.expected))
	}
	p.progress(now)
}

// attentive is a file under a pass that may be called off at any time.
type attentive struct {
	p    *pass
	file io.Reader
}

func (a attentive) Read(p []byte) (int, error) {
	if err := a.p.ctx.Err(); err != nil {
		return 0, err
	}
	a.p.tell()
	return a.file.Read(p)
}
