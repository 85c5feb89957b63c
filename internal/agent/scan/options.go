package scan

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"time"
)

// A Root is what to scan: a folder with everything below it on the same file
// system, or a single file. What is no part of a tree comes in a row instead,
// of files or of processes; each with an error if it cannot be looked at, or
// not all of it, and then it may have a name only.
type Root struct {
	Path      string
	Bytes     int64 // about how much it holds, negative if that is not known
	Files     iter.Seq2[*File, error]
	Processes iter.Seq2[*Process, error]
}

// Options say what a pass may touch, and how. The zero value scans everything
// below a root with the means of package os, other file systems included.
type Options struct {
	// Allow reports whether policy lets the engines look at a path. It is
	// asked for every root, folder and file.
	Allow func(path string) bool

	// Open opens for reading what is called so in a folder that is open; with
	// none, name is a path. It should follow no link on the way, whatever was
	// put in the place of a folder meanwhile, and not wait for a pipe's other
	// end.
	Open func(in *os.File, name string, folder bool) (*os.File, error)

	// Device tells file systems apart.
	Device func(fs.FileInfo) uint64

	// Own are folders that are left out: those of the signatures, which would
	// find themselves.
	Own []string

	// Pass waits while the pass is to hold back, and returns an error when it is
	// called off meanwhile. It is asked before every entry of a folder.
	Pass func(context.Context) error

	// Keep stores how far the pass has come, every few seconds, in the place of
	// what it stored before. Without it nothing is kept.
	Keep func(checkpoint []byte)

	// Last is what Keep stored last for the same pass, which was interrupted: it
	// goes on there. One that begins has none.
	Last []byte

	keepEvery time.Duration
}

func (o Options) complete() Options {
	if o.Allow == nil {
		o.Allow = func(string) bool { return true }
	}
	if o.Open == nil {
		o.Open = openByPath
	}
	if o.Pass == nil {
		o.Pass = func(ctx context.Context) error { return ctx.Err() }
	}
	if o.keepEvery == 0 {
		o.keepEvery = keepEvery
	}
	if o.Device == nil {
		o.Device = func(fs.FileInfo) uint64 { return 0 }
	}
	return o
}

func openByPath(in *os.File, name string, _ bool) (*os.File, error) {
	if in != nil {
		name = join(in.Name(), name)
	}
	return os.Open(name)
}
