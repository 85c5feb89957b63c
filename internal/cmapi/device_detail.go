package cmapi

import (
	"net/http"
	"slices"

	"reeve"
	"reeve/internal/door"
)

// A deviceDetail is one version of Device Details.
type deviceDetail struct {
	method, segment, path, source string
	lacks                         lacks
	serve                         func(*api, deviceDetail) func(http.ResponseWriter, *door.Request) error
	page                          *detailPage
	notes                         []string
}

// A detailPage is what versions with one shape share in the reference.
type detailPage struct {
	about  string
	inputs []door.Field
	under  string
	fields []door.Field
	codes  map[int]string
}

// details returns what a version of Device Details v3 lacks besides the members
// that only lists have.
func details(without ...string) lacks {
	return append(lacks{"nickname", "geo_info", "cves"}, without...)
}

// Source: "Device Details" v2.1 to v3.8 of the OAuth API manual. The pages of
// v2, v3.1, v3.4, v3.6 and v3.7 were not read: they answer as the version before,
// v2 as v2.1.
var deviceDetails = []deviceDetail{
	{"GET", "v2", "devices/{value}", "Device Details v2.1", lacks{"agent_type"}, (*api).detailV2, pageDetailV2, notRead},
	{"GET", "v2.1", "devices/{value}", "Device Details v2.1", lacks{"agent_type"}, (*api).detailV2, pageDetailV2, nil},
	{"GET", "v2.3", "devices/{value}", "Device Details v2.3", lacks{"agent_type"}, (*api).detailV2, pageDetailV2, []string{`The category "Other" is new; Reeve has no categories.`}},
	{"GET", "v2.5", "devices/{value}", "Device Details v2.5", nil, (*api).detailV2, pageDetailV2, []string{"Linux, mobile devices and agent_type are new."}},
	{"POST", "v3", "devices/{value}", "Device Details v3.0", details("host_name", "enrolled_at"), (*api).detailV3, pageDetailV30, nil},
	{"POST", "v3.1", "devices/{value}", "Device Details v3.0", details("host_name", "enrolled_at"), (*api).detailV3, pageDetailV30, notRead},
	{"POST", "v3.2", "devices/detail", "Device Details v3.2", details("host_name", "enrolled_at"), (*api).detailDevices, pageDetails, []string{"It takes several devices, and third-party ids."}},
	{"POST", "v3.3", "devices/detail", "Device Details v3.3", details("host_name"), (*api).detailDevices, pageDetails, []string{"enrolled_at is new."}},
	{"POST", "v3.4", "devices/detail", "Device Details v3.3", details("host_name"), (*api).detailDevices, pageDetails, notRead},
	{"POST", "v3.5", "devices/detail", "Device Details v3.5", details("host_name"), (*api).detailDevices, pageDetails, nil},
	{"POST", "v3.6", "devices/detail", "Device Details v3.5", details("host_name"), (*api).detailDevices, pageDetails, notRead},
	{"POST", "v3.7", "devices/detail", "Device Details v3.5", details("host_name"), (*api).detailDevices, pageDetails, notRead},
	{"POST", "v3.8", "devices/detail", "Device Details", details(), (*api).detailDevices, pageDetails, []string{"host_name is new."}},
}

var notRead = []string{"The page of this version could not be read; it answers as its neighbour."}

var verboseInputs = []door.Field{
	{Name: "verbose.system_info", In: "body", Type: "int", About: "1 (default) for user_info, os_info and network_info; 0 leaves them out"},
	{Name: "verbose.categories", In: "body", Type: "int", Unknown: "taken, and nothing comes of it: Reeve assesses no posture"},
	{Name: "verbose.unclassified", In: "body", Type: "int", Unknown: verboseSoftware},
	{Name: "verbose.mobile_apps", In: "body", Type: "int", Unknown: verboseSoftware},
	{Name: "verbose.detected_processes", In: "body", Type: "int", Unknown: verboseSoftware},
	{Name: "verbose.detected_packages", In: "body", Type: "int", Unknown: verboseSoftware},
	{Name: "verbose.detected_patches", In: "body", Type: "int", Unknown: verboseSoftware},
}

const verboseSoftware = "taken, and nothing comes of it: Reeve takes no inventory of software"

var noDeviceCode = map[int]string{404: "no such device in this account, or a MAC address that several claim"}

