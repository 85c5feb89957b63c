package scan

import (
	"bytes"
	"slices"
)

// maxMatches is how many signatures are told of one file or part of one.
const maxMatches = 8

// A matcher looks for body signatures in streams of bytes. It is built once,
// by add and seal, and then used by any number of streams.
//
// Signatures are divided at their open gaps into groups. Every group holds an
// anchor, fixed bytes around which it is followed in both directions. The grams
// tables look for the anchors of first groups; the others are looked for once
// the group before was found, which is rare.
type matcher struct {
	bodies []body
	groups []group
	tables [3]grams
	direct []int32 // groups that are looked for where they must stand

	targets     target // of all bodies
	back, ahead int    // bytes before and behind an anchor that its group may need
	head        int    // bytes at the beginning that direct groups and targets need
}

// A group is a part of a body without open gaps.
type group struct {
	body     int32
	anchor   int32 // index in elements, -1 for a direct one
	elements []element
	after    int64 // bytes at least since the group before, -1 for the first
	last     bool
}

func newMatcher() *matcher {
	m := &matcher{}
	m.tables[0] = grams{width: 4, stride: 4}
	m.tables[1] = grams{width: 3, stride: 2}
	m.tables[2] = grams{width: 2, stride: 1}
	return m
}

// add takes in a signature, or says why it cannot.
func (m *matcher) add(b body) error {
	if b.target != anyTarget {
		m.head = max(m.head, headBytes)
	}
	groups := b.groups()
	if b.place == fromEnd && len(groups) > 1 {
		return errOpenEnd
	}
	for i := range groups {
		g := &groups[i]
		g.body = int32(len(m.bodies))
		if spanOf(g.elements) > maxSpan {
			return errSpan
		}
		g.anchor = -1
		if _, _, ok := m.anchorOf(g); ok {
			continue
		}
		if i > 0 || b.place != fromStart || b.to+maxSpan > maxHead {
			return errAnchor
		}
	}
	m.targets |= b.target
	m.bodies = append(m.bodies, b)
	for _, g := range groups {
		m.addGroup(g)
	}
	return nil
}

// groups divides a body at its open gaps.
func (b *body) groups() (out []group) {
	from, after := 0, int64(-1)
	for i := range b.elements {
		if e := &b.elements[i]; e.kind == gap && e.max == open {
			out = append(out, group{elements: b.elements[from:i], after: after})
			from, after = i+1, int64(e.min)
		}
	}
	return append(out, group{elements: b.elements[from:], after: after, last: true})
}

func (m *matcher) addGroup(g group) {
	index := len(m.groups)
	table, offset, ok := m.anchorOf(&g)
	switch {
	case !ok:
		m.direct = append(m.direct, int32(index))
		m.head = max(m.head, int(m.bodies[g.body].to)+spanOf(g.elements))
	case g.after < 0:
		table.add(g.elements[g.anchor].value[offset:][:table.length()], offset, index)
	}
	if ok {
		m.back = max(m.back, spanOf(g.elements[:g.anchor])+len(g.elements[g.anchor].value))
		m.ahead = max(m.ahead, spanOf(g.elements[g.anchor:]))
	}
	m.groups = append(m.groups, g)
}

// anchorOf chooses the piece by which a group is looked for: the rarest of the
// longest kind that it has.
func (m *matcher) anchorOf(g *group) (table *grams, offset int, ok bool) {
	for i := range m.tables {
		table = &m.tables[i]
		rarest := 0
		for at := range g.elements {
			e := &g.elements[at]
			if e.kind != literal {
				continue
			}
			for from := 0; from+table.length() <= len(e.value); from++ {
				if r := rarity(e.value[from : from+table.length()]); !ok || r < rarest {
					g.anchor, offset, rarest, ok = int32(at), from, r, true
				}
			}
		}
		if ok {
			return table, offset, true
		}
	}
	return nil, 0, false
}

func (m *matcher) seal() {
	for i := range m.tables {
		m.tables[i].seal()
	}
	m.bodies, m.groups = slices.Clip(m.bodies), slices.Clip(m.groups)
}

func (m *matcher) empty() bool { return len(m.bodies) == 0 }

