package sqlstore

import (
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// A deviceSet holds devices by their keys: a bit for each, in spans of a
// thousand. A million neighbours take 128 kB.
type deviceSet map[int64]*span

type span [16]uint64

func (s deviceSet) add(device int64) {
	part := s[device>>10]
	if part == nil {
		part = new(span)
		s[device>>10] = part
	}
	part[device>>6&15] |= 1 << (device & 63)
}

// addText adds keys that are written with spaces between them.
func (s deviceSet) addText(text string) error {
	for word := range strings.FieldsSeq(text) {
		device, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return err
		}
		s.add(device)
	}
	return nil
}

func (s deviceSet) unite(other deviceSet) {
	for key, theirs := range other {
		ours := s[key]
		if ours == nil {
			ours = new(span)
			s[key] = ours
		}
		for i, word := range theirs {
			ours[i] |= word
		}
	}
}

func (s deviceSet) remove(other deviceSet) {
	for key, ours := range s {
		if theirs := other[key]; theirs != nil {
			for i, word := range theirs {
				ours[i] &^= word
			}
		}
	}
}

// page returns up to limit keys in rising order, without the first offset.
func (s deviceSet) page(offset int64, limit int) []int64 {
	var devices []int64
	for _, key := range slices.Sorted(maps.Keys(s)) {
		for i, word := range s[key] {
			if n := int64(bits.OnesCount64(word)); n <= offset {
				offset -= n
				continue
			}
			for ; word != 0; word &= word - 1 {
				if offset > 0 {
					offset--
					continue
				}
				if len(devices) == limit {
					return devices
				}
				devices = append(devices, key<<10|int64(i)<<6|int64(bits.TrailingZeros64(word)))
			}
		}
	}
	return devices
}
