package act

import (
	"context"
	"fmt"
	"strings"
	"time"

	"reeve"
)

// A DHCPHost can make its DHCP clients renew.
type DHCPHost interface {
	// RenewDHCP makes a DHCP request on the named interface, or on every
	// interface that a known DHCP client manages if name is empty. Whatever
	// happens, an address that still holds stays. The error says why nothing
	// could be tried, such as that there is no known client; what went wrong on
	// one interface is in its Renewal.
	RenewDHCP(ctx context.Context, name string) ([]Renewal, error)
}

// A Renewal is what became of one interface's lease.
type Renewal struct {
	Interface string `json:"interface"`
	Old       *Lease `json:"old,omitempty"`
	New       *Lease `json:"new,omitempty"`
	Changed   bool   `json:"changed"` // the address, or what came with it, is another
	Error     string `json:"error,omitempty"`
}

// A Lease is an address that a DHCP server lent.
type Lease struct {
	Address string    `json:"address"`
	Server  string    `json:"server"`
	Seconds int64     `json:"lease_seconds"`
	Expires time.Time `json:"expires,omitzero"` // zero for a lease without an end
}

type renewParams struct {
	Interface string `json:"interface"`
}

// Renewing twice is harmless, but a person who asked for one renewal should
// not see two, so a crash in the middle is reported and not repaired.
func init() { perform("dhcprenew", false, renewDHCP) }

func renewDHCP(ctx context.Context, h Host, _ Task, p renewParams, progress func(Progress)) (Outcome, error) {
	progress(Progress{Percent: -1, Note: "asking the DHCP server"})
	renewals, err := h.RenewDHCP(ctx, p.Interface)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Result: encode(struct {
		Interfaces []Renewal `json:"interfaces"`
	}{renewals})}
	var said []string
	failures := 0
	for _, r := range renewals {
		switch {
		case r.Error != "":
			failures++
			said = append(said, r.Interface+": "+r.Error)
		case r.Changed && r.Old != nil && r.Old.Address != r.New.Address:
			said = append(said, fmt.Sprintf("%s: %s instead of %s", r.Interface, r.New.Address, r.Old.Address))
		default:
			said = append(said, fmt.Sprintf("%s: renewed %s", r.Interface, r.New.Address))
		}
	}
	o.Message = strings.Join(said, "; ")
	if failures > 0 {
		return o, reeve.Errorf(reeve.Unavailable, "%d of %d interfaces did not renew: %s", failures, len(renewals), o.Message)
	}
	return o, nil
}
