package cmapi

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/door"
)

// A report is what one version of Get Reports offers, by the value of type.
type report struct {
	segment string
	method  string
	types   map[string]reportType
	news    string
}

// A reportType is one sort of report, and the parameter that it needs beside
// type.
type reportType struct {
	need   string
	action string // whose result it fetches; empty for a report on patches
}

var (
	agentReport = reportType{"command_id", "fetch_agent_log"}
	scanReport  = reportType{"command_id", "scan_threats"}

	patchSummary   = reportType{}
	withoutPatch   = reportType{need: "kb"}
	missingPatches = reportType{need: "id"}
)

// Source: "Get Reports" v2.0, v3.0 and v3.1 of the OAuth API manual. The v3.1
// page spells the last type both ways; OSPatchSummary is by analogy.
var reports = []report{
	{"v2", "POST", map[string]reportType{
		"OSPatchSummary": patchSummary, "DeviceMissingOSPatch": withoutPatch, "MissingOSPatch": missingPatches,
	}, "Everything is in the URL, though it is a POST; a body is not read."},
	{"v3", "GET", map[string]reportType{
		"os_patch_summary": patchSummary, "device_missing_os_patch": withoutPatch, "missing_os_patch": missingPatches, "agent_log": agentReport,
	}, "Brought agent_log; a GET, and types in lower case."},
	{"v3.1", "GET", map[string]reportType{
		"os_patch_summary": patchSummary, "device_missing_os_patch": withoutPatch, "missing_os_patch": missingPatches, "agent_log": agentReport,
		"scan_threats_log": scanReport, "scan_threat_log": scanReport,
	}, "Brought scan_threats_log, which may also be spelt scan_threat_log."},
}

// read reads which report is wanted, and the value of the parameter that it
// needs.
func (v report) read(query url.Values) (wanted reportType, value string, err error) {
	name, err := only(query, "type")
	if err != nil {
		return wanted, "", err
	}
	wanted, ok := v.types[name]
	if !ok {
		return wanted, "", reeve.Errorf(reeve.Invalid, "type must name a report of this version: %s", strings.Join(slices.Sorted(maps.Keys(v.types)), ", "))
	}
	if wanted.need == "" {
		return wanted, "", nil
	}
	if value, err = only(query, wanted.need); err != nil {
		return wanted, "", err
	}
	switch {
	case value == "" && wanted.action != "":
		err = reeve.Errorf(reeve.Invalid, "command_id is missing; send the one that Device Action answered")
	case value == "":
		err = reeve.Errorf(reeve.Invalid, "%s is missing; this report needs it", wanted.need)
	case wanted.need == "kb" && !patchNumber.MatchString(value):
		err = reeve.Errorf(reeve.Invalid, "kb must be the number of a patch, such as KB5031356")
	}
	return wanted, value, err
}

var patchNumber = regexp.MustCompile(`^(?i:kb)?[0-9]{1,10}$`)

func (v report) page() *door.Page {
	names := slices.Sorted(maps.Keys(v.types))
	page := door.Page{
		Family: "Get Reports", Version: v.segment[1:], Source: "Get Reports " + v.segment,
		About: "Fetches a report as a file, or says how far it has come.",
		Inputs: []door.Field{
			{Name: "type", In: "query", Type: "string", About: "the report: " + strings.Join(names, ", ")},
			{Name: "kb", In: "query", Type: "string", About: "number of a patch; needed by the report on devices that lack one. " + noPatches},
			{Name: "id", In: "query", Type: "string", About: "device id or MAC address; needed by the report on what a device lacks. " + noPatches},
		},
		Answer: []door.Field{
			{Name: "status", Type: "string", About: "unavailable for the reports on patches"},
			{Name: "message", Type: "string", About: "the same for people"},
			{Name: "(CSV file)", Type: "file", Unknown: "never sent: " + noPatches},
		},
		Codes: map[int]string{404: "no such device, command or report, or it is not kept any more"},
		Notes: []string{v.news, "A report on patches is checked as any other, and then answered with status unavailable: an empty table would read as no patch missing."},
	}
	if slices.Contains(names, "agent_log") {
		page.Inputs = append(page.Inputs, door.Field{Name: "command_id", In: "query", Type: "string", About: "as Device Action answered it; needed by the logs"})
		page.Answer[0].About = "pending; failed, expired, cancelled or refused, with the reason; unavailable for the reports on patches (the words are ours)"
		page.Answer = append(page.Answer, door.Field{Name: "(ZIP file)", Type: "file", About: "the log, once it is there: application/zip with Content-Disposition. It can be fetched for 30 days, settable for the account"})
	}
	return &page
}

const noPatches = "No agent of Reeve reports patches."
