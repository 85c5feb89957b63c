package cmapi

import (
	"net/http"

	"reeve"
	"reeve/internal/door"
)

// A threatList is one version of Get Threats.
type threatList struct{ segment string }

// Source: "Get Threats" v3.0 of the OAuth API manual.
var threatLists = []threatList{{"v3"}}

// The two parts of the published answer, which are also the flags that ask for
// them. Reeve has the first.
const (
	scannedThreats = "antimalware_scan"
	localThreats   = "local_antimalware_threats"
)

func (a *api) threatRoutes() []door.Route {
	var routes []door.Route
	for _, v := range threatLists {
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, "get_threats"), Scope: reeve.Read, Rate: "get_threats", Serve: a.listThreats,
			Page: &door.Page{
				Family: "Get Threats", Version: v.segment[1:], Source: "Get Threats v3.0",
				About: "Lists what scans found on a device, last found first: each file once for each threat in it.",
				Inputs: []door.Field{
					{Name: "limit", In: "query", Type: "int", About: "threats on a page, 1 to 50; default 50"},
					{Name: "page", In: "query", Type: "int", About: "number of the page, from 1; default 1"},
					{Name: "id", In: "body", Type: "string", About: "device id or MAC address"},
					{Name: "verbose.antimalware_scan", In: "body", Type: "int", About: "1 (default) for what scans found; 0 leaves it out"},
					{Name: "verbose.local_antimalware_threats", In: "body", Type: "int", Unknown: "taken, and nothing comes of it: Reeve's agents do not read the findings of other programs"},
				},
				Answer: []door.Field{
					{Name: "antimalware_scan[].critical", Type: "int", Unknown: "left out: Reeve does not weigh threats"},
					{Name: "antimalware_scan[].scan_time", Type: "string", About: "when the last scan that found it was reported; RFC 3339, UTC"},
					{Name: "antimalware_scan[].file", Type: "string", About: "path on the device"},
					{Name: "antimalware_scan[].hash", Type: "string", About: "SHA-256 of the file in hex"},
					{Name: "antimalware_scan[].threat_name", Type: "string"},
					{Name: "antimalware_scan[].details[].threat_name", Type: "string"},
					{Name: "antimalware_scan[].details[].av_name", Type: "string", About: "the engine that found it"},
					{Name: "local_antimalware_threats", Type: "array of object", Unknown: "left out, as with the flag 0: Reeve's agents do not read the findings of other programs"},
				},
				Codes: map[int]string{404: noDeviceCode[404], 406: pageCodes[406], 413: pageCodes[413]},
				Notes: []string{"A threat stays in the list when a later scan does not find it again: that scan may have looked elsewhere. Deleting the device ends the list."},
			},
		})
	}
	return routes
}

// threatV3 is a threat that scans found.
type threatV3 struct {
	ScanTime   string         `json:"scan_time"`
	File       string         `json:"file"`
	Hash       string         `json:"hash"`
	ThreatName string         `json:"threat_name"`
	Details    []threatSource `json:"details"`
}

type threatSource struct {
	ThreatName string `json:"threat_name"`
	AVName     string `json:"av_name"`
}

// listThreats serves Get Threats.
func (a *api) listThreats(w http.ResponseWriter, r *door.Request) error {
	body, err := r.JSON(w, smallBody)
	if err != nil {
		return err
	}
	name, wanted, err := readThreats(body)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	limit, err := number(query, "limit", 50)
	if err != nil {
		return err
	}
	page, err := number(query, "page", 1)
	if err != nil {
		return err
	}
	if err := checkPage(limit, page, maxPaged); err != nil {
		return err
	}
	device, err := a.findOne(r.Context(), r.Caller.Account, byIDOrMAC, name)
	if err != nil {
		return err
	}
	answer := map[string]any{}
	listed := 0
	if wanted[scannedThreats] {
		threats, err := a.Threats.Threats(r.Context(), r.Caller.Account, device.No, limit, page)
		if err != nil {
			return err
		}
		listed = len(threats)
		answer[scannedThreats] = shapeThreats(threats)
	}
	if page > 1 && listed == 0 {
		return errBeyond(page)
	}
	return door.Write(w, http.StatusOK, answer)
}

// readThreats reads which device is meant and which parts are asked for.
func readThreats(body []byte) (id string, wanted map[string]bool, err error) {
	var verbose map[string]any
	if err := (object{"id": &id, "verbose": &verbose}).read(body); err != nil {
		return "", nil, err
	}
	if id == "" {
		return "", nil, reeve.Errorf(reeve.Invalid, "id is missing; send a device id or a MAC address")
	}
	wanted = map[string]bool{scannedThreats: true, localThreats: true}
	for part := range wanted {
		switch flag, given := verbose[part]; {
		case given && flag != 0. && flag != 1.:
			return "", nil, reeve.Errorf(reeve.Invalid, "verbose.%s must be 0 or 1", part)
		case given:
			wanted[part] = flag == 1.
		}
	}
	return id, wanted, nil
}

func shapeThreats(threats []reeve.Threat) []threatV3 {
	out := make([]threatV3, len(threats))
	for i, t := range threats {
		out[i] = threatV3{
			ScanTime: timestamp(t.Last), File: t.Path, Hash: t.SHA256, ThreatName: t.Signature,
			Details: []threatSource{{t.Signature, t.Engine}},
		}
	}
	return out
}
