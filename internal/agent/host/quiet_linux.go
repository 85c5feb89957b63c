package host

import "golang.org/x/sys/unix"

// lowerPriority makes the calling thread yield to every other. Where it may
// not, the work is done all the same.
func lowerPriority() {
	const (
		lowest      = 19
		whoProcess  = 1       // IOPRIO_WHO_PROCESS; who 0 is the calling thread
		classIdle   = 3 << 13 // IOPRIO_CLASS_IDLE: disk time that nobody else wants
		callingTask = 0
	)
	unix.Setpriority(unix.PRIO_PROCESS, callingTask, lowest)
	unix.Syscall(unix.SYS_IOPRIO_SET, whoProcess, callingTask, classIdle)
}
