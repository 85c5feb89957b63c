package cmapi

import (
	"net/http"
	"net/url"

	"reeve"
	"reeve/internal/door"
)

// A devicePage is one version of Get Devices v2.
type devicePage struct {
	segment, path, source string
	lacks                 lacks
	most                  int // bound on limit
	notes                 []string
}

// maxWholeList is the bound on limit in the versions whose programs ask for all
// devices of the account at once.
const maxWholeList = 10_000

// listedV2 is what lists of v2 lack of deviceV2.
var listedV2 = lacks{"critical_issue", "total_critical_issue", "exempt", "applications"}

// Source: "Get Devices" v2.1, v2.2 and v2.3 of the OAuth API manual; v2 after a
// program of 2014, which also wrote devices.json and asked for all at once.
var devicePages = []devicePage{
	{"v2", "devices", "Get Devices v2.1", append(lacks{"agent_type"}, listedV2...), maxWholeList, oldLimit},
	{"v2", "devices.json", "Get Devices v2.1", append(lacks{"agent_type"}, listedV2...), maxWholeList, oldLimit},
	{"v2.1", "devices", "Get Devices v2.1", append(lacks{"agent_type"}, listedV2...), maxWholeList, oldLimit},
	{"v2.2", "devices", "Get Devices v2.2", listedV2, maxPaged, []string{"Phones and tablets are in it, and agent_type."}},
	{"v2.3", "devices", "Get Devices v2.3", listedV2, maxPaged, nil},
}

var oldLimit = []string{"limit may be up to 10,000, since programs of that time ask for as many devices as the account has; more is 406. Later versions hold it to 50, as published."}

var pageInputs = []door.Field{
	{Name: "limit", In: "query", Type: "int", About: "devices on a page, 1 to 50; default 1"},
	{Name: "page", In: "query", Type: "int", About: "number of the page, from 1; default 1"},
	{Name: "GroupBy", In: "query", Type: "string", About: "none (default) orders by record, host by hostname"},
	{Name: "GroupBy=hwid", In: "query", Type: "string", About: "orders by record: ids are random", Ours: true},
	{Name: "GroupBy=issues", In: "query", Type: "string", Unknown: "orders by record: Reeve knows no issues"},
	{Name: "order", In: "query", Type: "string", About: "des (default) or asc"},
	{Name: "agent_type", In: "query", Type: "string", Unknown: "ignored, as the pages say since 01/30/2018"},
}

func (a *api) devicePageRoutes() []door.Route {
	var routes []door.Route
	for _, v := range devicePages {
		routes = append(routes, door.Route{
			Method: "GET", Path: at(v.segment, v.path), Scope: reeve.Read, Rate: "devices", Serve: a.pageDevices(v),
			Page: &door.Page{
				Family: "Get Devices", Version: v.segment[1:], Source: v.source,
				About:  "Lists the devices of the account, newest record first, a page by number.",
				Inputs: pageInputs, Answer: fieldsUnder("[].", fieldsV2, v.lacks), Codes: pageCodes, Notes: v.notes,
			},
		})
	}
	return routes
}

// pageDevices serves Get Devices v2: a bare array.
func (a *api) pageDevices(v devicePage) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		query, err := readPage(r.URL.Query(), 1, v.most)
		if err != nil {
			return err
		}
		if err := readOrder(r.URL.Query(), &query); err != nil {
			return err
		}
		devices, err := a.pageOf(r, query)
		if err != nil {
			return err
		}
		return door.Write(w, http.StatusOK, a.lens(r.Account).listV2(devices, v.lacks))
	}
}

// pageOf reads a page by number.
func (a *api) pageOf(r *door.Request, query reeve.DeviceQuery) ([]reeve.Device, error) {
	devices, err := a.Devices.Devices(r.Context(), r.Caller.Account, query)
	if err == nil && len(devices) == 0 && query.Page > 1 {
		return nil, errBeyond(query.Page)
	}
	return devices, err
}

// readPage reads limit and page from a query.
func readPage(q url.Values, limit, most int) (reeve.DeviceQuery, error) {
	var query reeve.DeviceQuery
	var err error
	if query.Limit, err = number(q, "limit", limit); err != nil {
		return query, err
	}
	if query.Page, err = number(q, "page", 1); err != nil {
		return query, err
	}
	return query, checkPage(query.Limit, query.Page, most)
}

// sortsV2 are the values of GroupBy.
var sortsV2 = map[string]reeve.DeviceSort{
	"": reeve.ByRecord, "none": reeve.ByRecord, "hwid": reeve.ByRecord, "issues": reeve.ByRecord, "host": reeve.ByHostname,
}

func readOrder(q url.Values, query *reeve.DeviceQuery) error {
	sort, known := sortsV2[q.Get("GroupBy")]
	if !known {
		return reeve.Errorf(reeve.Invalid, "GroupBy must be none, hwid, host or issues")
	}
	order := q.Get("order")
	if order != "" && order != "des" && order != "asc" {
		return reeve.Errorf(reeve.Invalid, "order must be des or asc")
	}
	query.Sort, query.Desc = sort, order != "asc"
	return nil
}
