//go:build !linux

package host

func restProgram() {}
