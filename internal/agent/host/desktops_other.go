//go:build !linux

package host

func (m *Machine) desktops() []desktop { return nil }
