package host

import (
	"context"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"reeve/internal/agent/act"
)

const (
	networkdName    = "org.freedesktop.network1"
	networkdObject  = "/org/freedesktop/network1"
	networkdManager = networkdName + ".Manager"
)

// networkd finds the interfaces that systemd-networkd holds a lease on. It
// holds on to the address while no server answers, but it does not hear that a
// server refuses it; so the server is asked first.
func (m *Machine) networkd(ctx context.Context, free []net.Interface) (held []holding, err error) {
	if leases, _ := filepath.Glob(filepath.Join(m.root, "/run/systemd/netif/leases/[0-9]*")); len(leases) == 0 {
		return nil, nil // and no bus is needed to know
	}
	if running, err := m.renewing.bus.has(ctx, networkdName); err != nil || !running {
		return nil, err
	}
	networkd := service{&m.renewing.bus, networkdName}
	for _, iface := range free {
		old, id := m.networkdLease(iface)
		if old == nil {
			continue
		}
		call := func(ctx context.Context, method string) error {
			return networkd.call(ctx, networkdObject, networkdManager+"."+method, int32(iface.Index))()
		}
		held = append(held, holding{
			iface: iface, old: old, lessee: &lessee{iface: iface, id: id},
			tell: func(ctx context.Context, moved bool) error {
				if moved {
					return call(ctx, "ReconfigureLink")
				}
				return call(ctx, "RenewLink")
			},
			anew:  func(ctx context.Context) error { return call(ctx, "ReconfigureLink") },
			lease: func(context.Context) *act.Lease { now, _ := m.networkdLease(iface); return now },
		})
	}
	return held, nil
}

// networkdLease reads the lease of an interface and the client identifier that
// it was got with. The file is networkd's own: what it does not hold is left
// out, and one of another network namespace is told by its address.
func (m *Machine) networkdLease(iface net.Interface) (*act.Lease, []byte) {
	data, err := os.ReadFile(filepath.Join(m.root, "/run/systemd/netif/leases", strconv.Itoa(iface.Index)))
	if err != nil {
		return nil, nil
	}
	values := assignments(string(data))
	address, err := netip.ParseAddr(values["ADDRESS"])
	if err != nil {
		return nil, nil
	}
	l := &act.Lease{Address: address.String(), Server: values["SERVER_ADDRESS"]}
	l.Seconds, _ = strconv.ParseInt(values["LIFETIME"], 10, 64)
	addresses, err := addressesOf(iface.Index)
	at := slices.IndexFunc(addresses, func(a ipv4) bool { return a.address == address })
	switch {
	case err != nil || at < 0 && len(addresses) > 0:
		return nil, nil
	case at >= 0 && !addresses[at].expires.IsZero():
		l.Expires = addresses[at].expires.UTC().Truncate(time.Second)
	}
	id, _ := hex.DecodeString(values["CLIENTID"])
	return l, id
}
