//go:build !linux

package host

import (
	"io/fs"
	"os"
	"path/filepath"
)

// openFolder opens a folder that no link leads to. What its owner swaps at that
// very moment is not noticed here; what is in it is compared later.
func openFolder(path string) (*os.Root, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if real != filepath.Clean(path) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrInvalid}
	}
	return os.OpenRoot(path)
}
