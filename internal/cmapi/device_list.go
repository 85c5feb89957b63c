package cmapi

import (
	"net/http"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
)

// A deviceList is what one version of Get Devices does differently.
type deviceList struct {
	segment string
	encode  func(d reeve.Device, now time.Time) deviceV3
}

// Source: "Get Devices" v3.7 of the OAuth API manual.
var deviceLists = []deviceList{
	{segment: "v3.7", encode: listedV37},
}

func (a *api) deviceListRoutes() []door.Route {
	var routes []door.Route
	for _, v := range deviceLists {
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, "devices"), Scope: reeve.Read, Rate: "devices", Serve: a.listDevices(v),
			Page: &door.Page{Family: "Get Devices", Version: v.segment[1:], Source: "Get Devices"},
		})
	}
	return routes
}

func listedV37(d reeve.Device, now time.Time) deviceV3 {
	out := shapeV3(d, now)
	out.Nickname = d.Nickname
	out.addSystemV3(d)
	return out
}

// listDevices serves Get Devices, cursor versions: oldest record first. After
// the last page next_token is empty.
func (a *api) listDevices(v deviceList) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		body, err := r.JSON(w, smallBody)
		if err != nil {
			return err
		}
		var token string
		limit := 20
		if err := (object{"token": &token, "limit": &limit}).readOptional(body); err != nil {
			return err
		}
		if limit < 1 || limit > 50 {
			return reeve.Errorf(reeve.Invalid, "limit must be 1 to 50")
		}
		query := reeve.DeviceQuery{Limit: limit + 1} // one more tells whether there is a next page
		if err := door.ReadCursor("token", token, "devices", r.Caller.Account, &query.After); err != nil {
			return err
		}
		devices, err := a.Devices.Devices(r.Context(), r.Caller.Account, query)
		if err != nil {
			return err
		}
		var next string
		if len(devices) > limit {
			devices = devices[:limit]
			next = door.Cursor("devices", r.Caller.Account, devices[limit-1].No)
		}
		out := make([]deviceV3, len(devices))
		for i, d := range devices {
			out[i] = v.encode(d, a.Now())
		}
		return door.Write(w, http.StatusOK, struct {
			NextToken string     `json:"next_token"`
			Devices   []deviceV3 `json:"devices"`
		}{next, out})
	}
}

// A deviceDetail is what one version of Device Details does differently.
type deviceDetail struct {
	segment string
	encode  func(d reeve.Device, now time.Time, system bool) deviceV3
}

// Source: "Device Details" v3.8 of the OAuth API manual.
var deviceDetails = []deviceDetail{
	{segment: "v3.8", encode: detailedV38},
}

func (a *api) deviceDetailRoutes() []door.Route {
	var routes []door.Route
	for _, v := range deviceDetails {
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, "devices/detail"), Scope: reeve.Read, Rate: "devices/detail", Serve: a.detailDevices(v),
			Page: &door.Page{Family: "Device Details", Version: v.segment[1:], Source: "Device Details"},
		})
	}
	return routes
}

func detailedV38(d reeve.Device, now time.Time, system bool) deviceV3 {
	out := shapeV3(d, now)
	out.NickName, out.UserIdentity = d.Nickname, d.Identity
	if system {
		out.addSystemV3(d)
	}
	return out
}

// maxDetails is the published bound on ids.
const maxDetails = 50

// detailDevices serves Device Details: a bare array, in the order of ids,
// without those that name no device (both ours; the page does not say).
func (a *api) detailDevices(v deviceDetail) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		body, err := r.JSON(w, smallBody)
		if err != nil {
			return err
		}
		var (
			opt     int
			ids     []string
			verbose map[string]any
		)
		if err := (object{"opt": &opt, "ids": &ids, "verbose": &verbose}).read(body); err != nil {
			return err
		}
		for name, flag := range verbose {
			if flag != 0. && flag != 1. {
				return reeve.Errorf(reeve.Invalid, "verbose.%.40s must be 0 or 1", name)
			}
		}
		switch {
		case opt != 0 && opt != 1:
			return reeve.Errorf(reeve.Invalid, "opt must be 0 for device ids and MAC addresses or 1 for third-party ids")
		case len(ids) == 0 || len(ids) > maxDetails:
			return reeve.Errorf(reeve.Invalid, "ids must name 1 to %d devices", maxDetails)
		case opt == 1:
			ids = nil // no device of Reeve has a third-party id
		}
		devices, err := a.devicesNamed(r.Context(), r.Caller.Account, ids)
		if err != nil {
			return err
		}
		out := make([]deviceV3, len(devices))
		for i, d := range devices {
			out[i] = v.encode(d, a.Now(), verbose["system_info"] != 0.)
		}
		return door.Write(w, http.StatusOK, out)
	}
}

// pick puts what was found into the order of names. A MAC means the one device
// that no other managed record disputes.
func pick(names []string, byID, byMAC []reeve.Device) []reeve.Device {
	known := map[string]reeve.Device{}
	for _, d := range byID {
		known[d.ID] = d
	}
	claims := map[reeve.MAC][]reeve.Device{}
	for _, d := range byMAC {
		for _, mac := range d.MACs {
			claims[mac] = append(claims[mac], d)
		}
	}
	var out []reeve.Device
	for _, name := range names {
		d, ok := known[name]
		if mac, isMAC := reeve.ParseMAC(name); isMAC {
			d, ok = control.Undisputed(claims[mac])
		}
		if ok {
			out = append(out, d)
		}
	}
	return out
}
