package cmapi

import (
	"net/http"
	"slices"

	"reeve"
	"reeve/internal/door"
)

// detailOnly are members that lists do not have.
var detailOnly = lacks{"user_identity", "linked_id", "country", "categories", "unclassified", "mobile_apps",
	"detected_processes", "detected_packages", "detected_patches", "infection"}

// lists returns what a version of Get Devices v3 lacks besides detailOnly.
func lists(without ...string) lacks { return slices.Concat(detailOnly, without) }

// A deviceList is one version of Get Devices with a cursor.
type deviceList struct {
	segment, source string
	lacks           lacks
	notes           []string
}

// Source: "Get Devices" v3.5, v3.6 and v3.7 of the OAuth API manual. What v3.7
// changed is not visible.
var deviceLists = []deviceList{
	{"v3.5", "Get Devices v3.5", lists("nick_name", "geo_info", "host_name"), nil},
	{"v3.6", "Get Devices v3.6", lists("nick_name", "geo_info"), []string{"host_name is new."}},
	{"v3.7", "Get Devices", lists("nick_name", "geo_info"), []string{"What changed is not published; it answers as v3.6."}},
}

var cursorInputs = []door.Field{
	{Name: "token", In: "body", Type: "string", About: "next_token of the page before; without it the list begins with the oldest record"},
	{Name: "limit", In: "body", Type: "int", About: "devices on a page, 1 to 50; default 20"},
}

func (a *api) deviceListRoutes() []door.Route {
	var routes []door.Route
	for _, v := range deviceLists {
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, "devices"), Scope: reeve.Read, Rate: "devices", Serve: a.listDevices(v),
			Page: &door.Page{
				Family: "Get Devices", Version: v.segment[1:], Source: v.source,
				About:  "Lists the devices of the account, oldest record first, a page by cursor.",
				Inputs: cursorInputs,
				Answer: slices.Concat(
					[]door.Field{{Name: "next_token", Type: "string", About: "where the next page begins; empty after the last one"}},
					fieldsUnder("devices[].", fieldsV3, v.lacks)),
				Notes: v.notes,
			},
		})
	}
	return slices.Concat(routes, a.devicePageRoutes(), a.deviceFilterRoutes())
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
		if limit < 1 || limit > maxPaged {
			return reeve.Errorf(reeve.Invalid, "limit must be 1 to %d", maxPaged)
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
		return door.Write(w, http.StatusOK, struct {
			NextToken string     `json:"next_token"`
			Devices   []deviceV3 `json:"devices"`
		}{next, a.lens(r.Account).listV3(devices, v.lacks)})
	}
}
