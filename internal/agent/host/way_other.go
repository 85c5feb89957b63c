//go:build unix && !linux

package host

import "golang.org/x/sys/unix"

// wayThrough opens a folder to go on from it.
const wayThrough = unix.O_RDONLY
