package scan

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
)

// builtIn is the engine that every agent has.
type builtIn struct {
	folders []string
	quietly func(func())
}

// BuiltIn returns the engine that knows the EICAR test file, and what the .hdb,
// .hsb and .ndb files of the folders describe; one that does not exist holds none.
// Their faults are told by Describe; only a folder that cannot be listed makes
// the engine absent. It looks at one file at a time, inside of quietly if that
// is not nil.
func BuiltIn(folders []string, quietly func(func())) Engine {
	if quietly == nil {
		quietly = func(f func()) { f() }
	}
	return builtIn{folders, quietly}
}

func (e builtIn) Name() string { return "builtin" }

func (e builtIn) Open(ctx context.Context) (Examination, error) {
	signatures, set, err := load(e.folders)
	if err != nil {
		return nil, err
	}
	x := &examination{ctx: ctx, signatures: signatures, set: set, whole: newInspection(set, readBytes)}
	x.work, x.closed = make(chan func(), maxHeld), make(chan struct{})
	go func() {
		defer close(x.closed)
		e.quietly(func() {
			for do := range x.work {
				do()
			}
		})
	}()
	return x, nil
}

// An examination is the built-in engine's part of a pass.
type examination struct {
	ctx        context.Context
	signatures Signatures
	set        *set

	work   chan func() // in order
	closed chan struct{}

	// Of the one that works:
	whole  *inspection
	within []*inspection // by depth in archives
	head   [headBytes]byte
}

func (x *examination) Describe() Description { return Description{"2", x.signatures} }

func (x *examination) Examine(f *File, done func(Verdict)) {
	x.work <- func() { done(guarded(func() Verdict { return x.file(f) })) }
}

func (x *examination) ExamineProcess(p *Process, done func(Verdict)) {
	x.work <- func() { done(guarded(func() Verdict { return x.process(p) })) }
}

func (x *examination) Close() {
	close(x.work)
	<-x.closed
}

// guarded keeps a fault of the engine's own, on a file made for it perhaps,
// from ending more than the look at this file.
func guarded(judge func() Verdict) (v Verdict) {
	defer func() {
		if fault := recover(); fault != nil {
			v = Failed(fmt.Errorf("the engine met a fault of its own: %v", fault))
		}
	}()
	return judge()
}

// file judges a file, as a whole and, if it is an archive, what is in it. One
// that grows is read up to the size that it had.
func (x *examination) file(f *File) (v Verdict) {
	n, err := f.ReadAt(x.head[:min(headBytes, f.Size)], 0)
	if err != nil && err != io.EOF {
		return Failed(err)
	}
	head := x.head[:n]
	more, tooLarge := x.whole.begin(f.Size, head)
	if more {
		err = x.whole.readAll(x.ctx, io.NewSectionReader(f, 0, f.Size))
	} else {
		_, err = x.whole.Write(head)
	}
	v.Read = x.whole.size
	if err != nil {
		return Failed(err)
	}
	names := x.whole.end()
	if tooLarge {
		v.Missed = append(v.Missed, Miss{Reason: TooLarge})
	}
	if format := formatOf(head); format != "" {
		u := unpack(x.ctx, x.level, f, f.Size, format)
		v.Findings = u.findings
		names = slices.DeleteFunc(names, func(name string) bool { return u.known(name, "") })
		for _, reason := range slices.Sorted(maps.Keys(u.missed)) {
			v.Missed = append(v.Missed, *u.missed[reason])
		}
	}
	for _, name := range names {
		v.Findings = append(v.Findings, Finding{Signature: name})
	}
	return v
}

// level returns the inspection of entries that are so deep in archives.
func (x *examination) level(depth int) *inspection {
	for len(x.within) < depth {
		x.within = append(x.within, newInspection(x.set, readBytes/4))
	}
	return x.within[depth-1]
}

// process judges the memory of a process. Regions that touch are one.
func (x *examination) process(p *Process) (v Verdict) {
	look, unread := x.whole.stream, int64(0)
	seen := map[int32]bool{}
	end := int64(-1)
	finish := func() {
		for _, body := range look.finish() {
			if !seen[body] && len(seen) < maxMatches {
				seen[body] = true
				v.Findings = append(v.Findings, Finding{Signature: string(x.set.name(x.set.matcher.bodies[body].name))})
			}
		}
	}
	for _, region := range p.Regions {
		if region.Start != end {
			if end >= 0 {
				finish()
			}
			look.reset(false)
		}
		end = region.Start + region.Size
		for at := region.Start; at < end; {
			if err := x.ctx.Err(); err != nil {
				return Failed(err)
			}
			room := look.room()
			n, err := p.Memory.ReadAt(room[:min(int64(len(room)), end-at)], at)
			look.add(n)
			at += int64(n)
			v.Read += int64(n)
			if err != nil || n == 0 { // what follows here may be gone by now
				unread++
				end = -1
				finish()
				break
			}
		}
	}
	if end >= 0 {
		finish()
	}
	if unread > 0 {
		v.Missed = append(v.Missed, Miss{Reason: Unreadable, Times: unread})
	}
	return v
}
