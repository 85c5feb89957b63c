// Package blob keeps files: those that agents upload, and those of signature
// sets. Names are given by the caller, and contents are bytes: nothing here looks
// into them.
//
// It may import the root words.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"reeve"
)

// IsName reports whether a file may have this name: 1 to 64 of a-z and 0-9.
// Names come from outside, and must never lead out of the folder.
func IsName(name string) bool {
	return name != "" && len(name) <= 64 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// A Folder keeps files by name in one folder, for one node. It is safe for
// concurrent use.
type Folder struct{ root *os.Root }

// incoming begins the names of files that are not complete yet.
const incoming = ".incoming-"

// Open opens a folder, makes it if need be, and removes what interrupted uploads
// left in it.
func Open(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for uploads: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for uploads: %w", err)
	}
	f := &Folder{root}
	err = f.walk(func(file fs.DirEntry) error {
		if strings.HasPrefix(file.Name(), incoming) {
			return root.Remove(file.Name())
		}
		return nil
	})
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("clearing the folder for uploads: %w", err)
	}
	return f, nil
}

// Close gives the folder back.
func (f *Folder) Close() error { return f.root.Close() }

// Put stores what r gives, in place of what had the name before, and returns its
// size and hex SHA-256. More than limit bytes are TooLarge. The file is written
// beside and renamed: until r has ended without an error nothing changes, and a
// reader finds the old one or the new one, after a crash too.
func (f *Folder) Put(ctx context.Context, name string, r io.Reader, limit int64) (int64, string, error) {
	if !IsName(name) {
		return 0, "", errName
	}
	beside := incoming + reeve.NewID()
	file, err := f.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, "", fmt.Errorf("storing a file: %w", err)
	}
	defer f.root.Remove(beside) // fails once it is renamed
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(whileAlive{ctx, r}, limit+1))
	if size > limit {
		err = reeve.Errorf(reeve.TooLarge, "the file is larger than %d MB, which is the most that is taken", limit>>20)
	}
	if err != nil {
		return 0, "", fmt.Errorf("storing a file: %w", err)
	}
	if err := f.place(file, beside, name); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(hash.Sum(nil)), nil
}

// place gives a file that is complete its name, once the disk has all of it.
func (f *Folder) place(file *os.File, from, to string) error {
	err := file.Sync()
	if err == nil {
		err = f.root.Rename(from, to)
	}
	if err == nil {
		err = f.sync()
	}
	if err != nil {
		return fmt.Errorf("storing a file: %w", err)
	}
	return nil
}

// Open opens a file for reading; NotFound if there is none.
func (f *Folder) Open(_ context.Context, name string) (io.ReadSeekCloser, error) {
	if !IsName(name) {
		return nil, errName
	}
	file, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, reeve.Errorf(reeve.NotFound, "there is no such file")
	}
	if err != nil {
		return nil, fmt.Errorf("opening a file: %w", err)
	}
	return file, nil
}

// Remove removes a file; it is no error if there is none.
func (f *Folder) Remove(_ context.Context, name string) error {
	if !IsName(name) {
		return errName
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a file: %w", err)
	}
	return nil
}

// Prune removes the files that were stored before a time, but for those with a
// name to keep, and what came in part and nobody goes on with, and returns how
// many files that were whole. A nil keep keeps none.
func (f *Folder) Prune(ctx context.Context, before time.Time, keep func(name string) bool) (int, error) {
	removed := 0
	if err := f.tidy("", ""); err != nil {
		return 0, fmt.Errorf("removing what came in part: %w", err)
	}
	err := f.walk(func(file fs.DirEntry) error {
		if keep != nil && keep(file.Name()) {
			return ctx.Err()
		}
		info, err := file.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.ModTime().Before(before) {
			return ctx.Err()
		}
		if err == nil {
			err = f.Remove(ctx, file.Name())
		}
		if err == nil {
			removed++
		}
		return err
	})
	if err != nil {
		return removed, fmt.Errorf("removing old files: %w", err)
	}
	return removed, nil
}

// walkAtOnce is how many entries of the folder are in memory together.
const walkAtOnce = 1000

// walk visits the files of the folder that are ours, in no order.
func (f *Folder) walk(visit func(fs.DirEntry) error) error {
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		entries, err := dir.ReadDir(walkAtOnce)
		for _, entry := range entries {
			ours := IsName(entry.Name()) || strings.HasPrefix(entry.Name(), incoming)
			if ours && entry.Type().IsRegular() {
				if err := visit(entry); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sync makes a rename outlast a loss of power.
func (f *Folder) sync() error {
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

var errName = reeve.Errorf(reeve.NotFound, "there is no such file")

// whileAlive reads until its context ends.
type whileAlive struct {
	ctx context.Context
	r   io.Reader
}

func (w whileAlive) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}
