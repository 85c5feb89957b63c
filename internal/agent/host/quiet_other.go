//go:build !linux

package host

func lowerPriority() {}
