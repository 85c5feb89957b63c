package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"reeve/internal/agent/act"
)

// How dhclient renews
//
// A running dhclient cannot be asked for a renewal. To stop it and start
// another would leave the interface without a client if the agent died in
// between, and without an address if no server answered. So a second dhclient
// makes the request in the first one's name: same interface, same settings, a
// copy of its lease, but a script that changes nothing. It is killed as soon as
// the server has answered. The lease is then renewed, and the running client
// was never touched: it asks again a little earlier than it would have to.
//
// Only if the server says something else than what the machine is set up with
// (another address, other routers or name servers) is the running client
// replaced by one that applies it: see adopt.

// renewClient renews the leases of a dhclient that are asked for, and
// releases what did not renew if that is asked for too.
func (m *Machine) renewClient(ctx context.Context, c client, release bool) []act.Renewal {
	setups := make([]setup, len(c.mine))
	for i, name := range c.mine {
		iface, err := net.InterfaceByName(name)
		if err == nil {
			setups[i], err = takeSetup(iface.Index)
		}
		if err != nil {
			return []act.Renewal{{Interface: name, Manager: "dhclient", Error: err.Error()}}
		}
	}
	renewals := m.renew(ctx, c, c.mine)
	for i := range renewals {
		r := &renewals[i]
		r.Manager = "dhclient"
		if r.Error != "" && release {
			if err := m.release(ctx, c, r); err != nil {
				r.Error += "; releasing it: " + err.Error()
			}
		}
		if r.Error != "" {
			rescue(setups[i], r)
		}
	}
	return renewals
}

// renew renews the leases that a client holds on some of its interfaces.
func (m *Machine) renew(ctx context.Context, c client, interfaces []string) []act.Renewal {
	var renewals []act.Renewal
	news := map[int]*lease{} // what was in force before, of renewals that brought something new
	held, between, unreadable := readLeases(c.leases)
	for _, iface := range interfaces {
		old := lastLease(held, iface)
		r := act.Renewal{Interface: iface, Old: old.shown()}
		var fresh *lease
		err := unreadable
		if err == nil {
			fresh, err = m.request(ctx, c, iface, old, between)
		}
		if err != nil {
			r.Error = err.Error()
		} else if r.New = fresh.shown(); old == nil || old.expired(time.Now()) || !fresh.sets(old) {
			r.Changed = true
			news[len(renewals)] = old
		}
		renewals = append(renewals, r)
	}
	if len(news) == 0 {
		return renewals
	}
	adopted := m.adopt(c)
	for i, old := range news {
		r, err := &renewals[i], adopted
		if err == nil {
			var fresh *lease
			if fresh, err = m.await(ctx, c, r.Interface, old); err == nil {
				r.New = fresh.shown()
			}
		}
		if err != nil {
			r.Error = fmt.Sprintf("the DHCP server now gives %s, but dhclient did not take it over: %v", r.New.Address, err)
		}
	}
	return renewals
}

// noScript is what is run instead of the script that sets up an interface.
// Where a system confines dhclient so that it may not run it, nothing is run.
const noScript = "/bin/true"

// ownScript finds a script that a configuration file prescribes: that would be
// run in spite of noScript.
var ownScript = regexp.MustCompile(`(?m)^[^#]*\bscript\s+"`)

