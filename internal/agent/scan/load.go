package scan

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// maxSignatures bounds what an engine holds: about 60 bytes each, and only
	// while a scan runs.
	maxSignatures = 2_000_000

	// maxBodies bounds the signatures with patterns among them, which take about
	// half a kilobyte each.
	maxBodies = 200_000

	maxFaults = 20 // described in [Signatures.Sample]
)

// A loader reads signature files.
type loader struct {
	signatures Signatures
	set        set
}

// load reads all signature files of the folders.
func load(folders []string) (Signatures, *set, error) {
	e := &loader{signatures: Signatures{Count: 1}} // EICAR
	var files []string
	for _, folder := range folders {
		more, err := signatureFiles(folder)
		if err != nil {
			return Signatures{}, nil, fmt.Errorf("listing the signature folder %s: %w", folder, err)
		}
		files = append(files, more...)
	}

	// Two passes: what the first counts, the second fills without ever growing.
	var count counter
	digest := sha256.New()
	for _, file := range files {
		e.read(file, digest, count.add, count.addBody)
	}
	e.set.reserve(count.sizes, count.wild, count.names)
	e.signatures.Faults, e.signatures.Sample = 0, nil
	var last uint32
	for _, file := range files {
		e.read(file, nil, func(s signature) error {
			if e.signatures.Count > maxSignatures {
				return errFull
			}
			last = e.set.intern(s.name, last)
			e.set.add(s, last)
			e.signatures.Count++
			return nil
		}, func(name []byte, b body) error {
			if len(e.set.matcher.bodies) == maxBodies {
				return errFullOfBodies
			}
			b.name = e.set.intern(name, last)
			if err := e.set.matcher.add(b); err != nil {
				return err
			}
			last = b.name
			e.signatures.Count++
			return nil
		})
	}
	for i := range e.set.lists {
		e.set.lists[i].seal()
	}
	e.set.matcher.seal()
	if len(files) > 0 {
		e.signatures.Digest = hex.EncodeToString(digest.Sum(nil))
	}
	return e.signatures, &e.set, nil
}

func signatureFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var files []string
	for _, entry := range entries {
		switch strings.ToLower(filepath.Ext(entry.Name())) {
		case ".hdb", ".hsb", ".ndb":
			if entry.Type().IsRegular() {
				files = append(files, filepath.Join(folder, entry.Name()))
			}
		}
	}
	return files, err
}

// A counter measures signatures before they are kept.
type counter struct {
	all, names  int
	sizes, wild [len(algorithms)]int // signatures with and without a size
}

func (c *counter) add(s signature) error {
	if c.all++; c.all > maxSignatures {
		return errFull
	}
	kind := algorithmOf(len(s.digest))
	if s.size == anySize {
		c.wild[kind]++
	} else {
		c.sizes[kind]++
	}
	c.names += 1 + len(s.name)
	return nil
}

func (c *counter) addBody(name []byte, _ body) error {
	c.names += 1 + len(name)
	return nil
}

var errFullOfBodies = fmt.Errorf("there are more than %d body signatures; this one and the rest are not used", maxBodies)

var errFull = fmt.Errorf("there are more than %d signatures; this one and the rest are not used", maxSignatures)

var errLong = fmt.Errorf("the line is longer than %d bytes", maxLineLen)

// read gives every signature of a file to keep or keepBody, and every line that
// is none to the engine's faults. It feeds the file's name and bytes to digest, if any.
func (e *loader) read(path string, digest hash.Hash, keep func(signature) error, keepBody func([]byte, body) error) {
	name := filepath.Base(path)
	file, err := os.Open(path)
	if err != nil {
		e.fault(name, 0, plain(err))
		return
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.ModTime().After(e.signatures.Date) {
		e.signatures.Date = info.ModTime().UTC().Truncate(time.Second)
	}
	var from io.Reader = file
	if digest != nil {
		fmt.Fprintf(digest, "%s\x00", name)
		from = io.TeeReader(file, digest)
	}
	lines := bufio.NewReaderSize(from, maxLineLen+2)
	var buffer [maxDigest]byte
	for number := 1; ; number++ {
		line, err := nextLine(lines)
		if err == io.EOF && len(line) == 0 {
			return
		}
		if err != nil && err != io.EOF && err != errLong {
			e.fault(name, number, plain(err))
			return
		}
		if err == errLong {
			e.fault(name, number, err)
			continue
		}
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if strings.EqualFold(filepath.Ext(name), ".ndb") {
			var bodyName []byte
			var b body
			if bodyName, b, err = parseBody(line); err == nil {
				err = keepBody(bodyName, b)
			}
		} else {
			var s signature
			if s, err = parse(line, &buffer); err == nil {
				err = keep(s)
			}
		}
		if err != nil {
			e.fault(name, number, err)
		}
		if err == errFull || err == errFullOfBodies {
			return
		}
	}
}

// nextLine returns the next line without its end, or errLong for one that does
// not fit into the reader, which it passes over.
func nextLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return bytes.TrimRight(line, "\r\n"), err
	}
	for err == bufio.ErrBufferFull {
		_, err = r.ReadSlice('\n')
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	return nil, errLong
}

func (e *loader) fault(file string, line int, err error) {
	e.signatures.Faults++
	if len(e.signatures.Sample) < maxFaults {
		e.signatures.Sample = append(e.signatures.Sample, Fault{file, line, err.Error()})
	}
}

// plain takes the path out of err: results name it beside.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
