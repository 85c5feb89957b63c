//go:build !linux

package host

import "reeve"

// Neighbours is not written for this system.
func (m *Machine) Neighbours() ([]reeve.Sighting, error) { return nil, nil }
