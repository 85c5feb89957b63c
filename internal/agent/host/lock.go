package host

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("another process holds the lock")

// Lock takes the lock that a file stands for, or fails at once with ErrLocked.
// Closing gives it back; so does the end of the process, whatever ends it.
func Lock(path string) (io.Closer, error) { return lock(path, true) }

// LockOld takes a lock only if its file is there, is no link, and lies in a
// folder of this process's own user.
func LockOld(path string) (io.Closer, error) {
	if !isOurs(filepath.Dir(path)) {
		return nil, fs.ErrPermission
	}
	return lock(path, false)
}
