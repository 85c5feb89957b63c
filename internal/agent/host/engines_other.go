//go:build !linux && !windows

package host

import "reeve/internal/agent/scan"

func (m *Machine) systemEngines(EngineSetup) []scan.Engine { return nil }
