package act

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"reeve"
)

// A DHCPHost can have its leases renewed.
type DHCPHost interface {
	// RenewDHCP makes a DHCP request on every interface that holds a lease, or
	// on the one named, through what manages the interface. Whatever happens,
	// an address that still holds stays. The error says why nothing could be
	// tried, such as that there is no lease; what went wrong on one interface
	// is in its Renewal and keeps no other from being renewed.
	RenewDHCP(ctx context.Context, w RenewWish) ([]Renewal, error)
}

// A RenewWish is which leases are to be renewed, and how.
type RenewWish struct {
	Interface string `json:"interface"` // empty for all
	// Release gives back a lease that does not renew and asks for another, if
	// a server offers one.
	Release bool `json:"release"`
}

// A Renewal is what became of one interface's lease. One without an interface
// says why its manager could not be asked at all.
type Renewal struct {
	Interface string `json:"interface"`
	Manager   string `json:"manager,omitempty"` // such as NetworkManager; reeve-agent where nobody is left
	Old       *Lease `json:"old,omitempty"`
	New       *Lease `json:"new,omitempty"`
	Changed   bool   `json:"changed"`            // the address, or what came with it, is another
	Released  bool   `json:"released,omitempty"` // the old lease was given back
	Restored  bool   `json:"restored,omitempty"` // the address was lost and put back
	Error     string `json:"error,omitempty"`
}

// A Lease is an address that a DHCP server lent. What a manager does not tell
// is zero.
type Lease struct {
	Address string    `json:"address"`
	Server  string    `json:"server,omitempty"`
	Seconds int64     `json:"lease_seconds,omitempty"` // 0 also for a lease without an end
	Expires time.Time `json:"expires,omitzero"`        // likewise
}

// Renewing twice is harmless, but a person who asked for one renewal should
// not see two, so a crash in the middle is reported and not repaired.
func init() { perform("dhcprenew", false, renewDHCP) }

func renewDHCP(ctx context.Context, h Host, _ Task, w RenewWish, progress func(Progress)) (Outcome, error) {
	progress(Progress{Percent: -1, Note: "asking the DHCP server"})
	renewals, err := h.RenewDHCP(ctx, w)
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
			said = append(said, cmp.Or(r.Interface, r.Manager)+": "+r.Error)
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
