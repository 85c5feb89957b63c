package host

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"reeve/internal/agent/act"
)

// orphans finds the interfaces that have an address with an end and nobody to
// renew it: the client that got it is gone. This agent then does what that
// would do, once: it asks the server, and sets up what the server grants.
func (m *Machine) orphans(_ context.Context, free []net.Interface) (held []holding, err error) {
	lent := func(a ipv4) bool { return a.global && !a.expires.IsZero() }
	for _, iface := range free {
		addresses, err := addressesOf(iface.Index)
		if err != nil {
			return held, err
		}
		at := slices.IndexFunc(addresses, lent)
		if at < 0 {
			continue
		}
		a := addresses[at]
		o := &orphan{lessee: lessee{iface: iface}, had: netip.PrefixFrom(a.address, a.bits)}
		if connman := m.processes("connmand"); len(connman) > 0 {
			o.foreign = "connman"
		}
		held = append(held, holding{
			iface: iface, old: &act.Lease{Address: a.address.String(), Expires: a.expires.UTC().Truncate(time.Second)},
			tell: o.renew, anew: o.anew, lease: func(context.Context) *act.Lease { return o.granted },
		})
	}
	return held, nil
}

// An orphan is an interface without a DHCP client.
type orphan struct {
	lessee
	had     netip.Prefix
	foreign string // a manager that runs, may be its, and cannot be asked
	granted *act.Lease
}

func (o *orphan) renew(ctx context.Context, _ bool) error {
	if o.foreign != "" {
		return fmt.Errorf("%s runs, and has no way to be asked", o.foreign)
	}
	answer, err := o.again(ctx, o.had.Addr())
	if err != nil {
		return err
	}
	if answer.kind() == dhcpNak {
		return o.anew(ctx)
	}
	return o.setUp(answer)
}

// anew takes any offer. The old lease is given up by not being renewed: to send
// a release and be left without a lease would help nobody.
func (o *orphan) anew(ctx context.Context) error {
	if o.foreign != "" {
		return fmt.Errorf("%s runs, and has no way to be asked", o.foreign)
	}
	offer, err := o.offer(ctx)
	if err != nil {
		return err
	}
	answer, err := o.take(ctx, offer)
	if err != nil {
		return err
	}
	return o.setUp(answer)
}

// setUp applies what a server granted: the address, for as long as it is lent,
// and the router. The names of servers for names are nobody's to change here.
func (o *orphan) setUp(answer dhcpMessage) error {
	if !answer.yours.IsValid() {
		return fmt.Errorf("the DHCP server granted no address")
	}
	bits := o.had.Bits()
	if mask := answer.options[optMask]; len(mask) == 4 {
		ones, all := net.IPMask(mask).Size()
		if all == 0 || ones == 0 {
			return fmt.Errorf("the DHCP server granted %s with the network mask %s, which is none", answer.yours, net.IP(mask))
		}
		bits = ones
	}
	now := netip.PrefixFrom(answer.yours, bits)
	if err := setAddress(o.iface.Index, now, answer.seconds()); err != nil {
		return fmt.Errorf("setting %s: %w", now, err)
	}
	if now.Addr() != o.had.Addr() {
		if err := removeAddress(o.iface.Index, o.had); err != nil {
			return fmt.Errorf("removing %s: %w", o.had, err)
		}
		// The kernel removes with an address what came after it of its network.
		if err := setAddress(o.iface.Index, now, answer.seconds()); err != nil {
			return fmt.Errorf("setting %s: %w", now, err)
		}
		if router := addressAt(answer.options[optRouter], 0); router.IsValid() {
			if err := setRouter(o.iface.Index, router); err != nil {
				return fmt.Errorf("setting the router %s: %w", router, err)
			}
		}
	}
	o.granted = answer.lease(time.Now())
	return nil
}
