//go:build !windows

package main

// asService reports whether this process is a service that must be run in a way
// of its own. Here services are ordinary processes.
func asService([]string) bool { return false }
