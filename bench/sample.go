package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// What a sample of files takes of the machine's own programs and libraries.
const (
	sampleRoot    = "/usr"
	sampleEvery   = 3       // one file in so many
	sampleLargest = 8 << 20 // bytes
)

// sample copies about so many bytes of real files below a new folder, a hundred
// to each, and returns it with their size.
func (b *bench) sample(bytes int64) (dir string, copied int64, err error) {
	dir = filepath.Join(b.dir, "sample")
	files, seen := 0, 0
	err = filepath.WalkDir(sampleRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		if seen++; seen%sampleEvery != 0 {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil || len(content) == 0 || len(content) > sampleLargest {
			return nil
		}
		folder := filepath.Join(dir, fmt.Sprintf("%04d", files/100))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d-%s", files%100, entry.Name())), content, 0o600); err != nil {
			return err
		}
		files++
		if copied += int64(len(content)); copied >= bytes {
			return fs.SkipAll
		}
		return nil
	})
	say("a sample of %d files, %d MB, from %s", files, copied/1e6, sampleRoot)
	return dir, copied, err
}
