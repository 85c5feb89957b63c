//go:build !unix

package host

import (
	"io/fs"
	"os"
)

// OpenFile opens a file or folder for reading.
func (m *Machine) OpenFile(path string) (*os.File, error) { return os.Open(path) }

// Device cannot tell file systems apart on this system.
func (m *Machine) Device(fs.FileInfo) uint64 { return 0 }

// owner is not kept on this system: a file that is brought back is the agent's.
func owner(fs.FileInfo) (uid, gid int) { return -1, -1 }
