package cmapi

import (
	"net/http"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/door"
)

// An accountDetail is what one version of Account Details does differently.
type accountDetail struct {
	segment, method string
	members         []string // what it has beside the members of all versions
	scores          []string // values of score_type; none if it has no body
	news            string
}

// Source: "Account Details" v2.0, v3.0, v3.1 and v3.2 of the OAuth API manual.
var accountDetails = []accountDetail{
	{"v2", "GET", []string{"devices_uncompliant", "devices_critical", "devices_issues"}, nil, ""},
	{"v3", "GET", []string{"devices_uncompliant", "devices_critical", "devices_issues", "devices_unknown", "license_key"}, nil,
		"Brought devices_unknown and license_key."},
	{"v3.1", "GET", []string{"license_key", "devices_by_status", "devices_by_issue_severity", "devices_by_vulnerability_severity"}, nil,
		"Counts by status in the place of single counters."},
	{"v3.2", "POST", []string{"license_key", "devices_by_status", "devices_by_issue_severity", "devices_by_vulnerability_severity"},
		[]string{"opswat_score", "cvss2_score", "cvss3_score"}, "A POST, with score_type."},
}

// accountFields are the published members of all versions for the reference.
var accountFields = []door.Field{
	{Name: "name", Type: "string"},
	{Name: "email", Type: "string", Unknown: "left out: accounts of Reeve have no address"},
	{Name: "last_login", Type: "string", Unknown: "left out: an account does not sign in; its operators do, and the log has that"},
	{Name: "date_created", Type: "string", About: "RFC 3339, UTC"},
	{Name: "devices_allowed", Type: "int", About: "seats; 0 where there is no limit (ours)"},
	{Name: "devices_used", Type: "int", About: "managed devices, each of which has a seat"},
	{Name: "devices_uncompliant", Type: "int", About: "0: Reeve judges no device non-compliant"},
	{Name: "devices_critical", Type: "int", Unknown: noAssessment},
	{Name: "devices_issues", Type: "int", Unknown: noAssessment},
	{Name: "devices_unknown", Type: "int", About: "devices without an agent that nobody ignored"},
	{Name: "license_key", Type: "string", About: "names the account to the outside, 32 hex digits"},
	{Name: "devices_by_status", Type: "array of object", About: "compliant, non-compliant, exempted and unknown. Managed devices that are not exempt are compliant where the account's setting unassessed counts them so, and otherwise in none of these; non-compliant is 0, since Reeve judges no device so"},
	{Name: "devices_by_status[].status", Type: "string"},
	{Name: "devices_by_status[].number_of_devices", Type: "int"},
	{Name: "devices_by_issue_severity", Type: "array of object", Unknown: noAssessment},
	{Name: "devices_by_vulnerability_severity", Type: "array of object", Unknown: "left out: Reeve has no catalogue of vulnerabilities"},
}

// accountMembers are those that every version has.
var accountMembers = []string{"name", "email", "last_login", "date_created", "devices_allowed", "devices_used"}

func (a *api) accountRoutes() []door.Route {
	var routes []door.Route
	for _, v := range accountDetails {
		routes = append(routes, door.Route{
			Method: v.method, Path: at(v.segment, "account"), Scope: reeve.Read, Rate: "account", Serve: a.detailAccount(v), Page: v.page(),
		})
	}
	return routes
}

func (v accountDetail) page() *door.Page {
	var lacking lacks
	for _, f := range accountFields {
		if !v.has(f.Name) {
			lacking = append(lacking, f.Name)
		}
	}
	page := door.Page{
		Family: "Account Details", Version: v.segment[1:], Source: "Account Details " + v.segment,
		About: "Tells of the account that the token belongs to, and how many devices it has.", Inputs: door.None,
		Answer: fieldsUnder("", accountFields, lacking),
	}
	if v.scores != nil {
		page.Inputs = []door.Field{{Name: "score_type", In: "body", Type: "string",
			Unknown: "opswat_score (default), cvss2_score or cvss3_score; nothing comes of it, since Reeve scores no vulnerabilities"}}
	}
	if v.news != "" {
		page.Notes = []string{v.news}
	}
	return &page
}

func (v accountDetail) has(member string) bool {
	return slices.Contains(accountMembers, member) || slices.Contains(v.members, member)
}

// accountShape is an account in the answer; what Reeve does not know is left out.
type accountShape struct {
	Name               string        `json:"name"`
	DateCreated        string        `json:"date_created"`
	DevicesAllowed     int64         `json:"devices_allowed"`
	DevicesUsed        int64         `json:"devices_used"`
	DevicesUncompliant *int64        `json:"devices_uncompliant,omitempty"`
	DevicesUnknown     *int64        `json:"devices_unknown,omitempty"`
	LicenseKey         string        `json:"license_key,omitempty"`
	DevicesByStatus    []statusCount `json:"devices_by_status,omitempty"`
}

type statusCount struct {
	Status string `json:"status"`
	Number int64  `json:"number_of_devices"`
}

// detailAccount serves Account Details.
func (a *api) detailAccount(v accountDetail) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		if v.scores != nil {
			body, err := r.JSON(w, smallBody)
			if err != nil {
				return err
			}
			if err := v.read(body); err != nil {
				return err
			}
		}
		counts, err := a.Devices.CountDevices(r.Context(), r.Account.No)
		if err != nil {
			return err
		}
		out := accountShape{
			Name: r.Account.Name, DateCreated: timestamp(r.Account.Created),
			DevicesAllowed: r.Account.Seats, DevicesUsed: counts[reeve.Managed],
		}
		unassigned := counts[reeve.Unknown]
		if v.has("devices_uncompliant") {
			out.DevicesUncompliant = new(int64)
		}
		if v.has("devices_unknown") {
			out.DevicesUnknown = &unassigned
		}
		if v.has("license_key") {
			out.LicenseKey = r.Account.LicenseKey
		}
		if v.has("devices_by_status") {
			exempt, err := a.Devices.CountExempt(r.Context(), r.Account.No, a.Now())
			if err != nil {
				return err
			}
			var fine int64
			if a.lens(r.Account).unassessed() == compliant {
				fine = counts[reeve.Managed] - exempt
			}
			out.DevicesByStatus = []statusCount{
				{wordsV3[compliant], fine}, {"non-compliant", 0}, {wordsV3[exempted], exempt}, {wordsV3[unknown], unassigned},
			}
		}
		return door.Write(w, http.StatusOK, out)
	}
}

// read checks the body of a version that has one.
func (v accountDetail) read(body []byte) error {
	score := v.scores[0]
	if err := (object{"score_type": &score}).readOptional(body); err != nil {
		return err
	}
	if !slices.Contains(v.scores, score) {
		return reeve.Errorf(reeve.Invalid, "score_type must be one of %s", strings.Join(v.scores, ", "))
	}
	return nil
}
