package scan

import (
	"cmp"
	"io"
	"io/fs"
	"os"
	"slices"
)

// The order of a pass
//
// A pass goes through every folder in the order of names, bytes compared, so
// that one that was interrupted knows by a single name what it has seen: the
// order in which a system lists a folder need not be the same after a restart.
// A million names at once would be 60 MB of somebody's memory. So a pass holds
// so many in all, over every folder on the way down, and reads a larger folder
// once more for each next part; a million names are read 31 times, a second or
// less each. The order, and so the name to go on from, does not depend on that.
const (
	maxNames = 1 << 15
	batch    = 256 // entries that are read at a time, and that a folder may always hold
)

// An item is an entry of a folder.
type item struct {
	name string
	kind fs.FileMode // its type
}

// list returns the next items of a folder in order, from a name on, and whether
// there are more. With an error, which ends the folder, there may be some too.
func (p *pass) list(folder *os.File, from string) (items []item, more bool, err error) {
	room := max(batch, maxNames-p.names)
	if _, err := folder.Seek(0, io.SeekStart); err != nil {
		return nil, false, err
	}
	for {
		p.tell()
		entries, err := folder.ReadDir(batch)
		for _, entry := range entries {
			name := entry.Name()
			if name >= from && (!more || name < items[room-1].name) {
				items = append(items, item{name, entry.Type()})
			}
		}
		if err != nil || len(items) >= 2*room || p.ctx.Err() != nil {
			items, more = lowest(items, room, more)
		}
		switch {
		case err == io.EOF || p.ctx.Err() != nil:
			return items, more, nil
		case err != nil:
			return items, false, err
		}
	}
}

// lowest orders items and leaves so many of them.
func lowest(items []item, room int, more bool) ([]item, bool) {
	slices.SortFunc(items, func(a, b item) int { return cmp.Compare(a.name, b.name) })
	if len(items) <= room {
		return items, more
	}
	return items[:room], true
}

// behind is the first name that can come after one.
func behind(name string) string { return name + "\x00" }
