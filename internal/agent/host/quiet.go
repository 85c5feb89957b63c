package host

import "runtime"

// Quietly runs f at the lowest priority for processor and disk, as far as the
// system lets it, and returns when f does. Everything else that the agent does
// goes on as before.
func (m *Machine) Quietly(f func()) {
	var fault any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { fault = recover() }()
		// Priorities are a thread's. This one is never unlocked, so that it
		// ends with the goroutine instead of serving others at low priority.
		runtime.LockOSThread()
		lowerPriority()
		f()
	}()
	<-done
	if fault != nil {
		panic(fault)
	}
}
