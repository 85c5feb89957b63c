package scan

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strconv"
)

const (
	anySize    = -1       // the size of a signature that is written as *
	maxName    = 255      // bytes in a signature's name
	maxFile    = 1 << 53  // bytes in a file, as large as a signature may claim
	maxDigest  = 32       // bytes of the longest digest
	maxLineLen = 16 << 10 // bytes; ClamAV takes half of that
)

// A signature is one line of an .hdb or .hsb file. Its slices point into
// memory of whoever parsed it.
type signature struct {
	digest []byte // MD5, SHA-1 or SHA-256, told apart by length
	size   int64  // of the file, or anySize
	name   []byte
}

var colon = []byte(":")

var (
	errFields = errors.New("not of the form digest:size:name")
	errDigest = errors.New("the digest is not MD5, SHA-1 or SHA-256 in hexadecimal")
	errSize   = errors.New("the size is neither * nor a number of bytes")
	errName   = errors.New("the name is empty, too long, or holds characters that cannot be printed")
	errLevel  = errors.New("what follows the name is not an engine level")
)

// parse reads one line, without its end, in ClamAV's format
// (docs.clamav.net, "Signatures: hash-based"). It decodes the digest into into.
func parse(line []byte, into *[maxDigest]byte) (signature, error) {
	digest, rest, _ := bytes.Cut(line, colon)
	size, rest, ok := bytes.Cut(rest, colon)
	if !ok {
		return signature{}, errFields
	}
	name, levels, levelled := bytes.Cut(rest, colon)
	if algorithmOf(len(digest)/2) < 0 || len(digest)%2 != 0 {
		return signature{}, errDigest
	}
	n, err := hex.Decode(into[:], digest)
	if err != nil {
		return signature{}, errDigest
	}
	s := signature{digest: into[:n], size: anySize, name: name}
	if string(size) != "*" {
		count, err := strconv.ParseUint(string(size), 10, 64)
		if err != nil || count > maxFile {
			return signature{}, errSize
		}
		s.size = int64(count)
	}
	if !validName(name) {
		return signature{}, errName
	}
	for levelled { // they may follow, and only ClamAV heeds them
		var level []byte
		level, levels, levelled = bytes.Cut(levels, colon)
		if _, err := strconv.ParseUint(string(level), 10, 16); err != nil && len(level) > 0 {
			return signature{}, errLevel
		}
	}
	return s, nil
}

func validName(name []byte) bool {
	unprintable := func(r rune) bool { return r < ' ' || r > '~' }
	return len(name) > 0 && len(name) <= maxName && bytes.IndexFunc(name, unprintable) < 0
}
