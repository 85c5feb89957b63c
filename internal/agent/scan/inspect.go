package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// maxAnySize is the largest file that is searched for what has no size: hash
// signatures without one, and bodies. No published sample comes near it, and
// disk images would take hours.
const maxAnySize = 2 << 30

const readBytes = 1 << 18 // read from a file at a time

// The EICAR test file (eicar.org, "Anti Malware Testfile") starts with 68
// given bytes, which only white space may follow, and has at most 128 bytes.
// It is known here by the digest of those 68, so that neither this source nor
// the program that is built from it holds the text that scanners look for.
const (
	eicarName   = "Eicar-Test-Signature"
	eicarBytes  = 68
	eicarLimit  = 128
	eicarDigest = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
)

func isEICAR(file []byte) bool {
	if len(file) < eicarBytes || len(file) > eicarLimit {
		return false
	}
	for _, b := range file[eicarBytes:] {
		switch b {
		case ' ', '\t', '\n', '\r', 0x1a: // the last is the end of a file in MS-DOS
		default:
			return false
		}
	}
	digest := sha256.Sum256(file[:eicarBytes])
	return hex.EncodeToString(digest[:]) == eicarDigest
}

// An inspection looks for all signatures in rows of bytes, one after the
// other: a file, or an entry of an archive that is just being unpacked. Each
// begins with begin, is written or read, and ends with end.
type inspection struct {
	set *set

	stream *stream
	bodies bool   // whether the stream takes part
	buffer []byte // if it does not
	chunk  int
	hashes [len(algorithms)]hash.Hash
	wanted [len(algorithms)]bool

	size int64 // so far
	head []byte
}

func newInspection(s *set, chunk int) *inspection {
	i := &inspection{set: s, chunk: chunk, stream: newStream(s.matcher, chunk), head: make([]byte, 0, headBytes)}
	for at, a := range algorithms {
		i.hashes[at] = a.open()
	}
	return i
}

// begin starts with bytes of a given number, -1 if that is not known. head is
// what they begin with, nil if that is not known. It reports whether there is
// anything in them to look for beyond the head, and what is left out because
// they are so many.
func (i *inspection) begin(size int64, head []byte) (more, tooLarge bool) {
	m := i.set.matcher
	i.stream.reset(true)
	i.size, i.head = 0, i.head[:0]
	i.bodies = !m.empty() && size <= maxAnySize && (head == nil || m.targets&targetsOf(head) != 0)
	tooLarge = !m.empty() && size > maxAnySize
	more = i.bodies
	for at := range i.hashes {
		list := &i.set.lists[at]
		i.wanted[at] = list.Len() > 0 && (size < 0 || list.wants(size))
		if i.wanted[at] {
			i.hashes[at].Reset()
			more = true
		}
		tooLarge = tooLarge || list.anySize && size > maxAnySize
	}
	return more, tooLarge
}

// Write implements io.Writer.
func (i *inspection) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := copy(i.room(), rest)
		i.took(n)
		rest = rest[n:]
	}
	return len(p), nil
}

// readAll takes everything from a reader, and ends early with ctx.
func (i *inspection) readAll(ctx context.Context, from io.Reader) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := from.Read(i.room())
		i.took(n)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// room is where the next bytes go, and took says how many came.
func (i *inspection) room() []byte {
	if i.bodies {
		return i.stream.room()
	}
	if i.buffer == nil {
		i.buffer = make([]byte, i.chunk)
	}
	return i.buffer
}

func (i *inspection) took(n int) {
	part := i.room()[:n]
	i.size += int64(n)
	if missing := cap(i.head) - len(i.head); missing > 0 {
		i.head = append(i.head, part[:min(missing, n)]...)
	}
	for at, wanted := range i.wanted {
		if wanted {
			i.hashes[at].Write(part)
		}
	}
	if i.bodies {
		i.stream.add(n)
	}
}

// end returns the names of the signatures that match.
func (i *inspection) end() (names []string) {
	if i.size <= eicarLimit && isEICAR(i.head) {
		names = append(names, eicarName)
	}
	var digest [maxDigest]byte
	for at, wanted := range i.wanted {
		if !wanted {
			continue
		}
		if name, ok := i.set.lists[at].find(i.hashes[at].Sum(digest[:0]), i.size); ok {
			names = append(names, string(i.set.name(name)))
		}
	}
	if i.bodies {
		for _, body := range i.stream.finish() {
			names = append(names, string(i.set.name(i.set.matcher.bodies[body].name)))
		}
	}
	return names
}
