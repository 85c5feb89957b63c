package host

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"reeve"
	"reeve/internal/agent/act"
)

// How a lease is renewed
//
// An interface's lease belongs to whatever manages the interface, and that is
// asked to renew it: NetworkManager and systemd-networkd over the system bus,
// dhcpcd and udhcpc by their signals, dhclient as told in
// dhclient_renew_linux.go. Only for an address that is lent and that nobody is
// left to renew this agent speaks DHCP to the server on its own account.
//
// Some managers take the address away when no server answers. In their name
// the server is asked first (see lessee), and they are told only if there was
// an answer. If an interface loses its address all the same, what it was set up
// with is put back.

// renewing is what a machine keeps for renewals.
type renewing struct {
	one          sync.Mutex    // at a time
	answerWithin time.Duration // how long a DHCP server may take
	bus          bus
}

func newRenewing() renewing {
	return renewing{answerWithin: 30 * time.Second, bus: bus{path: systemBus}}
}

// A holding is the lease of one interface.
type holding struct {
	iface   net.Interface
	manager string
	old     *act.Lease // as far as it is known
	lessee  *lessee    // in whose name a server is asked first; nil if that needs no care

	// tell makes the manager ask. moved says that the server refuses the
	// address, so that a new one is needed.
	tell func(ctx context.Context, moved bool) error
	// anew makes the manager give the lease back and ask for any.
	anew func(ctx context.Context) error
	// lease is what the manager holds now; nil if it does not say.
	lease func(ctx context.Context) *act.Lease
}

// A finder looks for the holdings of one manager among the interfaces that no
// other claimed before. Its error says why a manager that runs cannot be asked.
type finder struct {
	manager string
	find    func(m *Machine, ctx context.Context, free []net.Interface) ([]holding, error)
}

var finders = []finder{
	{"NetworkManager", (*Machine).networkManager},
	{"systemd-networkd", (*Machine).networkd},
	{"dhclient", nil}, // holds more than one interface at a time: see RenewDHCP
	{"dhcpcd", (*Machine).dhcpcd},
	{"udhcpc", (*Machine).udhcpc},
	{"reeve-agent", (*Machine).orphans},
}

// RenewDHCP implements [act.DHCPHost].
func (m *Machine) RenewDHCP(ctx context.Context, w act.RenewWish) ([]act.Renewal, error) {
	m.renewing.one.Lock()
	defer m.renewing.one.Unlock()
	defer m.renewing.bus.close()
	free, err := interfaces(w.Interface)
	if err != nil {
		return nil, err
	}
	var (
		mu       sync.Mutex
		work     sync.WaitGroup
		renewals []act.Renewal
	)
	done := func(some ...act.Renewal) {
		mu.Lock()
		defer mu.Unlock()
		renewals = append(renewals, some...)
	}
	claim := func(names ...string) {
		free = slices.DeleteFunc(free, func(i net.Interface) bool { return slices.Contains(names, i.Name) })
	}
	for _, f := range finders {
		if f.find == nil {
			for _, c := range m.dhclients(free) {
				claim(c.interfaces...)
				work.Go(func() { done(m.renewClient(ctx, c, w.Release)...) })
			}
			continue
		}
		held, err := f.find(m, ctx, slices.Clone(free))
		if err != nil {
			done(act.Renewal{Manager: f.manager, Error: err.Error()})
		}
		for _, h := range held {
			h.manager = f.manager
			claim(h.iface.Name)
			work.Go(func() { done(m.renewHolding(ctx, h, w.Release)) })
		}
	}
	work.Wait()
	if len(renewals) == 0 {
		return nil, nothingFound(w.Interface)
	}
	slices.SortFunc(renewals, func(a, b act.Renewal) int {
		return strings.Compare(a.Interface+" "+a.Manager, b.Interface+" "+b.Manager)
	})
	return renewals, nil
}

// interfaces lists the one named, or all that DHCP may have set up.
func interfaces(name string) ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("listing the interfaces: %w", err)
	}
	all = slices.DeleteFunc(all, func(i net.Interface) bool {
		return i.Flags&net.FlagLoopback != 0 || name != "" && i.Name != name
	})
	if len(all) == 0 && name != "" {
		return nil, reeve.Errorf(reeve.NotFound, "this machine has no interface %s", name)
	}
	return all, nil
}

func nothingFound(name string) error {
	where := "any interface here"
	if name != "" {
		where = "the interface " + name
	}
	return reeve.Errorf(reeve.NotFound, "no lease was found on %s: NetworkManager, systemd-networkd, dhclient, dhcpcd and udhcpc"+
		" hold none, and no address is lent", where)
}

