package proof

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"reeve/client"
)

// A community agent, as a client of its protocol that knows nothing else, is a
// device like others, but for the work of agents.
func TestCommunityAgent(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	s.grant()
	call := func(method, path, body string, headers ...string) (int, map[string]any) {
		t.Helper()
		status, text, err := s.ask(t.Context(), method, path, body, headers...)
		must(t, err)
		var out map[string]any
		json.Unmarshal(text, &out)
		return status, out
	}
	const register = "/api/v2/accounts/devices/registration_code"
	const about = `{"agent_version":"0.9.1","device_name":"community-1","device_type":"desktop","os":{"family":"linux","name":"Debian GNU/Linux","version":"12"},
		"network_adapter_info":[{"description":"eth0","mac":"02:00:00:00:00:77","ipv4":["192.0.2.7"],"ipv6":[],"adapter_enabled":true}]}`
	closed, err := s.own.CreateCode(t.Context(), client.NewCode{Note: "Reeve's own agents only"})
	must(t, err)
	if status, _ := call("POST", register, about, "Gears-Auth: "+closed.Code); status != 401 {
		t.Errorf("a code that does not allow the protocol: %d", status)
	}
	status, got := call("POST", register, about, "Gears-Auth: "+s.first.RegistrationCode)
	if status != 200 {
		t.Fatalf("registering: %d %v", status, got)
	}
	id := got["device_id"].(string)
	path := "/api/v2/accounts/" + got["license_key"].(string) + "/devices/" + id
	credential := []string{"Gears-Access-Key: " + got["access_key"].(string), "Gears-Access-Token: " + got["access_token"].(string)}

	if status, _ := call("POST", path+"/ping", "{}", credential...); status != 200 {
		t.Errorf("a ping: %d", status)
	}
	if status, _ := call("PUT", path+"/report/health", `{"soh":{"os_info":[],"applications":[]},"agent_type":"persistent","hostname":"community-2","agent_version":"0.9.2"}`, credential...); status != 200 {
		t.Errorf("a health report: %d", status)
	}
	eventually(t, 20*time.Second, "the inventory shows what the agent said", func() bool {
		d, err := s.own.Device(t.Context(), id)
		must(t, err)
		return d.Online && d.Hostname == "community-2" && d.AgentVersion == "0.9.2.0" && d.Standing == "managed" && d.AgentKind == "persistent" && d.System == "linux"
	})

	// It is ordered nothing, and its record takes what records take.
	for action, want := range map[string]string{"dhcprenew": "-1", "re-identify": "-1", "fetch_agent_log": "-1", "scan_threats": "-1", "exempt": "1", "unexempt": "1"} {
		_, text, err := s.ask(t.Context(), "POST", "/o/api/v3.3/devices/action", `{"types":"`+action+`","ids":["`+id+`"],"params":{"full_scan":1}}`)
		must(t, err)
		if !strings.Contains(string(text), `"status":`+want+",") {
			t.Errorf("%s is answered with %s, want status %s", action, text, want)
		}
	}

	for range 2 {
		if status, _ := call("DELETE", path, "", credential...); status != 200 {
			t.Errorf("retiring: %d", status)
		}
	}
	if status, _ := call("POST", path+"/ping", "{}", credential...); status != 401 {
		t.Errorf("a ping after retiring: %d", status)
	}
	if _, err := s.own.Device(t.Context(), id); err == nil {
		t.Error("the retired device is still in the inventory")
	}
	for job, err := range s.own.Jobs(t.Context(), client.JobFilter{}) { // newest first
		must(t, err)
		if job.Action != "delete" || job.Source != "agent" || job.Open != 0 {
			t.Errorf("the last job is %+v; want the device's own leave, with nobody to be ordered", job)
		}
		break
	}
}
