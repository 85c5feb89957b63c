package cmapi

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"reeve"
	"reeve/internal/door"
)

// A statusChange is one version of Status Change.
type statusChange struct {
	method, segment string
	source, about   string
	most, otherwise int // bound and default of limit
	read            func(v statusChange, r *door.Request, body []byte, want *changeRequest) error
	show            func(l lens, devices []reeve.Device, verbose bool) any
	inputs, answer  []door.Field
	codes           map[int]string
	notes           []string
}

// maxChanged is how many devices the version without pages answers at most.
const maxChanged = 10_000

var statusChanges = []statusChange{
	{"GET", "v2.1", "Status Change v2.1", "Tells which devices changed their status of late.", maxChanged, maxChanged,
		readChangesV2, showChangesV2, changeInputsV2, changeAnswerV2,
		map[int]string{413: "more than 10,000 devices changed; ask for a smaller age"}, []string{changeNote, macsNote}},
	{"POST", "v3", "Status Change", "Tells which devices changed their status of late, a page by number.", maxPaged, 20,
		readChangesV3, showChangesV3, changeInputsV3, changeAnswerV3, pageCodes, []string{changeNote}},
}

const (
	changeNote = "A device has changed that was enrolled, exempted or unexempted, whose exemption ended, that was ignored or unignored, deleted or restored, or that got a seat of the licence. It comes once, as it is now, in order of its record."
	macsNote   = "The page says mac_address where an existing client reads mac_addresses; both are there."
)

// What the log says of devices whose status changed, and the actions that change it.
var (
	changeEvents  = []string{"device_enrolled", "device_enrolled_duplicate_mac", "exemptions_ended", "devices_licensed", "devices_restored"}
	changeActions = []string{"exempt", "exempt_critical", "unexempt", "ignore", "unignore", "delete", "archive"}
)

func (a *api) statusChangeRoutes() []door.Route {
	var routes []door.Route
	for _, v := range statusChanges {
		routes = append(routes, door.Route{
			Method: v.method, Path: at(v.segment, "devices/status_changed"), Scope: reeve.Read, Rate: "devices/status_changed", Serve: a.listChanges(v),
			Page: &door.Page{Family: "Status Change", Version: v.segment[1:], Source: v.source, About: v.about,
				Inputs: v.inputs, Answer: v.answer, Codes: v.codes, Notes: v.notes},
		})
	}
	return routes
}

// A changeRequest is what a caller wants to know.
type changeRequest struct {
	reeve.ChangeQuery
	age     int
	verbose int
}

func (a *api) listChanges(v statusChange) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		body, err := r.JSON(w, smallBody)
		if err != nil {
			return err
		}
		want, err := v.ask(r, body)
		if err != nil {
			return err
		}
		want.Since = a.Now().Add(-time.Duration(want.age) * time.Second)
		devices, err := a.Devices.ChangedDevices(r.Context(), r.Caller.Account, want.ChangeQuery)
		if err != nil {
			return err
		}
		switch {
		case len(devices) == 0 && want.Page > 1:
			return errBeyond(want.Page)
		case len(devices) > v.most:
			return reeve.Errorf(reeve.TooLarge, "more than %d devices changed their status; ask for a smaller age", v.most)
		}
		return door.Write(w, http.StatusOK, v.show(a.lens(r.Account), devices, want.verbose == 1))
	}
}

// ask reads what a request wants.
func (v statusChange) ask(r *door.Request, body []byte) (changeRequest, error) {
	want := changeRequest{age: maxLogAge, ChangeQuery: reeve.ChangeQuery{
		Events: changeEvents, Actions: changeActions, Limit: v.otherwise, Page: 1}}
	if err := v.read(v, r, body, &want); err != nil {
		return want, err
	}
	switch {
	case want.age < 0 || want.age > maxLogAge:
		return want, reeve.Errorf(reeve.Invalid, "age must be 0 to %d seconds", maxLogAge)
	case want.verbose != 0 && want.verbose != 1:
		return want, reeve.Errorf(reeve.Invalid, "verbose must be 0 or 1")
	}
	return want, nil
}

// The systems that os_type of v2.1 selects. Devices whose system nobody knows
// are with the default.
var osTypes = map[string][]reeve.System{
	"":                {reeve.OtherSystem, reeve.Windows, reeve.MacOS},
	"win_or_mac":      {reeve.OtherSystem, reeve.Windows, reeve.MacOS},
	"linux_or_mobile": {reeve.Linux, reeve.IOS, reeve.Android},
}

func readChangesV2(v statusChange, r *door.Request, _ []byte, want *changeRequest) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return reeve.Errorf(reeve.Invalid, "the query is malformed").Because(err)
	}
	if want.age, err = number(query, "age", want.age); err != nil {
		return err
	}
	if want.verbose, err = number(query, "verbose", 0); err != nil {
		return err
	}
	kind, err := only(query, "os_type")
	if err != nil {
		return err
	}
	systems, known := osTypes[kind]
	if !known {
		return reeve.Errorf(reeve.Invalid, "os_type must be win_or_mac or linux_or_mobile")
	}
	want.Systems, want.Limit = systems, v.most+1 // one more than may be: it tells of too many
	return nil
}

