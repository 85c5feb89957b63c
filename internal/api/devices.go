package api

import (
	"net/http"
	"strings"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

func shapeDevice(d reeve.Device) client.Device {
	out := client.Device{
		ID: d.ID, Hostname: d.Hostname, Nickname: d.Nickname, Standing: d.Class.Standing.String(),
		AgentKind: d.Class.Kind.String(), AgentVersion: d.Class.Version.String(), System: d.Class.System.String(),
		Abilities: d.Class.Abilities.Names(), Group: d.GroupID, GroupName: d.GroupName,
		Online: d.Online, Address: d.PublicIP, User: d.Facts.User,
		OS:       strings.TrimSpace(d.Facts.OSName + " " + d.Facts.OSVersion),
		Identity: d.Identity, AddedAt: d.AddedAt, EnrolledAt: d.EnrolledAt, LastSeen: d.LastSeen,
	}
	for _, mac := range d.MACs {
		out.MACs = append(out.MACs, mac.String())
	}
	if !d.ExemptUntil.IsZero() {
		out.ExemptUntil = &d.ExemptUntil
	}
	return out
}

// devices lists the inventory in the order in which records were made.
func (a *api) devices(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	limit, cursor := p.limit(), p.text("cursor")
	query := reeve.DeviceQuery{
		Limit: limit + 1, GroupIDs: p.take("group"), Search: p.text("search"),
		Standings: words(p, "standing", reeve.ParseStanding),
	}
	if err := p.done(); err != nil {
		return err
	}
	if err := door.ReadCursor("cursor", cursor, "devices", r.Caller.Account, &query.After); err != nil {
		return err
	}
	devices, err := a.Store.Devices(r.Context(), r.Caller.Account, query)
	if err != nil {
		return err
	}
	return page(w, devices, limit, shapeDevice, func(last reeve.Device) string {
		return door.Cursor("devices", r.Caller.Account, last.No)
	})
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

// importDevices adds devices that have no agent yet.
func (a *api) importDevices(w http.ResponseWriter, r *door.Request) error {
	var want struct {
		Devices []client.NewDevice `json:"devices"`
	}
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
	if err := a.Rules.Import(r.Context(), r.Caller, devices); err != nil {
		return err
	}
	return door.Write(w, http.StatusCreated, map[string]int{"imported": len(devices)})
}
