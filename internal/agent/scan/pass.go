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

	progressEvery = time.Second
)

var errNoEngine = errors.New("no engine was available")

// A Root is what to scan: a folder with everything below it on the same file
// system, or a single file.
type Root struct {
	Path  string
	Bytes int64 // about how much it holds, negative if that is not known
}

// Options say what a pass may touch, and how. The zero value scans everything
// below a root with the means of package os, other file systems included.
type Options struct {
	// Allow reports whether policy lets the engines look at a path. It is
	// asked for every root, folder and file.
	Allow func(path string) bool

	// Open opens a file or folder for reading; it should neither follow a
	// link, nor wait for a pipe's other end.
	Open func(path string) (*os.File, error)

	// Device tells file systems apart.
	Device func(fs.FileInfo) uint64

	// Own are folders that are left out: those of the signatures, which would
	// find themselves.
	Own []string

	// Pass waits while the pass is to hold back, and returns an error when it is
	// called off meanwhile. It is asked before every entry of a folder.
	Pass func(context.Context) error
}

func (o Options) complete() Options {
	if o.Allow == nil {
		o.Allow = func(string) bool { return true }
	}
	if o.Open == nil {
		o.Open = os.Open
	}
	if o.Pass == nil {
		o.Pass = func(ctx context.Context) error { return ctx.Err() }
	}
	if o.Device == nil {
		o.Device = func(fs.FileInfo) uint64 { return 0 }
	}
	return o
}

// Scan shows everything below the roots to all engines in one pass, and calls
// progress, from the caller's goroutine, at most once a second. It ends early
// when ctx does; the result then says which roots were not finished. Files
// that cannot be read and engines that are absent are told, never fatal.
func Scan(ctx context.Context, engines []Engine, roots []Root, o Options, progress func(Progress)) Result {
	p := &pass{ctx: ctx, options: o.complete(), progress: progress, told: time.Now()}
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
		p.root = &p.result.Roots[i]
		p.root.Stopped = p.from(root)
		p.beside(root.Path)
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

	result Result // counts, when it is complete, of all roots
	root   *RootResult
	device uint64        // of the root
	own    []fs.FileInfo // see Options.Own

	expected int64 // bytes below all roots, negative if not known
	told     time.Time
	buffer   []byte // for the digests of threats, made when there is one
}

// A part is an engine that takes part.
type part struct {
	Examination
	*EngineResult
}

// A shown file is one that engines have.
type shown struct {
	File
	root    *RootResult
	waiting []bool // for each part
	threats []Threat
}

// An answer is what a part says of a file.
type answer struct {
	file *shown
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
func (p *pass) show(f File) {
	p.wait(maxHeld - 1)
	p.held++
	file := &shown{File: f, root: p.root, waiting: slices.Repeat([]bool{true}, len(p.parts))}
	for i, part := range p.parts {
		part.Examine(&file.File, func(v Verdict) { p.answers <- answer{file, i, v} })
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

// take enters an answer, and ends with a file that all engines have judged.
func (p *pass) take(a answer) {
	if !a.file.waiting[a.part] {
		return // an engine that answers twice is heard once
	}
	a.file.waiting[a.part] = false
	a.file.root.Counts.BytesRead += a.Read
	a.file.threats = append(a.file.threats, p.hear(a.part, a.file.root, a.file.Path, a.Verdict)...)
	if slices.Contains(a.file.waiting, true) {
		return
	}
	p.held--
	p.found(a.file)
	a.file.Close()
	a.file.root.Counts.Files++
	a.file.root.Counts.Bytes += a.file.Size
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
	whole := attentive{p, io.NewSectionReader(f.File.File, 0, f.Size)}
	_, err := io.CopyBuffer(io.MultiWriter(short, long), whole, p.buffer)
	for _, threat := range threats {
		threat.Size = f.Size
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
