package host

import (
	"errors"
	"io"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("another process holds the lock")

// Lock takes the lock that a file stands for, or fails at once with ErrLocked.
// Closing gives it back; so does the end of the process, whatever ends it.
func Lock(path string) (io.Closer, error) { return lock(path) }