// A stream looks for the signatures of a matcher in one file after the other,
// or in other rows of bytes. Its memory is what the signatures bind together
// and one chunk.
//
// A file is given to it by reset, then room and add until it ends, and finish.
type stream struct {
	matcher *matcher
	placed  bool   // signatures for types and places of files count
	is      target // of the file, once it can be told

	data []byte // what is at hand, with room behind it
	base int64  // where data stands in the file
	next int64  // anchors before it have been looked for, from head on

	begun  bool
	ends   []int64 // by group, where it can end soonest; 0 if it was not found
	begins []int32 // first groups that were found, of bodies with more
	late   []event // of bodies whose place counts from the end
	pruned int     // how many were left of them the last time
	found  []int32 // bodies
	follow follower
}

// An event is a place where a body may begin, by the anchor of its only group.
type event struct {
	at, start int64
	group     int32
}

// newStream returns a stream that reads chunks of a size that suits tests or
// disks.
func newStream(m *matcher, chunk int) *stream {
	room := m.back + max(m.ahead, m.head) + chunk + 16
	return &stream{matcher: m, data: make([]byte, 0, room), ends: make([]int64, len(m.groups))}
}

// reset begins with a file, or, if not placed, with bytes that are none, such
// as a process's memory.
func (s *stream) reset(placed bool) {
	for _, g := range s.begins {
		for s.ends[g] = 0; !s.matcher.groups[g].last; s.ends[g] = 0 {
			g++
		}
	}
	s.begins, s.found = s.begins[:0], s.found[:0]
	s.late, s.pruned = s.late[:0], 0
	s.data, s.base, s.next = s.data[:0], 0, 0
	s.placed, s.is, s.begun = placed, anyTarget, false
}

// room is where the next bytes of the file belong; add says how many came.
func (s *stream) room() []byte { return s.data[len(s.data) : cap(s.data)-8] }

func (s *stream) add(n int) {
	s.data = s.data[:len(s.data)+n]
	if len(s.data) == cap(s.data)-8 {
		s.search(false)
		s.slide()
	}
}

// finish ends the file and returns the bodies that were found in it. The slice
// is good until the next reset.
func (s *stream) finish() []int32 {
	s.search(true)
	s.lookBack()
	slices.Sort(s.found)
	return s.found
}

// slide lets go of what is no longer needed.
func (s *stream) slide() {
	keep := s.next - int64(s.matcher.back)
	if drop := keep - s.base; drop > 0 {
		s.data = s.data[:copy(s.data, s.data[drop:])]
		s.base = keep
	}
}

// search looks for anchors as far as their groups are at hand.
func (s *stream) search(final bool) {
	m := s.matcher
	end := s.base + int64(len(s.data))
	if !s.begun {
		if !final && len(s.data) < m.head {
			return
		}
		s.begun = true
		if s.placed {
			s.is = targetsOf(s.data)
			s.searchDirect()
		}
	}
	limit := end
	if !final {
		limit = (end - int64(m.ahead)) &^ 3 // where all tables look again
	}
	if limit <= s.next {
		return
	}
	padded := s.data[: len(s.data)+8 : len(s.data)+8]
	clear(padded[len(s.data):])
	for i := range m.tables {
		table := &m.tables[i]
		table.search(padded, int(s.next-s.base), int(limit-s.base), func(at int, refs []ref) {
			for _, r := range refs {
				s.candidate(at, r)
			}
		})
	}
	for _, first := range s.begins {
		s.goOn(first+1, limit)
	}
	s.next = limit
}

// candidate follows a first group from where a gram of its anchor stands.
func (s *stream) candidate(at int, r ref) {
	g := &s.matcher.groups[r.piece]
	b := &s.matcher.bodies[g.body]
	from := at - int(r.back)
	if !s.wants(g) || !s.anchored(g, from) {
		return
	}
	starts := s.follow.at(from).before(s.data, g.elements[:g.anchor])
	if b.place == fromEnd {
		s.keep(at, from, r.piece, slices.Clone(starts))
		return
	}
	allowed := func(at int32) bool {
		start := s.base + int64(at)
		return b.place == anywhere || start >= b.from && start <= b.to
	}
	if !slices.ContainsFunc(starts, allowed) {
		return
	}
	if end, ok := s.endOf(g, from); ok {
		s.enter(r.piece, end)
	}
}

