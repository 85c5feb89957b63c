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
// anchor, fixed bytes that the grams tables look for; around each place where
// it stands the group is followed in both directions. Which groups follow each
// other is a matter for the stream.
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
	m.tables[1] = grams{width: 4, stride: 1}
	m.tables[2] = grams{width: 2, stride: 1}
	return m
}

// add takes in a signature, or says why it cannot.
func (m *matcher) add(b body) error {
	if b.target != anyTarget {
		m.head = max(m.head, headBytes)
	}
	groups := b.groups()
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
	if !ok {
		m.direct = append(m.direct, int32(index))
		m.head = max(m.head, int(m.bodies[g.body].to)+spanOf(g.elements))
	} else {
		piece := g.elements[g.anchor].value[offset:]
		table.add(piece[:table.length()], offset, index)
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
	dirty  []int32 // of ends
	events []event
	late   []event // of bodies whose place counts from the end
	pruned int     // how many were left of them the last time
	found  []int32 // bodies
	follow follower
}

// An event is a group that was found, by its anchor.
type event struct {
	at         int64
	group      int32
	start, end int64 // the latest start and the soonest end; neither depends on the other
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
	for _, g := range s.dirty {
		s.ends[g] = 0
	}
	s.dirty, s.events, s.found = s.dirty[:0], s.events[:0], s.found[:0]
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
		limit = (end - int64(m.ahead)) &^ 3 // where the first table looks again
	}
	if limit <= s.next {
		s.chain()
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
	s.next = limit
	s.chain()
}

// candidate follows a group from where a gram of its anchor stands.
func (s *stream) candidate(at int, r ref) {
	g := &s.matcher.groups[r.piece]
	anchor := &g.elements[g.anchor]
	from := at - int(r.back)
	to := from + len(anchor.value)
	if from < 0 || to > len(s.data) || !bytes.Equal(s.data[from:to], anchor.value) || !s.wants(g) {
		return
	}
	starts := s.follow.at(from).before(s.data, g.elements[:g.anchor])
	if len(starts) == 0 {
		return
	}
	if s.matcher.bodies[g.body].place == fromEnd {
		s.keep(at, to, r.piece, starts)
		return
	}
	start, ok := s.mayBegin(g, starts)
	if !ok {
		return
	}
	ends := s.follow.at(to).after(s.data, g.elements[g.anchor+1:])
	if len(ends) == 0 {
		return
	}
	s.enter(event{s.base + int64(at), r.piece, start, s.base + int64(ends[0])})
}

// keep enters a group whose place counts from the end of the file, once for
// every start that it can have: which of them counts is known then.
func (s *stream) keep(at, to int, index int32, starts []int32) {
	g := &s.matcher.groups[index]
	starts = slices.Clone(starts)
	if g.after >= 0 {
		starts = starts[len(starts)-1:]
	}
	ends := s.follow.at(to).after(s.data, g.elements[g.anchor+1:])
	if len(ends) == 0 {
		return
	}
	here := s.base + int64(at)
	for _, start := range starts {
		s.late = append(s.late, event{here, index, s.base + int64(start), s.base + int64(ends[0])})
	}
	if len(s.late) > 2*s.pruned+4096 {
		s.late = slices.DeleteFunc(s.late, func(e event) bool { return e.at < here-maxTail-maxSpan })
		s.pruned = len(s.late)
	}
}

// lookBack enters the groups that were kept, now that the end is known.
func (s *stream) lookBack() {
	end := s.base + int64(len(s.data))
	for _, e := range s.late {
		g := &s.matcher.groups[e.group]
		b := &s.matcher.bodies[g.body]
		if s.wants(g) && (g.after >= 0 || e.start >= end-b.from && e.start <= end-b.to) {
			s.enter(e)
		}
	}
	s.late, s.pruned = s.late[:0], 0
	s.chain()
}

// wants reports whether a group can still matter.
func (s *stream) wants(g *group) bool {
	b := &s.matcher.bodies[g.body]
	if b.target&s.is == 0 || b.place != anywhere && !s.placed {
		return false
	}
	return len(s.found) < maxMatches && !slices.Contains(s.found, g.body)
}

// mayBegin returns the latest of the starts that the body's place allows.
func (s *stream) mayBegin(g *group, starts []int32) (start int64, ok bool) {
	b := &s.matcher.bodies[g.body]
	for _, at := range slices.Backward(starts) {
		start = s.base + int64(at)
		if g.after >= 0 || b.place == anywhere || start >= b.from && start <= b.to {
			return start, true
		}
	}
	return 0, false
}

func (s *stream) enter(e event) {
	g := &s.matcher.groups[e.group]
	if g.after < 0 && g.last {
		s.found = append(s.found, g.body)
		return
	}
	if known := s.ends[e.group]; known == 0 || e.end < known {
		s.events = append(s.events, e)
	}
}

// chain puts groups behind each other, in the order of their anchors: whatever
// a group must follow has its anchor before it.
func (s *stream) chain() {
	slices.SortFunc(s.events, func(a, b event) int { return int(a.at - b.at) })
	for _, e := range s.events {
		g := &s.matcher.groups[e.group]
		if g.after >= 0 {
			if before := s.ends[e.group-1]; before == 0 || e.start < before+g.after {
				continue
			}
		}
		if known := s.ends[e.group]; known != 0 && known <= e.end {
			continue
		}
		if s.ends[e.group] == 0 {
			s.dirty = append(s.dirty, e.group)
		}
		s.ends[e.group] = e.end
		if g.last && s.wants(g) {
			s.found = append(s.found, g.body)
		}
	}
	s.events = s.events[:0]
}

// searchDirect looks for groups without an anchor where they must begin.
func (s *stream) searchDirect() {
	for _, index := range s.matcher.direct {
		g := &s.matcher.groups[index]
		b := &s.matcher.bodies[g.body]
		for start := b.from; start <= b.to && start < int64(len(s.data)) && s.wants(g); start++ {
			if ends := s.follow.at(int(start)).after(s.data, g.elements); len(ends) > 0 {
				s.enter(event{start, index, start, int64(ends[0])})
			}
		}
	}
}
