package host

import "runtime/debug"

// Rest gives back what only the work before needed. The agent is a guest on
// somebody's machine, and mostly it waits. Pools let go of what they hold the
// second time.
func Rest() {
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	restProgram()
}
