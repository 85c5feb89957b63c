package host

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"reeve"
	"reeve/internal/agent/act"
)

// ipconfigPath is the system's own program for the client that every
// interface of macOS has.
const ipconfigPath = "/usr/sbin/ipconfig"

// renewing is what a machine keeps for renewals.
type renewing struct {
	one          sync.Mutex // at a time
	answerWithin time.Duration
}

func newRenewing() renewing { return renewing{answerWithin: 30 * time.Second} }

// RenewDHCP implements [act.DHCPHost]: the system's client begins anew with the
// lease that it has, and keeps the address if no server answers.
func (m *Machine) RenewDHCP(ctx context.Context, w act.RenewWish) ([]act.Renewal, error) {
	m.renewing.one.Lock()
	defer m.renewing.one.Unlock()
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("listing the interfaces: %w", err)
	}
	var renewals []act.Renewal
	for _, iface := range all {
		if w.Interface != "" && w.Interface != iface.Name {
			continue
		}
		text, err := ipconfig(ctx, "getpacket", iface.Name)
		old, exchange := parsePacket(text)
		if err != nil || old.Address == "" {
			continue // it has no lease
		}
		r := act.Renewal{Interface: iface.Name, Manager: "ipconfig", Old: &old}
		fresh, err := m.renewOne(ctx, iface.Name, exchange)
		switch {
		case err != nil && w.Release:
			r.Error = err.Error() + "; the system's client cannot be made to release it"
		case err != nil:
			r.Error = err.Error()
		default:
			r.New, r.Changed = fresh, fresh.Address != old.Address
		}
		renewals = append(renewals, r)
	}
	if len(renewals) == 0 {
		return nil, reeve.Errorf(reeve.NotFound, "no lease was found: ipconfig knows of none on the interfaces of this machine")
	}
	return renewals, nil
}

// renewOne starts the client of an interface anew and waits for an exchange
// that is another than the last.
func (m *Machine) renewOne(ctx context.Context, name, last string) (*act.Lease, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, m.renewing.answerWithin, fmt.Errorf("no DHCP server answered within %v", m.renewing.answerWithin))
	defer cancel()
	if _, err := ipconfig(ctx, "set", name, "DHCP"); err != nil {
		return nil, err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
		text, err := ipconfig(ctx, "getpacket", name)
		if l, exchange := parsePacket(text); err == nil && l.Address != "" && exchange != last {
			return leaseSince(l, time.Now()), nil
		}
	}
}

// ipconfig runs the program and returns what it prints.
func ipconfig(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := output(command(ctx, ipconfigPath, args))
	return string(out), err
}
