package cmapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"reeve"
	"reeve/internal/door"
)

// A groupList is one version of Get groups, with the store's word for each of
// its sort fields.
type groupList struct {
	segment string
	sorts   map[string]string
}

// Source: "Get groups" v3.0 of the OAuth API manual. Groups of Reeve have no
// domain and no policy, so these two fields leave the order to the name.
var groupLists = []groupList{
	{"v3", map[string]string{"": "name", "group_name": "name", "domain_name": "name", "policy_name": "name",
		"number_of_devices": "devices", "last_update": "modified"}},
}

func (a *api) groupRoutes() []door.Route {
	var routes []door.Route
	for _, v := range groupLists {
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, "groups"), Scope: reeve.Read, Rate: "groups", Serve: a.listGroups(v),
			Page: &door.Page{
				Family: "Get Groups", Version: v.segment[1:], Source: "Get groups v3.0",
				About: "Lists the groups of the account, a page by number.",
				Inputs: []door.Field{
					{Name: "limit", In: "body", Type: "int", About: "groups on a page, 1 to 50; default 10"},
					{Name: "page", In: "body", Type: "int", About: "number of the page, from 1; default 1"},
					{Name: "search", In: "body", Type: "string", About: "part of the name, in any case; the page also has the name of the policy, of which Reeve has none"},
					{Name: "sort.field", In: "body", Type: "string", About: "group_name (default), number_of_devices or last_update; domain_name and policy_name order by name"},
					{Name: "sort.order", In: "body", Type: "string", About: "asc (default) or desc"},
				},
				Answer: []door.Field{
					{Name: "[].group_id", Type: "string", About: "id of the group, 32 hex digits"},
					{Name: "[].group_name", Type: "string"},
					{Name: "[].domain_name", Type: "string", Unknown: "left out: groups of Reeve are not synchronised with a domain"},
					{Name: "[].auto_join", Type: "bool", Unknown: "left out: devices join by registration code"},
					{Name: "[].policy_id", Type: "string", Unknown: "left out: Reeve has no policies"},
					{Name: "[].policy_name", Type: "string", Unknown: "left out: Reeve has no policies"},
					{Name: "[].number_of_devices", Type: "int", About: "devices in it, deleted ones not counted"},
					{Name: "[].description", Type: "string"},
					{Name: "[].created_date", Type: "string", About: "RFC 3339, UTC"},
					{Name: "[].last_modified", Type: "string", About: "RFC 3339, UTC"},
				},
				Codes: pageCodes,
			},
		})
	}
	return routes
}

// groupV3 is a group in the answer; what Reeve does not know is left out.
type groupV3 struct {
	GroupID         string `json:"group_id"`
	GroupName       string `json:"group_name"`
	NumberOfDevices int64  `json:"number_of_devices"`
	Description     string `json:"description"`
	CreatedDate     string `json:"created_date,omitempty"`
	LastModified    string `json:"last_modified,omitempty"`
}

// listGroups serves Get groups, a paged bare array.
func (a *api) listGroups(v groupList) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		body, err := r.JSON(w, smallBody)
		if err != nil {
			return err
		}
		query, err := v.read(body)
		if err != nil {
			return err
		}
		groups, err := a.Groups.Groups(r.Context(), r.Caller.Account, query)
		if err != nil {
			return err
		}
		if len(groups) == 0 && query.Page > 1 {
			return errBeyond(query.Page)
		}
		out := make([]groupV3, len(groups))
		for i, g := range groups {
			out[i] = groupV3{g.ID, g.Name, g.Devices, g.Description, timestamp(g.Created), timestamp(g.Modified)}
		}
		return door.Write(w, http.StatusOK, out)
	}
}

func (v groupList) read(body []byte) (reeve.GroupQuery, error) {
	query := reeve.GroupQuery{Limit: 10, Page: 1}
	var sort json.RawMessage
	var field, order string
	if err := (object{"limit": &query.Limit, "page": &query.Page, "search": &query.Search, "sort": &sort}).readOptional(body); err != nil {
		return query, err
	}
	if len(sort) > 0 && string(sort) != "null" {
		if err := (object{"field": &field, "order": &order}).read(sort); err != nil {
			return query, err
		}
	}
	word, known := v.sorts[field]
	query.Sort, query.Desc = word, order == "desc"
	if !known || !slices.Contains([]string{"", "asc", "desc"}, order) {
		return query, reeve.Errorf(reeve.Invalid, "sort must have a published field, and an order of asc or desc")
	}
	return query, checkPage(query.Limit, query.Page, maxPaged)
}
