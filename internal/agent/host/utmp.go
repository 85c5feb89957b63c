package host

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A utmpShape is how a system writes the records of who is logged in.
type utmpShape struct {
	size            int // of a record
	kindAt          int // a 16-bit number; 7 is a user's session
	nameAt, nameEnd int
}

var (
	glibcUTMP   = utmpShape{size: 384, kindAt: 0, nameAt: 44, nameEnd: 76}   // utmp(5), on all architectures
	darwinUTMPX = utmpShape{size: 628, kindAt: 296, nameAt: 0, nameEnd: 256} // utmpx(5)
)

// users returns the names in the order in which they stand in the file.
func (s utmpShape) users(data []byte) (names []string) {
	const userProcess = 7
	for ; len(data) >= s.size; data = data[s.size:] {
		if binary.LittleEndian.Uint16(data[s.kindAt:]) == userProcess {
			name, _, _ := bytes.Cut(data[s.nameAt:s.nameEnd], []byte{0})
			names = append(names, string(name))
		}
	}
	return names
}

// once returns the names in order and each once.
func once(names []string) []string {
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}
