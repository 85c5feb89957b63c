//go:build !linux && !windows && !darwin

package host

import (
	"reeve"
	"reeve/internal/agent/act"
)

// Volumes is not written for this system, and so scanning is not offered.
func (m *Machine) Volumes() ([]act.Volume, error) {
	return nil, reeve.Errorf(reeve.Unavailable, "this agent cannot list the volumes of this system yet")
}
