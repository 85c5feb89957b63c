package outbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A file that has grown to maxFileSize is put aside as NAME.1.jsonl, the one
// before it as NAME.2.jsonl and so on; the oldest of maxFiles is removed.
const (
	maxFileSize = 64 << 20
	maxFiles    = 10
)

// A fileSink appends to FOLDER/NAME.jsonl.
type fileSink struct{ folder, name string }

func (s fileSink) close() {}

// write appends lines, and returns when the disk has them.
func (s fileSink) write(_ context.Context, l lines) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the file: %w", err)
		}
	}()
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return err
	}
	if err := s.rotate(); err != nil {
		return err
	}
	file, err := os.OpenFile(s.path(0), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	end, err := wholeLines(file)
	if err == nil {
		var text bytes.Buffer
		for _, line := range l.rows {
			text.Write(line.text)
		}
		_, err = file.WriteAt(text.Bytes(), end)
	}
	return errors.Join(err, file.Sync(), file.Close(), s.syncFolder())
}

// path is the file, or the nth that was put aside.
func (s fileSink) path(n int) string {
	if n == 0 {
		return filepath.Join(s.folder, s.name+".jsonl")
	}
	return filepath.Join(s.folder, fmt.Sprintf("%s.%d.jsonl", s.name, n))
}

func (s fileSink) rotate() error {
	info, err := os.Stat(s.path(0))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || info.Size() < maxFileSize {
		return err
	}
	for n := maxFiles - 1; n >= 1; n-- { // the last one is written over
		if err := os.Rename(s.path(n-1), s.path(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// syncFolder makes a new file's name survive a power cut.
func (s fileSink) syncFolder() error {
	folder, err := os.Open(s.folder)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// wholeLines cuts off a line that a crash left unfinished, which is sent again,
// and returns where the file then ends.
func wholeLines(file *os.File) (int64, error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	part := make([]byte, 64<<10)
	for from := end; from > 0; {
		n := min(from, int64(len(part)))
		from -= n
		if _, err := file.ReadAt(part[:n], from); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part[:n], '\n'); i >= 0 {
			whole := from + int64(i) + 1
			if whole == end {
				return end, nil
			}
			return whole, file.Truncate(whole)
		}
	}
	return 0, file.Truncate(0)
}
