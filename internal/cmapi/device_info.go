package cmapi

import (
	"cmp"
	"encoding/json"
	"net/http"

	"reeve"
	"reeve/internal/door"
)

// Source: "Device Information" v3.0 of the OAuth API manual. It says that ids is
// a string; programs send an array, so both are taken. The container, a bare
// array in the order of ids without those that name no device, is ours.
func (a *api) deviceInfoRoutes() []door.Route {
	return []door.Route{{
		Method: "POST", Path: at("v3", "device_info"), Scope: reeve.Read, Rate: "device_info", Serve: a.tellDevices,
		Page: &door.Page{
			Family: "Device Information", Version: "3", Source: "Device Information v3.0",
			About: "Tells how up to 50 devices stand, in few words. Those that are not found are left out; the rest comes in the order of ids.",
			Inputs: []door.Field{
				{Name: "ids", In: "body", Type: "string or array of string", About: "1 to 50 device ids or MAC addresses, or third-party ids"},
				{Name: "opt", In: "body", Type: "int", About: "0 (default) device ids and MAC addresses, 1 third-party ids"},
				{Name: "select.categories", In: "body", Type: "array of string", Unknown: "taken, and nothing comes of it: Reeve assesses no posture"},
			},
			Answer: []door.Field{
				{Name: "[].device_id", Type: "string", About: "32 hex digits"},
				{Name: "[].status", Type: "string", About: "as in Get Devices"},
				{Name: "[].severity", Type: "string", Unknown: noAssessment},
				{Name: "[].device_name", Type: "string", About: "the hostname, or <private> where it is not known"},
				{Name: "[].categories", Type: "array of object", Unknown: noAssessment},
			},
		},
	}}
}

// deviceInfo is a device in the answer of Device Information.
type deviceInfo struct {
	DeviceID   string `json:"device_id"`
	Status     string `json:"status"`
	DeviceName string `json:"device_name"`
}

// tellDevices serves Device Information.
func (a *api) tellDevices(w http.ResponseWriter, r *door.Request) error {
	body, err := r.JSON(w, smallBody)
	if err != nil {
		return err
	}
	var (
		opt    int
		ids    words
		chosen json.RawMessage
	)
	if err := (object{"opt": &opt, "ids": &ids, "select": &chosen}).read(body); err != nil {
		return err
	}
	if err := (object{"categories": new(words)}).readMember("select", chosen); err != nil {
		return err
	}
	devices, err := a.named(r, opt, ids)
	if err != nil {
		return err
	}
	l, out := a.lens(r.Account), make([]deviceInfo, len(devices))
	for i, d := range devices {
		out[i] = deviceInfo{d.ID, wordsV3[l.posture(d)], cmp.Or(d.Hostname, "<private>")}
	}
	return door.Write(w, http.StatusOK, out)
}
