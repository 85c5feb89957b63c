package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// maxAnySize is the largest file that is hashed for signatures without a size.
// No published sample comes near it, and disk images would take hours.
const maxAnySize = 2 << 30

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

func isEICAR(head []byte) bool {
	if len(head) < eicarBytes || len(head) > eicarLimit {
		return false
	}
	for _, b := range head[eicarBytes:] {
		switch b {
		case ' ', '\t', '\n', '\r', 0x1a: // the last is the end of a file in MS-DOS
		default:
			return false
		}
	}
	digest := sha256.Sum256(head[:eicarBytes])
	return hex.EncodeToString(digest[:]) == eicarDigest
}

// examine looks at one file. What ctx or the disk ends is an error.
func (x *examination) examine(f *File) (name string, read int64, tooLarge bool, err error) {
	n, err := f.ReadAt(x.head[:], 0)
	if err != nil && err != io.EOF {
		return "", 0, false, err
	}
	if isEICAR(x.head[:n]) {
		return eicarName, int64(n), false, nil
	}
	var wanted []io.Writer
	for i := range x.set.lists {
		if list := &x.set.lists[i]; list.wants(f.Size) {
			x.hashes[i].Reset()
			wanted = append(wanted, x.hashes[i])
		} else if list.anySize {
			tooLarge = true
		}
	}
	if wanted == nil {
		return "", int64(n), tooLarge, nil
	}
	whole := interruptible{x.ctx, io.NewSectionReader(f, 0, f.Size)} // a file that grows is read up to here
	read, err = io.CopyBuffer(io.MultiWriter(wanted...), whole, x.buffer)
	if err != nil {
		return "", read, tooLarge, err
	}
	var digest [maxDigest]byte
	for i := range x.set.lists {
		if !x.set.lists[i].wants(f.Size) {
			continue
		}
		if at, ok := x.set.lists[i].find(x.hashes[i].Sum(digest[:0]), f.Size); ok {
			return string(x.set.name(at)), read, tooLarge, nil
		}
	}
	return "", read, tooLarge, nil
}

// interruptible ends a read with ctx.
type interruptible struct {
	ctx  context.Context
	from io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}
