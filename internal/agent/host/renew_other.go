//go:build !linux && !windows && !darwin

package host

import (
	"context"

	"reeve"
	"reeve/internal/agent/act"
)

// RenewDHCP is not written for this system, and so dhcprenew is not offered.
func (m *Machine) RenewDHCP(context.Context, act.RenewWish) ([]act.Renewal, error) {
	return nil, reeve.Errorf(reeve.Unavailable, "this agent cannot renew leases on this system yet")
}

// renewing is what a machine keeps for renewals: nothing.
type renewing struct{}

func newRenewing() renewing { return renewing{} }
