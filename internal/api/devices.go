package api

import (
	"net/http"
	"strings"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

func shapeDevice(d reeve.Device) client.Device {
	out := client.Device{
		ID: d.ID, Hostname: d.Hostname, Nickname: d.Nickname, CustomID: d.CustomID, LinkedUser: d.LinkedUser, LinkedTeam: d.LinkedTeam,
		Standing: d.Class.Standing.String(), AgentKind: d.Class.Kind.String(), AgentVersion: d.Class.Version.String(),
		System: d.Class.System.String(), Abilities: d.Class.Abilities.Names(), Group: d.GroupID, GroupName: d.GroupName,
		Online: d.Online, Address: d.PublicIP, User: d.Facts.User, Users: d.Facts.Users, Memory: d.Facts.Memory,
		OS: strings.TrimSpace(d.Facts.OSName + " " + d.Facts.OSVersion), Architecture: d.Facts.Architecture, Type: d.Facts.Type,
		Identity: d.Identity, AddedAt: d.AddedAt, EnrolledAt: d.EnrolledAt, LastSeen: d.LastSeen,
		Source: d.Origin.String(), SeenBy: d.SeenBy, FirstSeen: d.FirstSeen,
		LastReboot: d.Facts.LastReboot, AgentSince: d.Facts.AgentSince, ArchivedAt: d.ArchivedAt,
	}
	if held := d.Facts.Settings; held != nil {
		out.Settings = &client.HeldSettings{Revision: held.Revision, Digest: held.Digest, Set: held.Set, Version: held.Version, Problem: held.Problem}
	}
	for _, mac := range d.MACs {
		out.MACs = append(out.MACs, mac.String())
	}
	for _, n := range d.Facts.Networks {
		out.Networks = append(out.Networks, client.Network(n))
	}
	for _, disk := range d.Facts.Disks {
		out.Disks = append(out.Disks, client.Disk(disk))
	}
	if d.IsExempt(time.Now()) {
		out.ExemptUntil, out.Exempt = &d.ExemptUntil, "all"
		if d.Exempt == reeve.ExemptCritical {
			out.Exempt = "critical"
		}
	}
	return out
}

func (a *api) device(w http.ResponseWriter, r *door.Request) error {
	device, err := a.findDevice(r)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, shapeDevice(device))
}

// findDevice finds the device that the path names by id or MAC address.
func (a *api) findDevice(r *door.Request) (reeve.Device, error) {
	name := r.PathValue("id")
	mac, isMAC := reeve.ParseMAC(name)
	if !isMAC {
		device, err := a.Store.Device(r.Context(), r.Caller.Account, name)
		return device, named(err, "device")
	}
	claimants, err := a.Store.DevicesByMAC(r.Context(), r.Caller.Account, []reeve.MAC{mac})
	if err != nil {
		return reeve.Device{}, err
	}
	device, ok := control.Undisputed(claimants)
	switch {
	case len(claimants) == 0:
		return device, named(reeve.Errorf(reeve.NotFound, "no device has this MAC address"), "device")
	case !ok:
		return device, reeve.Errorf(reeve.Conflict, "%d devices claim this MAC address; name the device by its id", len(claimants))
	}
	return device, nil
}

// pageOfDevice reads what a request for a page of a device's list asks: of which
// device, how many at most, and from which place on.
func (a *api) pageOfDevice(r *door.Request, list string, place ...*int64) (device reeve.Device, limit int, err error) {
	p := paramsOf(r)
	limit = p.limit()
	p.cursor(list, place...)
	if err := p.done(); err != nil {
		return device, 0, err
	}
	device, err = a.findDevice(r)
	return device, limit, err
}

// describeDevice stores what administrators and integrations say of a device.
func (a *api) describeDevice(w http.ResponseWriter, r *door.Request) error {
	var want client.Description
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	device, err := a.findDevice(r)
	if err != nil {
		return err
	}
	if err := a.Rules.Describe(r.Context(), r.Caller, device.ID, reeve.Description(want)); err != nil {
		return named(err, "device")
	}
	if device, err = a.Store.Device(r.Context(), r.Caller.Account, device.ID); err != nil {
		return named(err, "device")
	}
	return door.Write(w, http.StatusOK, shapeDevice(device))
}

// importDevices adds devices that have no agent yet.
func (a *api) importDevices(w http.ResponseWriter, r *door.Request) error {
	var want client.Import
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	devices := make([]reeve.Device, len(want.Devices))
	for i, d := range want.Devices {
		devices[i].Hostname = d.Hostname
		for _, text := range d.MACs {
			mac, ok := reeve.ParseMAC(text)
			if !ok {
				return reeve.Errorf(reeve.Invalid, "device %d: %.40q is not a MAC address", i+1, text)
			}
			devices[i].MACs = append(devices[i].MACs, mac)
		}
	}
	done, err := a.Rules.Import(r.Context(), r.Caller, devices, want.DryRun)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if want.DryRun {
		status = http.StatusOK
	}
	return door.Write(w, status, client.Imported{Imported: done.Added, Skipped: done.Skipped})
}

// restoreDevices brings deleted devices back.
func (a *api) restoreDevices(w http.ResponseWriter, r *door.Request) error {
	var want client.Restore
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	done, err := a.Rules.Restore(r.Context(), r.Caller, want.IDs)
	if err != nil {
		return err
	}
	out := client.Restored{Restored: append([]string{}, done.IDs...), Refused: make([]client.Unrestored, len(done.Refused))}
	for i, u := range done.Refused {
		out.Refused[i] = client.Unrestored(u)
	}
	return door.Write(w, http.StatusOK, out)
}
