package reference

import (
	"os"
	"strings"
	"testing"
)

// manual is the index of the published manual with what its pages and existing
// clients say of paths: every endpoint and version that published.md tells of in
// its sections 1 to 5 and 8.
var manual = []string{
	"POST /o/oauth/token", "GET /o/oauth/token", "POST /o/oauth2/token", "GET /o/oauth2/token", "GET /o/oauth/authorize",
	"POST /o/oauth/authorize", "GET /o/oauth2/authorize", "POST /o/oauth2/authorize", // the forms of the page, and its other spelling

	"POST /o/api/v2/devices/{id}/action", "POST /o/api/v2/devices/action",
	"POST /o/api/v3/devices/action", "POST /o/api/v3.1/devices/action", "POST /o/api/v3.2/devices/action", "POST /o/api/v3.3/devices/action",
	"POST /o/api/v2/devices/{value}/delete", "POST /o/api/v2.2/devices/{value}/delete", "POST /o/api/v2/devices/delete",
	"POST /o/api/v2/get_reports", "GET /o/api/v3/get_reports", "GET /o/api/v3.1/get_reports",

	"GET /o/api/v2/devices", "GET /o/api/v2/devices.json", "GET /o/api/v2.1/devices", "GET /o/api/v2.2/devices", "GET /o/api/v2.3/devices",
	"POST /o/api/v3/devices", "POST /o/api/v3.1/devices", "POST /o/api/v3.2/devices", "POST /o/api/v3.3/devices",
	"POST /o/api/v3.4/devices", "POST /o/api/v3.5/devices", "POST /o/api/v3.6/devices", "POST /o/api/v3.7/devices",
	"GET /o/api/v2.1/devices/search",
	"GET /o/api/v2/devices/{value}", "GET /o/api/v2.1/devices/{value}", "GET /o/api/v2.3/devices/{value}", "GET /o/api/v2.5/devices/{value}",
	"POST /o/api/v3/devices/{value}", "POST /o/api/v3.1/devices/{value}",
	"POST /o/api/v3.2/devices/detail", "POST /o/api/v3.3/devices/detail", "POST /o/api/v3.4/devices/detail", "POST /o/api/v3.5/devices/detail",
	"POST /o/api/v3.6/devices/detail", "POST /o/api/v3.7/devices/detail", "POST /o/api/v3.8/devices/detail",
	"POST /o/api/v3/device_info",
	"GET /o/api/v2.1/devices/status_changed", "POST /o/api/v3/devices/status_changed",
	"GET /o/api/v2/devices/{value}/policy_check", "GET /o/api/v2.2/devices/{value}/policy_check", "POST /o/api/v2/devices/policy_check",
	"GET /remediation/{license}/{device}/{mark}/remediation.html",
	"GET /o/api/v2/devices/{value}/remediation", "GET /o/api/v2.2/devices/{value}/remediation", "GET /o/api/v3/devices/{value}/remediation",
	"POST /o/api/v3/get_threats", "POST /o/api/v3/groups",
	"GET /o/api/v2/account", "GET /o/api/v3/account", "GET /o/api/v3.1/account", "POST /o/api/v3.2/account",
	"POST /o/api/v3/configuration", "POST /o/api/v3.1/configuration", "GET /o/api/v2/account/policy",
	"GET /o/api/v2/logs", "POST /o/api/v3/logs", "POST /o/api/v3.1/logs", "POST /o/api/v3.2/logs", "POST /o/api/v3.3/logs",
	"POST /o/api/v3/activities", "POST /o/api/v3/cves", "POST /o/api/v3.1/cves", "POST /o/api/v3.2/cves",
	"POST /o/api/v3/get_cves", "POST /o/api/v3.2/get_cves", "POST /o/api/v3/apps", "POST /o/api/v3/apps/details",
	"GET /o/api/v2/devices/stats", "POST /o/api/v2/devices/{value}/link_user",
	"POST /fusion/console/services/connection/{CONNECTION_ID}", "GET /opswat/devinfo", "GET /opswat/3/devinfo",
	"GET /o/app", "GET /o/app/register",
}

// anonymous takes the names out of a path's variables.
func anonymous(request string) string { return variables.ReplaceAllString(request, "{}") }

// TestCoverage holds the tables of routes and the list of what is not offered
// against the manual: each of its rows is in exactly one of them.
func TestCoverage(t *testing.T) {
	told := map[string]int{}
	for _, r := range parts()[0].Routes {
		told[anonymous(r.Method+" "+r.Path)]++
	}
	for _, n := range parts()[0].Absent {
		told[anonymous(requestOf(n))]++
		if n.Family == "" || n.Why == "" {
			t.Errorf("%+v leaves a cell empty", n)
		}
	}
	for _, row := range manual {
		if n := told[anonymous(row)]; n != 1 {
			t.Errorf("the manual's %s is told %d times: it must be a route or a row of cmapi.NotOffered", row, n)
		}
		delete(told, anonymous(row))
	}
	for request := range told {
		if request != "POST" && request != "none" {
			t.Errorf("%s is not in the manual: add it to the list, with what says that it exists", request)
		}
	}
}

// The table has no empty cell but the version of what has none.
func TestCoverageHasNoEmptyCell(t *testing.T) {
	for line := range strings.Lines(Pages(parts(), os.DirFS(t.TempDir()))["coverage.md"]) {
		cells := strings.Split(strings.Trim(line, "|\n"), " | ")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		for _, cell := range cells {
			if strings.TrimSpace(cell) == "" {
				t.Errorf("an empty cell: %s", line)
			}
		}
	}
}
