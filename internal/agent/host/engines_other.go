//go:build !linux

package host

import "reeve/internal/agent/scan"

func (m *Machine) systemEngines(EngineSetup) []scan.Engine { return nil }