// request asks the DHCP server for the lease old once more, or for any if old
// is nil, and returns what the server granted. Nothing else changes.
func (m *Machine) request(ctx context.Context, c client, iface string, old *lease, between string) (*lease, error) {
	program, ok := dhclientPath()
	if !ok {
		return nil, fmt.Errorf("dhclient is running, but its program is at none of %s", strings.Join(dhclients, ", "))
	}
	config := valueOf(c.args, "-cf", m.firstFile("/etc/dhcp/dhclient.conf", "/etc/dhclient.conf"))
	if text, err := os.ReadFile(config); err == nil && ownScript.Match(text) {
		return nil, fmt.Errorf("%s prescribes a script, so that no request can be made without side effects", config)
	}
	// Beside the client's own, and named so that the usual confinements of
	// dhclient let it be written.
	path := filepath.Join(filepath.Dir(c.leases), "dhclient-reeve-"+iface+".leases")
	if old != nil {
		between += old.text + "\n"
	}
	if err := Replace(path, []byte(between)); err != nil {
		return nil, fmt.Errorf("copying the lease: %w", err)
	}
	defer os.Remove(path)

	late := fmt.Errorf("no DHCP server answered within %v", m.renewing.answerWithin)
	ctx, cancel := context.WithTimeoutCause(ctx, m.renewing.answerWithin, late)
	defer cancel()
	args := append([]string{"-1", "-d"}, c.wishes()...)
	args = append(args, "-lf", path, "-sf", noScript, "--no-pid", iface)
	acknowledged := false
	err := watch(ctx, program, args, func(line string) bool {
		acknowledged = acknowledged || strings.HasPrefix(line, "DHCPACK")
		return acknowledged && strings.HasPrefix(line, "bound to ")
	})
	if err != nil {
		return nil, err
	}
	leases, _, err := readLeases(path)
	if err != nil {
		return nil, err
	}
	fresh := lastLease(leases, iface)
	if fresh == nil {
		return nil, fmt.Errorf("dhclient got a lease but did not write it down")
	}
	return fresh, nil
}

var errSupervised = errors.New("another program watches over it and has to restart it")

// adopt replaces a running client by one that asks again and sets up its
// interfaces. The new one is there before the old one goes, so that at no
// moment, not even if the agent dies here, an interface has no client.
func (m *Machine) adopt(c client) error {
	if c.supervised {
		return errSupervised
	}
	program, _ := dhclientPath()
	// Without its file, the old client is not in the new one's way.
	mark, err := os.ReadFile(c.pidFile)
	if err == nil {
		os.Remove(c.pidFile)
	}
	if err := detach(program, append([]string{"-nw"}, c.plainArgs()...), c.pid); err != nil {
		if mark != nil {
			os.WriteFile(c.pidFile, mark, 0o644)
		}
		return err
	}
	return m.end(c)
}

// end kills a client. No lease is released and no script is run, as with
// dhclient -x.
func (m *Machine) end(c client) error {
	if err := c.signal(os.Kill); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending the dhclient that ran before: %w", err)
	}
	return nil
}

// release makes a client give its lease back and starts one that asks for
// another: only if a server offers one.
func (m *Machine) release(ctx context.Context, c client, r *act.Renewal) error {
	switch {
	case c.supervised:
		return errSupervised
	case len(c.interfaces) != 1:
		return errors.New("its dhclient would release the leases of other interfaces too")
	}
	iface, err := net.InterfaceByName(r.Interface)
	if err != nil {
		return err
	}
	within, cancel := m.within(ctx)
	defer cancel()
	if _, err := (lessee{iface: *iface}).offer(within); err != nil {
		return fmt.Errorf("no server offers another: %w", err)
	}
	held, _, err := readLeases(c.leases)
	if err != nil {
		return err
	}
	program, _ := dhclientPath()
	if err := m.noteReleased(released{r.Interface, c.plainArgs()}); err != nil {
		return err
	}
	r.Released = true
	given := detach(program, append([]string{"-r"}, c.plainArgs()...), c.pid)
	// Whatever came of it, a client must be there afterwards.
	if err := errors.Join(m.end(c), detach(program, append([]string{"-nw"}, c.plainArgs()...), c.pid)); err != nil {
		return errors.Join(given, err) // Mend tries again
	}
	if err := os.Remove(filepath.Join(m.state, releasedFile)); err != nil {
		return fmt.Errorf("tidying the state folder: %w", err)
	}
	fresh, err := m.await(ctx, c, r.Interface, lastLease(held, r.Interface))
	if err != nil {
		return errors.Join(given, err)
	}
	r.New, r.Changed, r.Error = fresh.shown(), r.Old == nil || r.Old.Address != fresh.address, ""
	return nil
}

// adoptWithin is how long a new client may take until it has its lease.
const adoptWithin = 30 * time.Second

// await waits until a client has written down another lease than old.
func (m *Machine) await(ctx context.Context, c client, iface string, old *lease) (*lease, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, adoptWithin, fmt.Errorf("it has no lease after %v", adoptWithin))
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		leases, _, err := readLeases(c.leases)
		now := lastLease(leases, iface)
		if err == nil && now != nil && (old == nil || !now.expires.Equal(old.expires) || !now.sets(old)) {
			return now, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
}
