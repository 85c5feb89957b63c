package scan

import (
	"context"
	"fmt"
	"hash"
)

const readBytes = 1 << 18 // read from a file at a time

// builtIn is the engine that every agent has.
type builtIn struct {
	folders []string
	quietly func(func())
}

// BuiltIn returns the engine that knows the EICAR test file, and what the .hdb
// and .hsb files of the folders describe; one that does not exist holds none.
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
	x := &examination{ctx: ctx, signatures: signatures, set: set, buffer: make([]byte, readBytes)}
	for i, a := range algorithms {
		x.hashes[i] = a.open()
	}
	x.files, x.closed = make(chan func(), maxHeld), make(chan struct{})
	go func() {
		defer close(x.closed)
		e.quietly(x.work)
	}()
	return x, nil
}

// An examination is the built-in engine's part of a pass.
type examination struct {
	ctx        context.Context
	signatures Signatures
	set        *set

	files  chan func() // what is to be done, in order
	closed chan struct{}

	// for the one that works
	head   [eicarLimit + 1]byte
	buffer []byte
	hashes [len(algorithms)]hash.Hash
}

func (x *examination) Describe() Description { return Description{"1", x.signatures} }

func (x *examination) Examine(f *File, done func(Verdict)) {
	x.files <- func() { done(x.judge(f)) }
}

func (x *examination) Close() {
	close(x.files)
	<-x.closed
}

func (x *examination) work() {
	for examine := range x.files {
		examine()
	}
}

// judge keeps a fault of the engine's own, on a file made for it perhaps, from
// ending more than the look at this file.
func (x *examination) judge(f *File) (v Verdict) {
	defer func() {
		if fault := recover(); fault != nil {
			v = Failed(fmt.Errorf("the engine met a fault of its own: %v", fault))
		}
	}()
	name, read, tooLarge, err := x.examine(f)
	if err != nil {
		return Failed(err)
	}
	v.Read = read
	if name != "" {
		v.Findings = []Finding{{Signature: name}}
	}
	if tooLarge {
		v.Missed = []Miss{{Reason: TooLarge}}
	}
	return v
}
