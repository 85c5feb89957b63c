package scan

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
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

// file examines one file. An error means that it could not be read.
func (w *walk) file(path string) error {
	w.tell()
	file, err := w.options.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	switch { // once more, now of what was really opened
	case !info.Mode().IsRegular():
		w.skip(NotAFile)
		return nil
	case w.options.Device(info) != w.device:
		w.skip(OtherFileSystem)
		return nil
	}
	n, err := io.ReadFull(file, w.head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	name, size := "", info.Size()
	read := int64(n)
	if isEICAR(w.head[:n]) {
		name = eicarName
	} else if name, read, err = w.lookUp(file, w.head[:n], size); err != nil {
		return err
	}
	w.root.Counts.Files++
	w.root.Counts.Bytes += size
	w.root.Counts.BytesRead += read
	if name != "" {
		w.found(path, name, file, size)
	}
	return nil
}

// lookUp hashes a file whose first bytes are head, if any signature could
// match its size, and returns the name of one that does. A file that grows
// while it is read is read up to size.
func (w *walk) lookUp(file io.Reader, head []byte, size int64) (name string, read int64, err error) {
	var wanted []io.Writer
	tooLarge := false
	lists := &w.engine.set.lists
	for i := range lists {
		if lists[i].wants(size) {
			w.hashes[i].Reset()
			w.hashes[i].Write(head)
			wanted = append(wanted, w.hashes[i])
		} else if lists[i].anySize {
			tooLarge = true
		}
	}
	if tooLarge {
		w.skip(TooLarge)
	}
	read = int64(len(head))
	if wanted == nil {
		return "", read, nil
	}
	rest, err := w.copy(io.MultiWriter(wanted...), file, size-read)
	read += rest
	if err != nil {
		return "", read, err
	}
	var digest [maxDigest]byte
	for i := range lists {
		if !lists[i].wants(size) {
			continue
		}
		if at, ok := lists[i].find(w.hashes[i].Sum(digest[:0]), size); ok {
			return string(w.engine.set.name(at)), read, nil
		}
	}
	return "", read, nil
}

// found records a threat. It is read once more for the digests by which
// people look threats up, whatever matched.
func (w *walk) found(path, name string, file *os.File, size int64) {
	w.root.Counts.Threats++
	if len(w.result.Threats) == MaxThreats {
		return
	}
	threat := Threat{Path: path, Signature: name, Engine: w.engine.Name(), Size: size}
	short, long := md5.New(), sha256.New()
	_, err := file.Seek(0, io.SeekStart)
	if err == nil {
		_, err = w.copy(io.MultiWriter(short, long), file, size)
	}
	if err == nil { // without them it is a threat all the same
		threat.MD5 = hex.EncodeToString(short.Sum(nil))
		threat.SHA256 = hex.EncodeToString(long.Sum(nil))
	}
	w.result.Threats = append(w.result.Threats, threat)
}

// copy reads at most size bytes of a file into to, and ends early with the
// scan.
func (w *walk) copy(to io.Writer, file io.Reader, size int64) (int64, error) {
	return io.CopyBuffer(to, io.LimitReader(attentive{w, file}, size), w.buffer)
}

// attentive is a file under a scan that may be called off at any time.
type attentive struct {
	w    *walk
	file io.Reader
}

func (a attentive) Read(p []byte) (int, error) {
	if err := a.w.ctx.Err(); err != nil {
		return 0, err
	}
	a.w.tell()
	return a.file.Read(p)
}
