package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"reeve"
)

// Files that came in part lie in a folder of their own, each under its name and
// what its digest begins with.
const (
	parts    = ".parts"
	maxParts = 256            // more are not kept
	maxBytes = 4 << 30        // of all parts together
	partLife = 24 * time.Hour // since the last byte came
)

// ErrOffset says that what came before is not what the sender goes on from.
var ErrOffset = reeve.Errorf(reeve.Conflict, "the server does not hold the bytes that come before these; ask how many it has")

// ErrDigest says that a file is there as a whole and not the one announced.
var ErrDigest = reeve.Errorf(reeve.Conflict, "the file is not the one that was announced; send it from its start")

// Received returns how many bytes came of the file with a name and hex SHA-256:
// all of them if it is there as a whole. A part that lacks nothing, because the
// end of its upload was cut off, becomes the file here: nobody would send more.
func (f *Folder) Received(ctx context.Context, name, digest string) (int64, error) {
	if !IsName(name) || !isDigest(digest) {
		return 0, errName
	}
	part := partName(name, digest)
	for _, path := range []string{part, name} {
		file, err := f.root.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("looking at a file: %w", err)
		}
		defer file.Close()
		sum := sha256.New()
		size, err := io.Copy(sum, whileAlive{ctx, file})
		if err != nil {
			return 0, fmt.Errorf("reading a file: %w", err)
		}
		switch whole := sums(sum, digest); {
		case path == part && whole:
			return size, f.place(file, part, name)
		case path == part || whole:
			return size, nil
		}
	}
	return 0, nil
}

// Resume stores what r gives behind the bytes of the file that came before, of
// which there must be offset: else it is ErrOffset. At 0 the file begins anew.
// What came before an error of r is kept, to go on from. At the end of r the
// file is complete: it takes the place of what had the name before if it has the
// hex SHA-256 digest, else it is dropped with ErrDigest. More than limit bytes
// are TooLarge. Two at once for the same file spoil each other, which the digest
// shows.
func (f *Folder) Resume(ctx context.Context, name, digest string, offset int64, r io.Reader, limit int64) error {
	if !IsName(name) || !isDigest(digest) {
		return errName
	}
	if err := f.tidy(name, partName(name, digest)); err != nil {
		return fmt.Errorf("tidying what came in part: %w", err)
	}
	file, err := f.openPart(partName(name, digest), offset)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(file, offset)); err != nil {
		return fmt.Errorf("reading what came before: %w", err)
	}
	added, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(whileAlive{ctx, r}, limit-offset+1))
	switch {
	case offset+added > limit:
		err = reeve.Errorf(reeve.TooLarge, "the file is larger than %d MB, which is the most that is taken", limit>>20)
	case err != nil: // the rest may come later
		return fmt.Errorf("storing a file: %w", err)
	case !sums(sum, digest):
		err = ErrDigest
	}
	if err != nil {
		f.root.Remove(partName(name, digest))
		return err
	}
	return f.place(file, partName(name, digest), name)
}

// openPart opens a part that has offset bytes, to be read from its start and
// written at its end.
func (f *Folder) openPart(path string, offset int64) (*os.File, error) {
	how := os.O_RDWR | os.O_APPEND
	if offset == 0 {
		how |= os.O_CREATE | os.O_TRUNC
	}
	file, err := f.root.OpenFile(path, how, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrOffset
	}
	if err != nil {
		return nil, fmt.Errorf("storing a file: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.Size() != offset {
		err = ErrOffset
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// tidy removes parts that nobody goes on with: of the same name but for keep,
// old ones, and the oldest of too many.
func (f *Folder) tidy(name, keep string) error {
	err := f.root.Mkdir(parts, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := fs.ReadDir(f.root.FS(), parts)
	if err != nil {
		return err
	}
	var left []fs.FileInfo
	var size int64
	for _, entry := range entries {
		path := parts + "/" + entry.Name()
		info, err := entry.Info()
		switch {
		case err != nil || path == keep: // gone meanwhile, or in use
		case time.Since(info.ModTime()) > partLife || strings.HasPrefix(entry.Name(), name+"-"):
			f.root.Remove(path)
		default:
			left, size = append(left, info), size+info.Size()
		}
	}
	slices.SortFunc(left, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for len(left) >= maxParts || size > maxBytes {
		f.root.Remove(parts + "/" + left[0].Name())
		left, size = left[1:], size-left[0].Size()
	}
	return nil
}

func partName(name, digest string) string { return parts + "/" + name + "-" + digest[:16] }

func isDigest(digest string) bool {
	raw, err := hex.DecodeString(digest)
	return err == nil && len(raw) == sha256.Size
}

func sums(h hash.Hash, digest string) bool {
	return hex.EncodeToString(h.Sum(nil)) == strings.ToLower(digest)
}
