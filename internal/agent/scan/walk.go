package scan

import (
	"context"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// MaxDepth is how many folders below a root are entered. Each one on the
	// way down holds an open file, and real trees stay far above it.
	MaxDepth = 256

	batch     = 256     // entries of a folder held at a time
	readBytes = 1 << 18 // read from a file at a time

	progressEvery = time.Second
)

var (
	errNotAllowed = errors.New("the local policy does not allow it")
	errNotThere   = errors.New("it is neither a file nor a folder")
)

// A walk is one scan under way.
type walk struct {
	ctx      context.Context
	engine   *builtin
	options  Options
	progress func(Progress)

	result Result // of the roots that are done, threats and errors of all
	root   *RootResult
	device uint64        // of the root
	own    []fs.FileInfo // the folders of signatures

	expected int64 // bytes below all roots, negative if not known
	told     time.Time

	head   [eicarLimit + 1]byte
	buffer []byte
	hashes [len(algorithms)]hash.Hash
}

// Scan implements [Engine].
func (e *builtin) Scan(ctx context.Context, roots []Root, o Options, progress func(Progress)) Result {
	w := &walk{ctx: ctx, engine: e, options: o.complete(), progress: progress, told: time.Now()}
	w.buffer = make([]byte, readBytes)
	for i, a := range algorithms {
		w.hashes[i] = a.open()
	}
	for _, folder := range e.folders {
		if own, err := os.Stat(folder); err == nil {
			w.own = append(w.own, own)
		}
	}
	for _, root := range roots {
		if root.Bytes < 0 {
			w.expected = -1
			break
		}
		w.expected += root.Bytes
	}
	for _, root := range roots {
		done := RootResult{Path: root.Path, Skipped: map[Reason]int64{}}
		w.root = &done
		done.Stopped = w.from(filepath.Clean(root.Path))
		w.result.Roots = append(w.result.Roots, done)
		w.result.Counts.add(done.Counts)
	}
	return w.result
}

func (o Options) complete() Options {
	if o.Allow == nil {
		o.Allow = func(string) bool { return true }
	}
	if o.Open == nil {
		o.Open = os.Open
	}
	if o.Device == nil {
		o.Device = func(fs.FileInfo) uint64 { return 0 }
	}
	return o
}

// from scans one root. The error says why it was not scanned to its end.
func (w *walk) from(path string) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return plain(err)
	}
	w.device = w.options.Device(info)
	switch {
	case !w.options.Allow(path):
		return errNotAllowed
	case info.IsDir():
		err = w.directory(path, info, 0)
	case info.Mode().IsRegular():
		err = w.file(path)
	default:
		return errNotThere
	}
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	if err != nil {
		return plain(err)
	}
	return nil
}

// directory scans a folder that Lstat described as info. It returns an error
// only if it could not begin.
func (w *walk) directory(path string, info fs.FileInfo, depth int) error {
	if slices.ContainsFunc(w.own, func(own fs.FileInfo) bool { return os.SameFile(info, own) }) {
		w.skip(Own)
		return nil
	}
	folder, err := w.options.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	opened, err := folder.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, opened) { // replaced meanwhile: what was there is gone
		w.skip(Vanished)
		return nil
	}
	w.root.Counts.Directories++
	for {
		w.tell()
		entries, err := folder.ReadDir(batch)
		for _, entry := range entries {
			if w.ctx.Err() != nil {
				return nil
			}
			if err := w.entry(join(path, entry.Name()), entry, depth); err != nil {
				w.fail(join(path, entry.Name()), err)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			w.fail(path, err)
			return nil
		}
	}
}

// join is filepath.Join for a clean folder and one name, without its work.
func join(folder, name string) string {
	if os.IsPathSeparator(folder[len(folder)-1]) {
		return folder + name
	}
	return folder + string(filepath.Separator) + name
}

func (w *walk) entry(path string, entry fs.DirEntry, depth int) error {
	kind := entry.Type()
	switch {
	case kind&fs.ModeSymlink != 0:
		w.skip(Link)
	case !kind.IsDir() && !kind.IsRegular():
		w.skip(NotAFile)
	case !w.options.Allow(path):
		w.skip(Refused)
	case kind.IsRegular():
		return w.file(path)
	case depth == MaxDepth:
		w.skip(TooDeep)
	default:
		// Looked at before it is opened: opening could mount what is behind.
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if w.options.Device(info) != w.device {
			w.skip(OtherFileSystem)
			return nil
		}
		return w.directory(path, info, depth+1)
	}
	return nil
}

func (w *walk) skip(why Reason) {
	w.root.Counts.Skipped++
	w.root.Skipped[why]++
}

// fail counts an entry that could not be read. What a scan that was called off
// left unread is no failure of the entry.
func (w *walk) fail(path string, err error) {
	if w.ctx.Err() != nil {
		return
	}
	if errors.Is(err, fs.ErrNotExist) {
		w.skip(Vanished)
		return
	}
	w.root.Counts.Errors++
	if len(w.result.Errors) < MaxErrors {
		w.result.Errors = append(w.result.Errors, Failure{Path: path, Error: plain(err).Error()})
	}
}

// tell reports progress if a second has passed.
func (w *walk) tell() {
	if w.progress == nil || time.Since(w.told) < progressEvery {
		return
	}
	w.told = time.Now()
	p := Progress{Counts: w.result.Counts, Percent: -1}
	p.add(w.root.Counts)
	if w.expected > 0 {
		// Files in use, sparse or linked twice make the estimate overshoot.
		p.Percent = int(min(99, p.Bytes*100/w.expected))
	}
	w.progress(p)
}
