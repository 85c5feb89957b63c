//go:build !linux

package host

import (
	"context"

	"reeve"
	"reeve/internal/agent/act"
)

// RenewDHCP is not written for this system, and so dhcprenew is not offered.
func (m *Machine) RenewDHCP(context.Context, string) ([]act.Renewal, error) {
	return nil, reeve.Errorf(reeve.Unavailable, "this agent cannot renew leases on this system yet")
}
