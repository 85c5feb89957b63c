package cmapi

import (
	"cmp"
	"net/http"

	"reeve"
	"reeve/internal/door"
)

// A policyCheck is one version of Device Policy Check.
type policyCheck struct{ segment, source string }

// Source: "Device Policy Check" v2.0 and v2.2 of the OAuth API manual.
var policyChecks = []policyCheck{{"v2", "Device Policy Check v2.0"}, {"v2.2", "Device Policy Check"}}

func (a *api) policyCheckRoutes() []door.Route {
	routes := []door.Route{{
		Method: "POST", Path: at("v2", "devices/policy_check"), Scope: reeve.Read, Rate: "policy_check", Serve: a.checkDevices,
		Page: &door.Page{
			Family: "Device Policy Check", Version: "2", Source: "observed in an existing program",
			About: "Tells how many devices stand, one number each, in the order in which they were named.",
			Inputs: []door.Field{
				{Name: "opt", In: "body", Type: "int", About: "0 (default) MAC_list, 1 HWID_list; which list there is decides"},
				{Name: "MAC_list", In: "body", Type: "array of string", About: "up to 10,000 MAC addresses in any spelling"},
				{Name: "HWID_list", In: "body", Type: "array of string", About: "up to 10,000 device ids"},
			},
			Answer: []door.Field{
				{Name: "result", Type: "array of int", About: "as status of one device; 2 for what names no device"},
				{Name: "critical", Type: "array of int", Unknown: noAssessment},
			},
			Codes: map[int]string{413: "more than 10,000 devices"},
			Notes: []string{"A device that is not there is 2 and the answer 200: the others have theirs."},
		},
	}}
	for _, v := range policyChecks {
		routes = append(routes, door.Route{
			Method: "GET", Path: at(v.segment, "devices/{value}/policy_check"), Scope: reeve.Read, Rate: "policy_check", Serve: a.checkDevice,
			Page: &door.Page{
				Family: "Device Policy Check", Version: v.segment[1:], Source: v.source,
				About: "Tells whether a device may be let in.",
				Inputs: []door.Field{
					{Name: "value", In: "path", Type: "string", About: "MAC address or device id, as opt says"},
					{Name: "opt", In: "query", Type: "int", About: "0 (default) a MAC address, 1 a device id, 3 an SSID, by which no device is known: 404"},
					{Name: "verbose", In: "query", Type: "int", About: "0 (default) or 1", Unknown: "taken, and nothing comes of it: Reeve assesses no posture"},
				},
				Answer: []door.Field{
					{Name: "policy_name", Type: "string", Unknown: "left out: Reeve has no policies"},
					{Name: "user", Type: "string", About: "the linked user (Link User), or else who is logged in"},
					{Name: "location", Type: "string", Unknown: "left out: reserved by the page for a later use"},
					{Name: "device_type", Type: "string", About: "laptop, desktop, vm, server, phone or tablet"},
					{Name: "os_type", Type: "string", About: "Windows, Mac, Linux, iOS or Android"},
					{Name: "status", Type: "int", About: "0 compliant or exempt, 2 without an agent, 3 not assessed yet; 1, not compliant, only an assessment could tell"},
					{Name: "total_issue", Type: "int", Unknown: noAssessment},
					{Name: "total_critical_issue", Type: "int", Unknown: noAssessment},
					{Name: "critical_status", Type: "int", Unknown: noAssessment},
					{Name: "last_seen", Type: "string", About: "RFC 3339, UTC"},
					{Name: "issues", Type: "array of object", Unknown: noAssessment},
				},
				Codes: noDeviceCode,
				Notes: []string{"A record without an agent is status 2; a name that means no device of the account is 404."},
			},
		})
	}
	return routes
}

// policyAnswer is what Reeve knows of a policy check's answer.
type policyAnswer struct {
	User       string `json:"user,omitempty"`
	DeviceType string `json:"device_type,omitempty"`
	OSType     string `json:"os_type,omitempty"`
	Status     int    `json:"status"`
	LastSeen   string `json:"last_seen,omitempty"`
}

// checkDevice serves Device Policy Check.
func (a *api) checkDevice(w http.ResponseWriter, r *door.Request) error {
	q := r.URL.Query()
	if verbose, err := number(q, "verbose", 0); err != nil || verbose != 0 && verbose != 1 {
		return reeve.Errorf(reeve.Invalid, "verbose must be 0 or 1")
	}
	by, err := optSSID.inQuery(q)
	if err != nil {
		return err
	}
	d, err := a.findOne(r.Context(), r.Caller.Account, by, r.PathValue("value"))
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, policyAnswer{
		User: cmp.Or(d.LinkedUser, d.Facts.User), DeviceType: typeOf(d), OSType: familiesV2[d.Class.System], Status: numbersV2[a.lens(r.Account).posture(d)], LastSeen: timestamp(d.LastSeen),
	})
}

// checkDevices serves Devices Policy Check.
func (a *api) checkDevices(w http.ResponseWriter, r *door.Request) error {
	body, err := r.JSON(w, smallBody)
	if err != nil {
		return err
	}
	by, names, err := readLists(body)
	if err != nil {
		return err
	}
	found, err := a.find(r.Context(), r.Caller.Account, by, names)
	if err != nil {
		return err
	}
	l, result := a.lens(r.Account), make([]int, len(found))
	for i, d := range found {
		if result[i] = numbersV2[unknown]; d.No != 0 {
			result[i] = numbersV2[l.posture(d)]
		}
	}
	return door.Write(w, http.StatusOK, struct {
		Result []int `json:"result"`
	}{result})
}

// readLists reads a body of v2 that names many devices. Which list there is says
// what opt says, as in Devices Action.
func readLists(body []byte) (naming, []string, error) {
	var opt int
	var macs, ids []string
	if err := (object{"opt": &opt, "MAC_list": &macs, "HWID_list": &ids}).read(body); err != nil {
		return byNothing, nil, err
	}
	by, names := byMAC, macs
	if len(ids) > 0 {
		by, names = byID, ids
	}
	switch {
	case (len(macs) > 0) == (len(ids) > 0):
		return by, nil, reeve.Errorf(reeve.Invalid, "name the devices in exactly one list, MAC_list or HWID_list, and at least one of them")
	case len(names) > maxWholeList:
		return by, nil, reeve.Errorf(reeve.TooLarge, "the list has more than %d entries; send several requests", maxWholeList)
	case optV2[opt] == byNothing:
		return by, nil, errOptV2
	}
	return by, names, nil
}
