package scan

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
	"sort"
)

// algorithms are the hashes that signatures are written in, by their index in
// a [set].
var algorithms = [...]struct {
	bytes int
	open  func() hash.Hash
}{
	{md5.Size, md5.New},
	{sha1.Size, sha1.New},
	{sha256.Size, sha256.New},
}

// algorithmOf returns the index of the algorithm with digests of n bytes, or
// -1 if there is none.
func algorithmOf(n int) int {
	for i, a := range algorithms {
		if a.bytes == n {
			return i
		}
	}
	return -1
}

const (
	sizeBytes = 8 // of a record, after the digest
	nameBytes = 4 // of a record, last: where the name stands
)

// A list holds the signatures of one algorithm as records of equal length in
// one slice, ordered by digest: a million cost 28 MB and nothing to collect,
// where a map of strings would take five times that.
type list struct {
	digest  int // bytes of a digest
	records []byte
	sizes   []int64 // that occur, ordered
	anySize bool    // some signature has no size
}

func (l *list) width() int      { return l.digest + sizeBytes + nameBytes }
func (l *list) at(i int) []byte { return l.records[i*l.width() : (i+1)*l.width()] }

// Len, Less and Swap order the records in place.
func (l *list) Len() int           { return len(l.records) / l.width() }
func (l *list) Less(i, j int) bool { return bytes.Compare(l.at(i), l.at(j)) < 0 }
func (l *list) Swap(i, j int) {
	var keep [maxDigest + sizeBytes + nameBytes]byte
	a, b := l.at(i), l.at(j)
	copy(keep[:], a)
	copy(a, b)
	copy(b, keep[:])
}

func (l *list) add(s signature, name uint32) {
	l.records = append(l.records, s.digest...)
	l.records = binary.BigEndian.AppendUint64(l.records, uint64(s.size))
	l.records = binary.BigEndian.AppendUint32(l.records, name)
	if s.size == anySize {
		l.anySize = true
	} else {
		l.sizes = append(l.sizes, s.size)
	}
}

// seal orders what was added. Only then can it be searched.
func (l *list) seal() {
	sort.Sort(l)
	slices.Sort(l.sizes)
	l.sizes = slices.Clone(slices.Compact(l.sizes))
}

// wants reports whether a file of this size can match at all.
func (l *list) wants(size int64) bool {
	_, known := slices.BinarySearch(l.sizes, size)
	return known || l.wantsAny(size)
}

func (l *list) wantsAny(size int64) bool { return l.anySize && size <= maxAnySize }

// find returns where the name of a matching signature stands.
func (l *list) find(digest []byte, size int64) (name uint32, ok bool) {
	first := sort.Search(l.Len(), func(i int) bool { return bytes.Compare(l.at(i)[:l.digest], digest) >= 0 })
	for i := first; i < l.Len() && bytes.Equal(l.at(i)[:l.digest], digest); i++ {
		rest := l.at(i)[l.digest:]
		if of := int64(binary.BigEndian.Uint64(rest)); of == size || of == anySize {
			return binary.BigEndian.Uint32(rest[sizeBytes:]), true
		}
	}
	return 0, false
}

// A set is all signatures of an engine.
type set struct {
	lists   [len(algorithms)]list
	matcher *matcher
	names   []byte // each is one byte of length and then the name
}

// reserve makes room, so that filling the set never copies it.
func (s *set) reserve(sizes, wild [len(algorithms)]int, names int) {
	for i, a := range algorithms {
		s.lists[i].digest = a.bytes
		s.lists[i].records = make([]byte, 0, (sizes[i]+wild[i])*s.lists[i].width())
		s.lists[i].sizes = make([]int64, 0, sizes[i])
	}
	s.matcher = newMatcher()
	s.names = make([]byte, 0, names)
}

func (s *set) add(sig signature, name uint32) {
	s.lists[algorithmOf(len(sig.digest))].add(sig, name)
}

// intern keeps name and returns where it stands. Neighbours in a file often
// share one, and then share its place.
func (s *set) intern(name []byte, before uint32) uint32 {
	if len(s.names) > 0 && bytes.Equal(s.name(before), name) {
		return before
	}
	at := uint32(len(s.names))
	s.names = append(append(s.names, byte(len(name))), name...)
	return at
}

func (s *set) name(at uint32) []byte {
	length := uint32(s.names[at])
	return s.names[at+1 : at+1+length]
}
