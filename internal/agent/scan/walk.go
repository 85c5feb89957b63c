package scan

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// MaxDepth is how many folders below a root are entered. Each one on the way
// down holds an open file, and real trees stay far above it.
const MaxDepth = 256

var (
	errNotAllowed = errors.New("the local policy does not allow it")
	errNotThere   = errors.New("it is neither a file nor a folder")
)

// from scans one root, or what comes after an entry of it that was the last to
// be finished before. The error says why it was not scanned to its end.
func (p *pass) from(root Root, after []string) error {
	path := filepath.Clean(root.Path)
	if len(p.parts) == 0 {
		return errNoEngine
	}
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if root.Files != nil || root.Processes != nil {
		return p.row(root)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return plain(err)
	}
	p.device = p.options.Device(info)
	switch {
	case !p.options.Allow(path):
		return errNotAllowed
	case info.IsDir():
		err = p.directory(nil, path, path, info, 0, after)
	case info.Mode().IsRegular():
		err = p.file(nil, path, path)
	default:
		return errNotThere
	}
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	if err != nil {
		return plain(err)
	}
	return nil
}

// row scans what is in no tree.
func (p *pass) row(root Root) error {
	if root.Files != nil {
		for file, err := range root.Files {
			if err != nil {
				p.fail(file.Path, err)
			} else {
				p.show(file)
			}
			if p.ctx.Err() != nil {
				return context.Cause(p.ctx)
			}
		}
		return nil
	}
	able := func(part part) bool { _, ok := part.Examination.(ProcessExaminer); return ok }
	if !slices.ContainsFunc(p.parts, able) {
		return errNoProcessEngine
	}
	for process, err := range root.Processes {
		switch {
		case err != nil:
			p.fail(process.name(), err)
		case process.ID == os.Getpid():
			p.skip(Self)
		default:
			p.showProcess(process)
		}
		if p.ctx.Err() != nil {
			return context.Cause(p.ctx)
		}
	}
	return nil
}

// directory scans a folder, called name in another, that Lstat described as
// info, from the start or after an entry in it. It returns an error only if it
// could not begin.
func (p *pass) directory(in *os.File, name, path string, info fs.FileInfo, depth int, after []string) error {
	if slices.ContainsFunc(p.own, func(own fs.FileInfo) bool { return os.SameFile(info, own) }) {
		p.skip(Own)
		return nil
	}
	folder, err := p.options.Open(in, name, true)
	if err != nil {
		return err
	}
	defer folder.Close()
	opened, err := folder.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, opened) { // replaced meanwhile: what was there is gone
		p.skip(Vanished)
		return nil
	}
	from := ""
	switch len(after) {
	case 0:
		p.root.Counts.Directories++
	case 1:
		from = behind(after[0])
	default:
		from = after[0]
	}
	for more := true; more; {
		var items []item
		items, more, err = p.list(folder, from)
		p.names += len(items)
		for _, it := range items {
			if p.options.Pass(p.ctx) != nil || p.ctx.Err() != nil {
				return nil
			}
			p.trail = append(p.trail[:depth], it.name)
			var inside []string
			if len(after) > 1 && it.name == after[0] {
				inside = after[1:]
			}
			if err := p.entry(folder, join(path, it.name), it, depth, inside); err != nil {
				p.fail(join(path, it.name), err)
			}
			p.trail = p.trail[:depth+1]
			p.keep()
			from = behind(it.name)
		}
		p.names -= len(items)
	}
	if err != nil {
		p.fail(path, err)
	}
	return nil
}

// join is filepath.Join for a clean folder and one name, without its work.
func join(folder, name string) string {
	if os.IsPathSeparator(folder[len(folder)-1]) {
		return folder + name
	}
	return folder + string(filepath.Separator) + name
}

func (p *pass) entry(in *os.File, path string, it item, depth int, after []string) error {
	kind := it.kind
	switch {
	case kind&fs.ModeSymlink != 0:
		p.skip(Link)
	case !kind.IsDir() && !kind.IsRegular():
		p.skip(NotAFile)
	case !p.options.Allow(path):
		p.skip(Refused)
	case kind.IsRegular():
		return p.file(in, it.name, path)
	case depth == MaxDepth:
		p.skip(TooDeep)
	default:
		// Looked at before it is opened: opening could mount what is behind.
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if p.options.Device(info) != p.device {
			p.skip(OtherFileSystem)
			return nil
		}
		return p.directory(in, it.name, path, info, depth+1, after)
	}
	return nil
}

// file shows one file, called name in a folder, to the engines. An error means
// that it could not be opened.
func (p *pass) file(in *os.File, name, path string) error {
	p.tell()
	file, err := p.options.Open(in, name, false)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	// Once more, now of what was really opened. Its device does not matter: in
	// an overlay, the root of most containers, files have that of their layer.
	if !info.Mode().IsRegular() {
		file.Close()
		p.skip(NotAFile)
		return nil
	}
	p.show(&File{File: file, Path: path, Size: info.Size()})
	return nil
}
