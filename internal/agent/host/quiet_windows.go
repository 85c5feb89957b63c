package host

import "golang.org/x/sys/windows"

var setThreadPriority = windows.NewLazySystemDLL("kernel32.dll").NewProc("SetThreadPriority")

// lowerPriority puts the calling thread into the background, for processor and
// disk. Where that cannot be, the work is done all the same.
func lowerPriority() {
	const currentThread, backgroundBegin = ^uintptr(1), 0x10000 // THREAD_MODE_BACKGROUND_BEGIN
	setThreadPriority.Call(currentThread, backgroundBegin)
}
