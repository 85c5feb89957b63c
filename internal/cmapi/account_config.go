package cmapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/door"
)

// An accountConfig is one version of Account Config, with what it answers in
// each of its sections; nil is a section that Reeve cannot show.
type accountConfig struct {
	segment  string
	sections map[string]any
}

// crossDomain says where agents answer other programs of their machine: Reeve's
// agents open no port, so that it is off, with the vendor's port beside it.
var crossDomain = struct {
	Enabled int `json:"enabled"`
	Port    int `json:"port"`
}{0, 11369}

// Source: "Account Config" v3.0 and v3.1 of the OAuth API manual.
var accountConfigs = []accountConfig{
	{"v3", map[string]any{"cross-domain-api": crossDomain}},
	{"v3.1", map[string]any{"cross-domain-api": crossDomain, "regcode": nil}},
}

func (a *api) accountConfigRoutes() []door.Route {
	var routes []door.Route
	for _, v := range accountConfigs {
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, "configuration"), Scope: reeve.Read, Rate: "configuration", Serve: v.serve, Page: v.page(),
		})
	}
	routes = append(routes, door.Route{
		Method: "GET", Path: at("v2", "account/policy"), Scope: reeve.Read, Rate: "account/policy", Serve: servePolicy,
		Page: &door.Page{
			Family: "Account Policy", Version: "2", Source: "Account Policy v2.0",
			About: "Tells the default policy of the account.", Inputs: door.None,
			Answer: []door.Field{
				{Name: "policy", Type: "object", About: "always there, and empty"},
				{Name: "policy.CATEGORY", Type: "object", Unknown: "left out: Reeve has no policies"},
			},
		},
	})
	return routes
}

func (v accountConfig) names() []string { return slices.Sorted(maps.Keys(v.sections)) }

func (v accountConfig) page() *door.Page {
	page := door.Page{
		Family: "Account Config", Version: v.segment[1:], Source: "Account Config " + v.segment,
		About: "Tells how the account is set up for agents.",
		Inputs: []door.Field{{Name: "sections", In: "body", Type: "array of string",
			About: "what to tell of: " + strings.Join(v.names(), ", ") + "; all of them if absent or empty (ours)"}},
		Answer: []door.Field{
			{Name: "cross-domain-api.enabled", Type: "int", About: "0: Reeve's agents open no port"},
			{Name: "cross-domain-api.port", Type: "int", About: "11369, where the vendor's agents listen"},
		},
	}
	if slices.Contains(v.names(), "regcode") {
		page.Answer = append(page.Answer, door.Field{Name: "regcode", Type: "string",
			Unknown: "left out: registration codes are stored hashed, and shown once when they are made"})
		page.Notes = []string{"Brought the section regcode."}
	}
	return &page
}

// serve serves Account Config.
func (v accountConfig) serve(w http.ResponseWriter, r *door.Request) error {
	body, err := r.JSON(w, smallBody)
	if err != nil {
		return err
	}
	sections, err := v.read(body)
	if err != nil {
		return err
	}
	answer := map[string]any{}
	for _, name := range sections {
		if content := v.sections[name]; content != nil {
			answer[name] = content
		}
	}
	return door.Write(w, http.StatusOK, answer)
}

func (v accountConfig) read(body []byte) ([]string, error) {
	var sections []string
	if err := (object{"sections": &sections}).readOptional(body); err != nil {
		return nil, err
	}
	for _, name := range sections {
		if _, ok := v.sections[name]; !ok {
			return nil, reeve.Errorf(reeve.Invalid, "there is no section %.40q in this version; it has %s", name, strings.Join(v.names(), ", "))
		}
	}
	if len(sections) == 0 {
		return v.names(), nil
	}
	return sections, nil
}

// servePolicy serves Account Policy: there are no policies.
func servePolicy(w http.ResponseWriter, r *door.Request) error {
	return door.Write(w, http.StatusOK, map[string]any{"policy": struct{}{}})
}