// renewHolding renews one lease.
func (m *Machine) renewHolding(ctx context.Context, h holding, release bool) (r act.Renewal) {
	r = act.Renewal{Interface: h.iface.Name, Manager: h.manager, Old: h.old}
	before, err := takeSetup(h.iface.Index)
	if err != nil {
		r.Error = err.Error()
		return r
	}
	fresh, err := m.renewOnce(ctx, h, before)
	if err != nil && release {
		fresh, err = m.releaseOnce(ctx, h, err, &r)
	}
	r.New = fresh
	r.Changed = fresh != nil && (h.old == nil || h.old.Address != fresh.Address)
	if err != nil {
		r.Error = err.Error()
		rescue(before, &r)
	}
	return r
}

// rescue puts an address back that a renewal lost, and says so.
func rescue(before setup, r *act.Renewal) {
	if !before.lost() {
		return
	}
	if err := before.putBack(); err != nil {
		r.Error += "; the address is lost: " + err.Error()
		return
	}
	r.Restored = true
	r.Error += "; the address was put back"
}

// within bounds what a DHCP server may take to answer.
func (m *Machine) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, m.renewing.answerWithin, fmt.Errorf("no DHCP server answered within %v", m.renewing.answerWithin))
}

func (m *Machine) renewOnce(ctx context.Context, h holding, before setup) (*act.Lease, error) {
	ctx, cancel := m.within(ctx)
	defer cancel()
	granted, moved := (*act.Lease)(nil), false
	if h.lessee != nil {
		had, err := netip.ParseAddr(h.old.Address)
		if err != nil || !had.Is4() {
			return nil, fmt.Errorf("%s holds the address %.40q, which is none", h.manager, h.old.Address)
		}
		answer, err := h.lessee.again(ctx, had)
		if err != nil {
			return nil, err
		}
		if moved = answer.kind() == dhcpNak; !moved {
			granted = answer.lease(time.Now())
		}
	}
	err := h.tell(ctx, moved)
	if err != nil {
		return nil, err
	}
	if h.lease == nil && !moved { // the manager does not say, but the server did
		return granted, nil
	}
	fresh, err := h.await(ctx, before)
	if err != nil && granted != nil {
		err = fmt.Errorf("the DHCP server granted %s once more, but %s did not take it over", granted.Address, h.manager)
	}
	return fresh, err
}

// releaseOnce gives a lease back that could not be renewed because of why, and
// asks for another: only if a server offers one, since without one the
// machine would lose what it has.
func (m *Machine) releaseOnce(ctx context.Context, h holding, why error, r *act.Renewal) (*act.Lease, error) {
	ctx, cancel := m.within(ctx)
	defer cancel()
	if h.anew == nil {
		return nil, fmt.Errorf("%w; %s cannot be made to release it", why, h.manager)
	}
	if _, err := (lessee{iface: h.iface}).offer(ctx); err != nil {
		return nil, fmt.Errorf("%w; it was not released, since no server offers another: %w", why, err)
	}
	before, err := takeSetup(h.iface.Index)
	if err != nil {
		return nil, err
	}
	r.Released = true
	if err := h.anew(ctx); err != nil {
		return nil, fmt.Errorf("%w; after that, releasing it: %w", why, err)
	}
	fresh, err := h.await(ctx, before)
	if err != nil {
		return nil, fmt.Errorf("%w; then it was released, and %w", why, err)
	}
	return fresh, nil
}

// pollEvery is how often is looked whether a manager has done what it was told.
const pollEvery = 200 * time.Millisecond

// await waits until the manager has set the interface up once more, and
// returns the lease that it then has.
func (h holding) await(ctx context.Context, before setup) (*act.Lease, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		now, err := addressesOf(h.iface.Index)
		if err != nil {
			return nil, err
		}
		if address := newlySet(before.addresses, now); address != nil {
			fresh := h.leaseNow(ctx)
			if fresh != nil && fresh.Address == address.address.String() {
				if fresh.Expires.IsZero() && !address.expires.IsZero() {
					fresh.Expires = address.expires.UTC().Truncate(time.Second)
				}
				return fresh, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func newlySet(before, now []ipv4) *ipv4 {
	for i, a := range now {
		same := func(b ipv4) bool { return a.address == b.address && a.changed == b.changed }
		if a.global && !slices.ContainsFunc(before, same) {
			return &now[i]
		}
	}
	return nil
}

// leaseNow is what the manager says that it holds, or else what the server
// says in its name.
func (h holding) leaseNow(ctx context.Context) *act.Lease {
	if h.lease != nil {
		return h.lease(ctx)
	}
	now, err := addressesOf(h.iface.Index)
	i := slices.IndexFunc(now, isGlobal)
	if err != nil || i < 0 {
		return nil
	}
	answer, err := h.lessee.again(ctx, now[i].address)
	if err != nil || answer.kind() != dhcpAck {
		return &act.Lease{Address: now[i].address.String()}
	}
	return answer.lease(time.Now())
}
