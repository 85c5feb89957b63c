package agent

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"reeve/internal/agent/host"
)

// A span is where a line stands in the file.
type span struct {
	at     int64
	length int32
}

// An appendFile is a file of lines that are only ever added. Each begins with
// its check sum, so that what a crash tore is told from what was written.
type appendFile struct {
	file *os.File
	path string
	size int64
	base int64 // size after the last rewrite
}

// roomToGrow is how much may be added before it is worth to rewrite a file.
const roomToGrow = 1 << 20

func openAppendFile(path string) (*appendFile, error) {
	f := &appendFile{path: path}
	return f, f.open()
}

func (f *appendFile) open() (err error) {
	if f.file, err = os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	info, err := f.file.Stat()
	if err != nil {
		f.file.Close()
		return fmt.Errorf("opening the journal: %w", err)
	}
	f.size = info.Size()
	return nil
}

// readLines calls use with every line from the start, and returns where the last
// whole one ends: what follows was torn by a crash, or is being written. Other
// lines that do not fit their check sum, or that use refuses, are counted and
// left out.
func readLines(file io.Reader, use func(line []byte, at span) error) (end int64, damaged int, err error) {
	r := bufio.NewReader(file)
	for {
		raw, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, damaged, nil
		}
		if err != nil {
			return end, damaged, fmt.Errorf("reading the journal: %w", err)
		}
		line, err := unsealLine(raw)
		if err == nil {
			err = use(line, span{end, int32(len(raw))})
		}
		if err != nil {
			damaged++
		}
		end += int64(len(raw))
	}
}

// cut shortens the file.
func (f *appendFile) cut(end int64) error {
	if err := f.file.Truncate(end); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	f.size = end
	return nil
}

// sealLine and unsealLine put the check sum before a line and take it off.
func sealLine(line []byte) []byte {
	return append(fmt.Appendf(make([]byte, 0, len(line)+10), "%08x ", crc32.ChecksumIEEE(line)), append(line, '\n')...)
}

func unsealLine(raw []byte) ([]byte, error) {
	sum, line, _ := bytes.Cut(bytes.TrimSuffix(raw, []byte("\n")), []byte(" "))
	var want [4]byte
	if n, err := hex.Decode(want[:], sum[:min(len(sum), 8)]); err != nil || n != 4 || len(sum) != 8 ||
		uint32(want[0])<<24|uint32(want[1])<<16|uint32(want[2])<<8|uint32(want[3]) != crc32.ChecksumIEEE(line) {
		return nil, errors.New("a line of the journal is damaged")
	}
	return line, nil
}

// append adds a line. If that fails the file is as before.
func (f *appendFile) append(line []byte) (span, error) {
	raw := sealLine(line)
	if _, err := f.file.WriteAt(raw, f.size); err != nil {
		return span{}, errors.Join(fmt.Errorf("writing the journal: %w", err), f.cut(f.size))
	}
	at := span{f.size, int32(len(raw))}
	f.size += int64(len(raw))
	return at, nil
}

func (f *appendFile) sync() error {
	if err := f.file.Sync(); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

func (f *appendFile) read(at span) ([]byte, error) {
	raw := make([]byte, at.length)
	if _, err := f.file.ReadAt(raw, at.at); err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	return unsealLine(raw)
}

// crowded reports whether most of the file is likely to be of no more use.
func (f *appendFile) crowded() bool { return f.size > 2*f.base+roomToGrow }

// rewrite replaces the file by what fill adds, all or nothing, and returns when
// the disk has it.
func (f *appendFile) rewrite(fill func(add func(line []byte) (span, error)) error) error {
	fresh := &appendFile{path: f.path + ".new"}
	os.Remove(fresh.path)
	if err := fresh.open(); err != nil {
		return err
	}
	err := fill(fresh.append)
	if err == nil {
		err = fresh.sync()
	}
	if err = errors.Join(err, fresh.file.Close()); err != nil {
		os.Remove(fresh.path)
		return err
	}
	// Not every system renames what is open.
	f.file.Close()
	err = host.Rename(fresh.path, f.path)
	host.SyncDir(filepath.Dir(f.path))
	if err = errors.Join(err, f.open()); err != nil {
		return fmt.Errorf("replacing the journal: %w", err)
	}
	f.base = f.size
	return nil
}
