package host

import "golang.org/x/sys/unix"

// wayThrough opens a folder only to go on from it: that needs no right to list
// it.
const wayThrough = unix.O_PATH
