//go:build !linux

package host

import (
	"iter"

	"reeve"
	"reeve/internal/agent/act"
	"reeve/internal/agent/scan"
)

// Processes is not written for this system.
func (m *Machine) Processes() (iter.Seq2[*scan.Process, error], error) {
	return nil, reeve.Errorf(reeve.Unavailable, "this agent cannot look into processes on this system")
}

// Boot is not written for this system.
func (m *Machine) Boot() (act.Boot, error) {
	return act.Boot{}, reeve.Errorf(reeve.Unavailable, "this agent cannot read the disks of this system")
}
