package host

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"reeve/internal/agent/act"
)

var udhcpcs = []string{"/sbin/udhcpc", "/usr/sbin/udhcpc", "/bin/busybox", "/usr/bin/busybox"}

// udhcpc finds the interfaces that a udhcpc keeps. It keeps no file and does
// not say what it holds, and it takes the address away if no server answers
// when it is told to renew.
func (m *Machine) udhcpc(_ context.Context, free []net.Interface) (held []holding, err error) {
	for _, p := range m.processes("udhcpc", "busybox") {
		args := p.args
		if len(args) > 1 && filepath.Base(args[0]) == "busybox" {
			args = args[1:]
		}
		if len(args) == 0 || filepath.Base(args[0]) != "udhcpc" || !trusted(p.dir, udhcpcs) {
			continue
		}
		name := optionOf(args, "eth0", "-i", "--interface")
		at := slices.IndexFunc(free, func(i net.Interface) bool { return i.Name == name })
		if at < 0 {
			continue
		}
		iface := free[at]
		addresses, err := addressesOf(iface.Index)
		if err != nil {
			return held, err
		}
		set := slices.IndexFunc(addresses, isGlobal)
		if set < 0 {
			continue // it has no lease, and is looking for one
		}
		held = append(held, holding{
			iface: iface, old: &act.Lease{Address: addresses[set].address.String()},
			lessee: &lessee{iface: iface, id: udhcpcID(args, iface)},
			tell:   func(context.Context, bool) error { return p.signal(syscall.SIGUSR1) },
			anew:   func(ctx context.Context) error { return p.renounce(ctx, iface.Index) },
		})
	}
	return held, nil
}

// udhcpcID is the client identifier that a udhcpc uses: as it was told, or else
// made of the MAC address.
func udhcpcID(args []string, iface net.Interface) []byte {
	for i := range args {
		if value, ok := strings.CutPrefix(optionOf(args[i:], "", "-x"), "0x3d:"); ok {
			if id, err := hex.DecodeString(value); err == nil {
				return id
			}
		}
	}
	if slices.Contains(args, "-C") || slices.Contains(args, "--clientid-none") {
		return nil
	}
	return append([]byte{1}, iface.HardwareAddr...)
}

// optionOf returns the value of the first of the flags that is given, however
// it is attached.
func optionOf(args []string, otherwise string, flags ...string) string {
	for i, arg := range args {
		for _, flag := range flags {
			if value, ok := strings.CutPrefix(arg, flag); ok {
				switch {
				case value == "" && i+1 < len(args):
					return args[i+1]
				case strings.HasPrefix(value, "="):
					return value[1:]
				case value != "" && !strings.HasPrefix(flag, "--"):
					return value
				}
			}
		}
	}
	return otherwise
}

// renounceWithin is how long a udhcpc may take to release a lease.
const renounceWithin = 5 * time.Second

// renounce makes a udhcpc release its lease and look for another. Of two
// signals at once it would see the second first.
func (p process) renounce(ctx context.Context, index int) error {
	released := p.signal(syscall.SIGUSR2)
	ctx, cancel := context.WithTimeout(ctx, renounceWithin)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		if now, err := addressesOf(index); err != nil || !slices.ContainsFunc(now, isGlobal) {
			break
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return errors.Join(released, p.signal(syscall.SIGUSR1))
}

// signal sends a signal, unless the number is another process's by now.
func (p process) signal(s os.Signal) error {
	process, err := os.FindProcess(p.pid)
	if err != nil {
		return err
	}
	defer process.Release()
	if again, err := readProcess(p.dir); err != nil || !slices.Equal(again.args, p.args) {
		return os.ErrProcessDone
	}
	return process.Signal(s)
}
