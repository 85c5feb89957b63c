package main

import "syscall"

// ownGroup starts a process in a group of its own, which the terminal's Ctrl-C
// does not reach.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
