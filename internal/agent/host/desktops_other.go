//go:build !linux && !windows && !darwin

package host

func (m *Machine) desktops() []desktop { return nil }
