//go:build unix

package host

import (
	"io/fs"
	"os"
	"syscall"
)

// OpenFile opens a file or folder for reading. It follows no link in the last
// place, and does not wait for the other end of a pipe.
func (m *Machine) OpenFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// Device tells file systems apart.
func (m *Machine) Device(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Dev)
	}
	return 0
}
