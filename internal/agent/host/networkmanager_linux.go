package host

import (
	"context"
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"reeve/internal/agent/act"
)

const (
	nmName   = "org.freedesktop.NetworkManager"
	nmObject = "/org/freedesktop/NetworkManager"
	nmDevice = nmName + ".Device"
	nmLease  = nmName + ".DHCP4Config"
)

// A networkManager is NetworkManager on the system bus.
type networkManager struct{ service }

// networkManager finds the interfaces that NetworkManager holds a lease on. It
// takes the address away if no server answers it.
func (m *Machine) networkManager(ctx context.Context, free []net.Interface) (held []holding, err error) {
	if running, err := m.renewing.bus.has(ctx, nmName); err != nil || !running {
		return nil, err
	}
	nm := networkManager{service{&m.renewing.bus, nmName}}
	var devices []dbus.ObjectPath
	if err := nm.call(ctx, nmObject, nmName+".GetDevices")(&devices); err != nil {
		return nil, err
	}
	for _, device := range devices {
		name, err := nm.property(ctx, device, nmDevice, "IpInterface")
		if err != nil {
			continue // it has just gone
		}
		at := slices.IndexFunc(free, func(i net.Interface) bool { return i.Name == name.Value() })
		if at < 0 {
			continue
		}
		iface := free[at]
		old, id := nm.lease(ctx, device)
		if old == nil {
			continue
		}
		held = append(held, holding{
			iface: iface, old: old, lessee: &lessee{iface: iface, id: id},
			tell:  func(ctx context.Context, _ bool) error { return nm.reapply(ctx, device) },
			anew:  func(ctx context.Context) error { return nm.reactivate(ctx, device) },
			lease: func(ctx context.Context) *act.Lease { now, _ := nm.lease(ctx, device); return now },
		})
	}
	return held, nil
}

// lease asks for the lease of a device, and for the client identifier that it
// was got with.
func (nm networkManager) lease(ctx context.Context, device dbus.ObjectPath) (*act.Lease, []byte) {
	config, err := nm.property(ctx, device, nmDevice, "Dhcp4Config")
	if err != nil {
		return nil, nil
	}
	path, _ := config.Value().(dbus.ObjectPath)
	if !path.IsValid() || path == "/" { // "/" is none
		return nil, nil
	}
	v, err := nm.property(ctx, path, nmLease, "Options")
	options, _ := v.Value().(map[string]dbus.Variant)
	text := func(key string) string { s, _ := options[key].Value().(string); return s }
	if err != nil || text("ip_address") == "" {
		return nil, nil
	}
	l := &act.Lease{Address: text("ip_address"), Server: text("dhcp_server_identifier")}
	l.Seconds, _ = strconv.ParseInt(text("dhcp_lease_time"), 10, 64)
	if expiry, err := strconv.ParseInt(text("expiry"), 10, 64); err == nil && l.Seconds < forever {
		l.Expires = time.Unix(expiry, 0).UTC()
	}
	id, _ := hex.DecodeString(strings.ReplaceAll(text("dhcp_client_identifier"), ":", ""))
	return l, id
}

// reapply makes NetworkManager ask for the lease once more. It has no word
// for that; but it asks whenever settings of DHCP are applied that differ from
// those in force, and keeps the address meanwhile. So how long it waits for a
// server is changed by a second: until the connection is next brought up.
func (nm networkManager) reapply(ctx context.Context, device dbus.ObjectPath) error {
	var (
		settings map[string]map[string]dbus.Variant // by section, by name
		version  uint64
	)
	if err := nm.call(ctx, device, nmDevice+".GetAppliedConnection", uint32(0))(&settings, &version); err != nil {
		return err
	}
	ipv4 := settings["ipv4"]
	if ipv4 == nil {
		return errors.New("NetworkManager tells no IPv4 settings of the device")
	}
	const usual = 45 // seconds, NetworkManager's own default
	wait, _ := ipv4["dhcp-timeout"].Value().(int32)
	switch wait {
	case 0, 1:
		wait = usual
	case usual:
		wait = 0
	default:
		wait ^= 1
	}
	ipv4["dhcp-timeout"] = dbus.MakeVariant(wait)
	// What address-data and route-data say in full, these say in short.
	delete(ipv4, "addresses")
	delete(ipv4, "routes")
	return nm.call(ctx, device, nmDevice+".Reapply", settings, version, uint32(0))()
}

// reactivate makes NetworkManager bring the connection up anew, which ends the
// one before and its lease. That is one call: there is no moment in between at
// which this agent could end and leave the device down.
func (nm networkManager) reactivate(ctx context.Context, device dbus.ObjectPath) error {
	active, err := nm.property(ctx, device, nmDevice, "ActiveConnection")
	if err != nil {
		return err
	}
	path, _ := active.Value().(dbus.ObjectPath)
	profile, err := nm.property(ctx, path, nmName+".Connection.Active", "Connection")
	if err != nil {
		return err
	}
	return nm.call(ctx, nmObject, nmName+".ActivateConnection", profile.Value(), device, dbus.ObjectPath("/"))()
}