var (
	pageDetailV2 = &detailPage{"Tells all that is known of one device.", []door.Field{
		{Name: "value", In: "path", Type: "string", About: "device id or MAC address, as opt says"},
		{Name: "opt", In: "query", Type: "int", About: "0 (default) a device id, 1 a MAC address: the other way round than in Device Action v2"},
	}, "", fieldsV2, noDeviceCode}
	pageDetailV30 = &detailPage{"Tells all that is known of one device.", slices.Concat([]door.Field{
		{Name: "value", In: "path", Type: "string", About: "device id or MAC address"},
	}, verboseInputs), "", fieldsV3, noDeviceCode}
	pageDetails = &detailPage{"Tells all that is known of up to 50 devices. Those that are not found are left out; the rest comes in the order of ids.", slices.Concat([]door.Field{
		{Name: "ids", In: "body", Type: "array of string", About: "1 to 50 device ids or MAC addresses, or third-party ids"},
		{Name: "opt", In: "body", Type: "int", About: "0 (default) device ids and MAC addresses, 1 third-party ids"},
	}, verboseInputs), "[].", fieldsV3, nil}
)

func (a *api) deviceDetailRoutes() []door.Route {
	var routes []door.Route
	for _, v := range deviceDetails {
		routes = append(routes, door.Route{
			Method: v.method, Path: at(v.segment, v.path), Scope: reeve.Read, Rate: "devices/detail", Serve: v.serve(a, v),
			Page: &door.Page{
				Family: "Device Details", Version: v.segment[1:], Source: v.source, About: v.page.about, Inputs: v.page.inputs,
				Answer: fieldsUnder(v.page.under, v.page.fields, v.lacks), Codes: v.page.codes, Notes: v.notes,
			},
		})
	}
	return routes
}

// detailV2 serves Device Details v2: an object.
func (a *api) detailV2(v deviceDetail) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		by, err := optDetail.inQuery(r.URL.Query())
		if err != nil {
			return err
		}
		d, err := a.findOne(r.Context(), r.Caller.Account, by, r.PathValue("value"))
		if err != nil {
			return err
		}
		return door.Write(w, http.StatusOK, a.lens(r.Account).showV2(d, v.lacks))
	}
}

// detailV3 serves Device Details v3.0 and v3.1: an object.
func (a *api) detailV3(v deviceDetail) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		body, err := r.JSON(w, smallBody)
		if err != nil {
			return err
		}
		var verbose map[string]any
		if err := (object{"verbose": &verbose}).readOptional(body); err != nil {
			return err
		}
		without, err := v.hidden(verbose)
		if err != nil {
			return err
		}
		d, err := a.findOne(r.Context(), r.Caller.Account, byIDOrMAC, r.PathValue("value"))
		if err != nil {
			return err
		}
		return door.Write(w, http.StatusOK, a.lens(r.Account).showV3(d, without))
	}
}

// maxDetails is the published bound on ids.
const maxDetails = 50

// detailDevices serves Device Details from v3.2 on: a bare array, in the order
// of ids, without those that name no device (both ours; the page does not say).
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
		without, err := v.hidden(verbose)
		if err != nil {
			return err
		}
		devices, err := a.named(r, opt, ids)
		if err != nil {
			return err
		}
		return door.Write(w, http.StatusOK, a.lens(r.Account).listV3(devices, without))
	}
}

// hidden returns what an answer lacks after the caller's wishes.
func (v deviceDetail) hidden(verbose map[string]any) (lacks, error) {
	for name, flag := range verbose {
		if flag != 0. && flag != 1. {
			return nil, reeve.Errorf(reeve.Invalid, "verbose.%.40s must be 0 or 1", name)
		}
	}
	if verbose["system_info"] == 0. {
		return slices.Concat(v.lacks, systemInfo), nil
	}
	return v.lacks, nil
}

// named returns the devices that a v3 body names by opt and ids.
func (a *api) named(r *door.Request, opt int, ids []string) ([]reeve.Device, error) {
	by, err := optV3.naming(opt)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > maxDetails {
		return nil, reeve.Errorf(reeve.Invalid, "ids must name 1 to %d devices", maxDetails)
	}
	found, err := a.find(r.Context(), r.Caller.Account, by, ids)
	return those(found), err
}
