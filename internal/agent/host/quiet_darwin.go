package host

import "golang.org/x/sys/unix"

// lowerPriority puts the calling thread into the background, for processor and
// disk. Where that cannot be, the work is done all the same.
func lowerPriority() {
	const thread, background = 3, 0x1000 // PRIO_DARWIN_THREAD and PRIO_DARWIN_BG of sys/resource.h
	unix.Setpriority(thread, 0, background)
}
