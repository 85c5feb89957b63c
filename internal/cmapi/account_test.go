package cmapi_test

import (
	"strings"
	"testing"

	"reeve/internal/doortest"
)

// What an account counts as compliant is its own decision.
func TestAccountByStatus(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	ask := func() string { return f.Ask("GET", "/o/api/v3.1/account", "", bearer(f.Token)).Body.String() }
	f.Ask("POST", action33, `{"types":"exempt","ids":["`+f.devices["linux"].ID+`"]}`, bearer(f.Token))
	f.Ask("POST", "/o/api/v2/devices/"+f.devices["macos"].ID+"/action?opt=1&types=exempt_critical", "", bearer(f.Token))
	const rest = `{"status":"non-compliant","number_of_devices":0},{"status":"exempted","number_of_devices":1},{"status":"unknown","number_of_devices":1}]`
	if got := ask(); !strings.Contains(got, `"devices_by_status":[{"status":"compliant","number_of_devices":0},`+rest) {
		t.Errorf("%s", got)
	}
	account := f.Account()
	account.Settings.Unassessed = "compliant"
	f.check(t, f.SetAccount(account))
	if got := ask(); !strings.Contains(got, `"devices_by_status":[{"status":"compliant","number_of_devices":6},`+rest) {
		t.Errorf("%s", got)
	}
}
