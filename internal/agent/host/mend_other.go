//go:build !linux

package host

// Mend has nothing to do where no client is started by the agent.
func (m *Machine) Mend() error { return nil }