// anchored reports whether the anchor of a group stands at a place in data.
func (s *stream) anchored(g *group, from int) bool {
	anchor := g.elements[g.anchor].value
	return from >= 0 && from+len(anchor) <= len(s.data) && bytes.Equal(s.data[from:from+len(anchor)], anchor)
}

// endOf returns where a group can end soonest whose anchor stands there.
func (s *stream) endOf(g *group, from int) (end int64, ok bool) {
	to := from + len(g.elements[g.anchor].value)
	ends := s.follow.at(to).after(s.data, g.elements[g.anchor+1:])
	if len(ends) == 0 {
		return 0, false
	}
	return s.base + int64(ends[0]), true
}

// enter takes note of a first group that ends there.
func (s *stream) enter(index int32, end int64) {
	switch g, known := &s.matcher.groups[index], s.ends[index]; {
	case g.last:
		s.found = append(s.found, g.body)
	case known == 0:
		s.begins = append(s.begins, index)
		s.ends[index] = end
	case end < known:
		s.ends[index] = end
	}
}

// goOn looks for the groups of a body from the second on, each behind the one
// before, as far as limit.
func (s *stream) goOn(index int32, limit int64) {
	for ; s.ends[index-1] != 0; index++ {
		g := &s.matcher.groups[index]
		if !s.wants(g) {
			return
		}
		anchor := g.elements[g.anchor].value
		earliest := s.ends[index-1] + g.after
		for at := max(s.next, earliest); at < limit && (s.ends[index] == 0 || at < s.ends[index]); at++ {
			next := bytes.Index(s.data[at-s.base:], anchor)
			if next < 0 {
				break
			}
			if at += int64(next); at >= limit {
				break
			}
			from := int(at - s.base)
			starts := s.follow.at(from).before(s.data, g.elements[:g.anchor])
			if len(starts) == 0 || s.base+int64(starts[len(starts)-1]) < earliest {
				continue
			}
			if end, ok := s.endOf(g, from); ok && (s.ends[index] == 0 || end < s.ends[index]) {
				s.ends[index] = end
			}
		}
		if g.last {
			if s.ends[index] != 0 {
				s.found = append(s.found, g.body)
			}
			return
		}
	}
}

// keep enters a body whose place counts from the end of the file, once for
// every start that it can have: which of them counts is known then.
func (s *stream) keep(at, from int, index int32, starts []int32) {
	if _, ok := s.endOf(&s.matcher.groups[index], from); !ok {
		return
	}
	here := s.base + int64(at)
	for _, start := range starts {
		s.late = append(s.late, event{here, s.base + int64(start), index})
	}
	if len(s.late) > 2*s.pruned+4096 {
		s.late = slices.DeleteFunc(s.late, func(e event) bool { return e.at < here-maxTail-maxSpan })
		s.pruned = len(s.late)
	}
}

// lookBack chooses among what was kept, now that the end is known.
func (s *stream) lookBack() {
	end := s.base + int64(len(s.data))
	for _, e := range s.late {
		g := &s.matcher.groups[e.group]
		b := &s.matcher.bodies[g.body]
		if s.wants(g) && e.start >= end-b.from && e.start <= end-b.to {
			s.found = append(s.found, g.body)
		}
	}
}

// wants reports whether a group can still matter.
func (s *stream) wants(g *group) bool {
	b := &s.matcher.bodies[g.body]
	if b.target&s.is == 0 || b.place != anywhere && !s.placed {
		return false
	}
	return len(s.found) < maxMatches && !slices.Contains(s.found, g.body)
}

// searchDirect looks for groups without an anchor where they must begin.
func (s *stream) searchDirect() {
	for _, index := range s.matcher.direct {
		g := &s.matcher.groups[index]
		b := &s.matcher.bodies[g.body]
		for start := b.from; start <= b.to && start < int64(len(s.data)) && s.wants(g); start++ {
			if ends := s.follow.at(int(start)).after(s.data, g.elements); len(ends) > 0 {
				s.enter(index, int64(ends[0]))
			}
		}
	}
}
