package scan

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A grams table finds the places in a stream of bytes where a piece could
// stand: it looks at every stride-th place for as many bytes as width, first
// in a filter that says no nearly always.
//
// A piece of width+stride-1 bytes is entered once for each of its first stride
// bytes, and so is seen wherever it stands.
type grams struct {
	width, stride int

	filter []uint64 // bits by hash
	shift  int      // of a hash, for the filter
	slots  []slot   // by hash, power of two, with empty ones
	refs   []ref    // ordered by gram
}

// A ref is a gram of a piece: how far behind the piece's first byte it stands.
type ref struct {
	gram  uint32
	back  int32
	piece int32
}

type slot struct {
	gram     uint32
	from, to int32 // in refs; nothing if equal
}

const mix = 0x9e3779b1 // spreads the bits of a gram

func (g *grams) length() int { return g.width + g.stride - 1 } // of the pieces

func (g *grams) add(bytes []byte, back, piece int) {
	for i := range g.stride {
		g.refs = append(g.refs, ref{gramAt(bytes[i:], g.width), int32(back + i), int32(piece)})
	}
}

// gramAt reads a gram where four bytes need not follow.
func gramAt(b []byte, width int) (gram uint32) {
	for i := range width {
		gram |= uint32(b[i]) << (8 * i)
	}
	return gram
}

// seal makes the table ready to search.
func (g *grams) seal() {
	g.refs = slices.Clip(g.refs)
	slices.SortFunc(g.refs, func(a, b ref) int { return cmp.Compare(a.gram, b.gram) })
	bits := 16 // few enough entries among the bits that the filter says no, and yet it stays in the cache
	for bits < 22 && 1<<bits < 32*len(g.refs) {
		bits++
	}
	g.filter, g.shift = make([]uint64, 1<<(bits-6)), 32-bits
	size := 16
	for size < 2*len(g.refs) {
		size *= 2
	}
	g.slots = make([]slot, size)
	for from := 0; from < len(g.refs); {
		gram, to := g.refs[from].gram, from+1
		for to < len(g.refs) && g.refs[to].gram == gram {
			to++
		}
		hash := gram * mix >> g.shift
		g.filter[hash>>6] |= 1 << (hash & 63)
		at := int(gram*mix>>7) & (size - 1)
		for g.slots[at].to > 0 {
			at = (at + 1) & (size - 1)
		}
		g.slots[at] = slot{gram, int32(from), int32(to)}
		from = to
	}
}

// find returns the pieces that have a gram.
func (g *grams) find(gram uint32) []ref {
	for at := int(gram*mix>>7) & (len(g.slots) - 1); ; at = (at + 1) & (len(g.slots) - 1) {
		switch s := g.slots[at]; {
		case s.to == 0:
			return nil
		case s.gram == gram:
			return g.refs[s.from:s.to]
		}
	}
}

// search calls hit with every place from from to before to where a gram
// stands that some piece has. from is one of the places looked at; at least
// three bytes follow to, meaningless ones perhaps.
func (g *grams) search(data []byte, from, to int, hit func(at int, refs []ref)) {
	if len(g.refs) == 0 {
		return
	}
	keep := uint32(1<<(8*g.width) - 1)
	filter, shift, stride := g.filter, g.shift&31, g.stride
	for at := from; at < to; at += stride {
		gram := binary.LittleEndian.Uint32(data[at:]) & keep
		hash := gram * mix >> shift
		if filter[hash>>6]>>(hash&63)&1 != 0 {
			if refs := g.find(gram); refs != nil {
				hit(at, refs)
			}
		}
	}
}

// common says how often a byte stands in files, roughly: what is rare is
// looked for.
func common(b byte) int {
	switch {
	case b == 0:
		return 40
	case b == 0xff, b == ' ':
		return 12
	case b >= 'a' && b <= 'z':
		return 6
	case b == 0x8b, b == 0x48, b == 0x89, b == 0x0f, b == 0x24, b == 0xe8, b == 0xcc, b == 0x90:
		return 6
	case b < 0x10:
		return 5
	case b < 0x7f:
		return 3
	}
	return 1
}

// rarity of a piece is less for one that is rarer.
func rarity(piece []byte) (sum int) {
	same := true
	for _, b := range piece {
		sum += common(b)
		same = same && b == piece[0]
	}
	if same {
		sum += 1000 // padding is made of these
	}
	return sum
}