func readChangesV3(v statusChange, _ *door.Request, body []byte, want *changeRequest) error {
	err := object{"age": &want.age, "verbose": &want.verbose, "limit": &want.Limit, "page": &want.Page}.readOptional(body)
	if err != nil {
		return err
	}
	return checkPage(want.Limit, want.Page, v.most)
}

// changedV2 is a device in the answer of v2.1.
type changedV2 struct {
	HWID         string   `json:"hwid"`
	Hostname     string   `json:"hostname"`
	Status       int      `json:"status"`
	MACAddress   []string `json:"mac_address,omitempty"`
	MACAddresses []string `json:"mac_addresses,omitempty"`
}

// showChangesV2 shapes the answer of v2.1. A deleted device has no agent.
func showChangesV2(l lens, devices []reeve.Device, verbose bool) any {
	out := make([]changedV2, len(devices))
	for i, d := range devices {
		out[i] = changedV2{HWID: d.ID, Hostname: d.Hostname, Status: numbersV2[unknown]}
		if d.Class.Standing != reeve.Archived {
			out[i].Status = numbersV2[l.posture(d)]
		}
		if verbose || out[i].Status == numbersV2[unknown] {
			out[i].MACAddress = macsOf(d)
			out[i].MACAddresses = out[i].MACAddress
		}
	}
	return struct {
		Devices []changedV2 `json:"devices"`
	}{out}
}

// changedV3 is a device in the short answer of v3, and a deleted one in both.
type changedV3 struct {
	DeviceID     string   `json:"device_id"`
	DeviceName   string   `json:"device_name,omitempty"`
	MACAddresses []string `json:"mac_addresses"`
	Status       string   `json:"status,omitempty"`
	DeletedAt    string   `json:"deleted_at,omitempty"`
}

func showChangesV3(l lens, devices []reeve.Device, verbose bool) any {
	out := struct {
		Monitored []any       `json:"monitored_devices"`
		Deleted   []changedV3 `json:"deleted_devices"`
	}{[]any{}, []changedV3{}}
	for _, d := range devices {
		short := changedV3{DeviceID: d.ID, DeviceName: d.Hostname, MACAddresses: macsOf(d)}
		switch {
		case d.Class.Standing == reeve.Archived:
			short.DeletedAt = timestamp(d.ArchivedAt)
			out.Deleted = append(out.Deleted, short)
		case verbose:
			out.Monitored = append(out.Monitored, l.showV3(d, nil))
		default:
			short.Status = wordsV3[l.posture(d)]
			out.Monitored = append(out.Monitored, short)
		}
	}
	return out
}

func macsOf(d reeve.Device) []string {
	macs := make([]string, len(d.MACs))
	for i, mac := range d.MACs {
		macs[i] = mac.String()
	}
	return macs
}

// For the reference.
var (
	changeInputsV2 = []door.Field{
		{Name: "age", In: "query", Type: "int", About: "seconds before now, 0 to 86400; default 86400"},
		{Name: "verbose", In: "query", Type: "int", About: "1 for the MAC addresses of every device; default 0"},
		{Name: "os_type", In: "query", Type: "string", About: "win_or_mac (default) or linux_or_mobile; a device of unknown system is with the first"},
	}
	changeAnswerV2 = []door.Field{
		{Name: "devices[].hwid", Type: "string", About: "device id"},
		{Name: "devices[].hostname", Type: "string", Ours: true},
		{Name: "devices[].status", Type: "int", About: "0 compliant, 1 not, 2 without an agent or deleted, 3 still sending"},
		{Name: "devices[].mac_address", Type: "array of string", About: "only if status is 2 or with verbose"},
		{Name: "devices[].mac_addresses", Type: "array of string", About: "the same"},
	}
	changeInputsV3 = []door.Field{
		{Name: "age", In: "body", Type: "int", About: "seconds before now, 0 to 86400; default 86400"},
		{Name: "verbose", In: "body", Type: "int", About: "1 for all that Get Devices tells of a device; default 0"},
		{Name: "limit", In: "body", Type: "int", About: "devices on a page, 1 to 50; default 20"},
		{Name: "page", In: "body", Type: "int", About: "number of the page, from 1; default 1"},
	}
	changeAnswerV3 = slices.Concat([]door.Field{
		{Name: "deleted_devices[].device_id", Type: "string", Ours: true, About: "of those on this page that were deleted"},
		{Name: "deleted_devices[].device_name", Type: "string", Ours: true},
		{Name: "deleted_devices[].mac_addresses", Type: "array of string", Ours: true},
		{Name: "deleted_devices[].deleted_at", Type: "string", Ours: true, About: "RFC 3339, UTC"},
		{Name: "monitored_devices[].mac_addresses", Type: "array of string", Ours: true, About: "without verbose"},
	}, fieldsUnder("monitored_devices[].", fieldsV3, nil))
)
