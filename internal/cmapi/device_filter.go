package cmapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"reeve"
	"reeve/internal/door"
)

// A deviceFilter is one version of Get Devices v3 with filters and page numbers.
type deviceFilter struct {
	segment, source string
	lacks           lacks
	unjudged        []string // members of filter that ask for what Reeve does not know
	container       container
	notes           []string
}

// Source: "Get Devices" v3.0 to v3.3 of the OAuth API manual. The page of v3.4
// was not read: from v3.4 on the answer is an object, and v3.5 replaced filters
// by a cursor, so v3.4 is taken as the last with filters in the new container.
var deviceFilters = []deviceFilter{
	{"v3", "Get Devices v3.0", lists("nickname", "public_ip", "host_name", "enrolled_at", "last_reboot", "cves"), unjudged30, bareArray,
		[]string{"The default of limit has been 1 since 03/12/2018; later versions are taken to have kept it."}},
	{"v3.1", "Get Devices v3.1", lists("nickname", "public_ip", "host_name", "enrolled_at", "cves"), unjudged30, bareArray, []string{"last_reboot is new."}},
	{"v3.2", "Get Devices v3.2", lists("nickname", "public_ip", "host_name", "enrolled_at"), unjudged32, bareArray, []string{"filter.product_ids, filter.cve_ids and cves are new."}},
	{"v3.3", "Get Devices v3.3", lists("nickname", "public_ip", "host_name"), unjudged32, bareArray, []string{"enrolled_at is new."}},
	{"v3.4", "Get Devices v3.5", lists("nickname", "public_ip", "host_name"), unjudged32, devicesObject,
		[]string{"The page of this version could not be read. It takes what v3.3 takes and answers an object with devices, as v3.5 does."}},
}

var (
	unjudged30 = []string{"category", "severity"}
	unjudged32 = []string{"category", "severity", "product_ids", "cve_ids"}
)

// A container is what the devices of an answer stand in.
type container struct {
	under string // prefix of their members
	wrap  func([]deviceV3) any
}

var (
	bareArray     = container{"[].", func(devices []deviceV3) any { return devices }}
	devicesObject = container{"devices[].", func(devices []deviceV3) any {
		return struct {
			Devices []deviceV3 `json:"devices"`
		}{devices}
	}}
)

var filterInputs = []door.Field{
	{Name: "limit", In: "body", Type: "int", About: "devices on a page, 1 to 50; default 1"},
	{Name: "page", In: "body", Type: "int", About: "number of the page, from 1; default 1"},
	{Name: "search", In: "body", Type: "string", About: "part of the hostname or nickname in any case, or the beginning of a MAC address"},
	{Name: "sort.field", In: "body", Type: "string", About: "device_name, host_name, last_seen or enrolled_at, which is the order of records and the default. The published values could not be read", Ours: true},
	{Name: "sort.order", In: "body", Type: "string", About: "asc (default) or desc", Ours: true},
	{Name: "filter", In: "body", Type: "object", About: "values of one member are alternatives, members narrow one another; a single value may stand without an array"},
	{Name: "filter.device_type", In: "body", Type: "array of string", About: "desktop, laptop, phone, tablet, server, vm"},
	{Name: "filter.os", In: "body", Type: "array of string", About: "windows, mac, linux, ios, android"},
	{Name: "filter.device_status", In: "body", Type: "array of string", About: "words of status; non_compliant, pending and quarantined select nothing, since only an assessment could tell"},
	{Name: "filter.agent_status", In: "body", Type: "array of string", About: "connected, disconnected, or unseen for longer than the account's unseen_after_days; out_of_date selects nothing"},
	{Name: "filter.agent_type", In: "body", Type: "array of string", About: "persistent, on_demand, mobile, domain_controller; managed and guest select all, as the pages say of guest"},
	{Name: "filter.group_id", In: "body", Type: "array of string", About: "ids of groups, as Get Groups has them, or default for the one that takes new devices"},
}

var unjudgedInputs = map[string]door.Field{
	"category":    {Name: "filter.category", In: "body", Type: "array of string", Unknown: "any value selects nothing: Reeve assesses no posture"},
	"severity":    {Name: "filter.severity", In: "body", Type: "array of string", Unknown: "any value selects nothing: Reeve assesses no posture"},
	"product_ids": {Name: "filter.product_ids", In: "body", Type: "array of int", Unknown: "any value selects nothing: Reeve takes no inventory of software"},
	"cve_ids":     {Name: "filter.cve_ids", In: "body", Type: "array of string", Unknown: "any value selects nothing: Reeve takes no inventory of software"},
}

func (a *api) deviceFilterRoutes() []door.Route {
	var routes []door.Route
	for _, v := range deviceFilters {
		inputs := slices.Clone(filterInputs)
		for _, name := range v.unjudged {
			inputs = append(inputs, unjudgedInputs[name])
		}
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, "devices"), Scope: reeve.Read, Rate: "devices", Serve: a.filterDevices(v),
			Page: &door.Page{
				Family: "Get Devices", Version: v.segment[1:], Source: v.source,
				About:  "Lists the devices that a filter selects, oldest record first, a page by number.",
				Inputs: inputs, Answer: fieldsUnder(v.container.under, fieldsV3, v.lacks), Codes: pageCodes, Notes: v.notes,
			},
		})
	}
	return routes
}

// filterDevices serves Get Devices, versions with filters.
func (a *api) filterDevices(v deviceFilter) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		body, err := r.JSON(w, smallBody)
		if err != nil {
			return err
		}
		l := a.lens(r.Account)
		query, some, err := v.read(body, l)
		if err != nil {
			return err
		}
		var devices []reeve.Device
		if some {
			if devices, err = a.pageOf(r, query); err != nil {
				return err
			}
		} else if query.Page > 1 {
			return errBeyond(query.Page)
		}
		return door.Write(w, http.StatusOK, v.container.wrap(l.listV3(devices, v.lacks)))
	}
}

// read reads the body of a version. It reports false for a filter that no device
// can pass.
func (v deviceFilter) read(body []byte, l lens) (reeve.DeviceQuery, bool, error) {
	query := reeve.DeviceQuery{Limit: 1, Page: 1, In: []reeve.DeviceName{reeve.InHostname, reeve.InNickname, reeve.InMAC}}
	var filter, sort json.RawMessage
	err := object{"limit": &query.Limit, "page": &query.Page, "search": &query.Search, "filter": &filter, "sort": &sort}.readOptional(body)
	if err != nil {
		return query, false, err
	}
	if err := checkPage(query.Limit, query.Page, maxPaged); err != nil {
		return query, false, err
	}
	if err := readSort(sort, &query); err != nil {
		return query, false, err
	}
	some, err := v.readFilter(filter, l, &query)
	return query, some, err
}

// sortsV3 are the fields that an order may have. Records are made as devices enrol.
var sortsV3 = map[string]reeve.DeviceSort{
	"device_name": reeve.ByHostname, "host_name": reeve.ByHostname, "last_seen": reeve.ByLastSeen, "enrolled_at": reeve.ByRecord,
}

func readSort(sort json.RawMessage, query *reeve.DeviceQuery) error {
	var field, order string
	if err := (object{"field": &field, "order": &order}).readMember("sort", sort); err != nil {
		return err
	}
	if !slices.Contains([]string{"", "asc", "desc"}, order) {
		return reeve.Errorf(reeve.Invalid, "sort.order must be asc or desc")
	}
	by, known := sortsV3[field]
	if !known && field != "" {
		return errWord("sort.field", field, sortsV3)
	}
	query.Sort, query.Desc = by, order == "desc"
	return nil
}
