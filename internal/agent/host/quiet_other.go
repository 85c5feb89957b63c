//go:build !linux && !windows && !darwin

package host

func lowerPriority() {}
