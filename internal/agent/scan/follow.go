package scan

import (
	"bytes"
	"slices"
)

// A follower finds where elements can end, or begin, around a place in a
// window of bytes. It keeps all places that are possible so far rather than
// trying one way after the other: what a file holds cannot make it take long.
type follower struct{ places, next []int32 }

// after returns where elements can end that begin at one of the places in
// data, ordered.
func (f *follower) after(data []byte, elements []element) []int32 {
	for i := range elements {
		if len(f.places) == 0 {
			break
		}
		f.step(data, &elements[i], 1)
	}
	return f.places
}

// before returns where elements can begin that end at one of the places.
func (f *follower) before(data []byte, elements []element) []int32 {
	for i := len(elements) - 1; i >= 0 && len(f.places) > 0; i-- {
		f.step(data, &elements[i], -1)
	}
	return f.places
}

func (f *follower) at(place int) *follower {
	f.places = append(f.places[:0], int32(place))
	return f
}

// step moves every place over an element, forwards or backwards.
func (f *follower) step(data []byte, e *element, way int) {
	f.next = f.next[:0]
	switch e.kind {
	case gap:
		f.stride(len(data), e, way)
	case literal, masked:
		for _, p := range f.places {
			if part := cut(data, int(p), len(e.value), way); part != nil && e.matches(part) {
				f.next = append(f.next, p+int32(way*len(part)))
			}
		}
	case either:
		for _, p := range f.places {
			for choice := range e.choices {
				if part := cut(data, int(p), len(choice), way); part != nil && bytes.Equal(part, choice) {
					f.next = append(f.next, p+int32(way*len(part)))
				}
			}
		}
		slices.Sort(f.next)
		f.next = slices.Compact(f.next)
	case neither:
		length, _ := e.lengths()
		for _, p := range f.places {
			part := cut(data, int(p), length, way)
			if part == nil {
				continue
			}
			found := false
			for choice := range e.choices {
				found = found || bytes.Equal(part, choice)
			}
			if !found {
				f.next = append(f.next, p+int32(way*length))
			}
		}
	}
	f.places, f.next = f.next, f.places
}

// stride moves every place over a gap: each becomes a range, and ranges meet.
func (f *follower) stride(size int, e *element, way int) {
	last := -1
	for _, p := range f.places {
		from, to := int(p)+int(e.min), min(int(p)+int(e.max), size)
		if way < 0 {
			from, to = int(p)-int(e.max), int(p)-int(e.min)
		}
		for q := max(from, last+1); q <= to; q++ {
			f.next = append(f.next, int32(q))
			last = q
		}
	}
}

// cut returns the n bytes of data behind a place, or before it, nil if there
// are not so many.
func cut(data []byte, place, n, way int) []byte {
	if way < 0 {
		place -= n
	}
	if place < 0 || place+n > len(data) {
		return nil
	}
	return data[place : place+n]
}

// matches reports whether a literal or masked element is this part.
func (e *element) matches(part []byte) bool {
	if e.kind == literal {
		return bytes.Equal(part, e.value)
	}
	for i, b := range part {
		if b&e.mask[i] != e.value[i] {
			return false
		}
	}
	return true
}
