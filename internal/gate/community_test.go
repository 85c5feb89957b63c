package gate

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"reeve"
	"reeve/internal/door"
)

const registration = `{"agent_version":"1.2.3","device_name":"bench-7","device_type":"desktop","os":{"family":"Linux","name":"Debian","version":"12"},
	"network_adapter_info":[{"description":"eth0","mac":"00-0C-29-CD-C7-B2","ipv4":["192.0.2.7"],"media_state":"up"},{"description":"tun0","mac":""}],
	"local_user":[{"name":"somebody"}]}`

// with sets headers of the protocol in the place of the signature.
func with(headers ...string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header = http.Header{"Content-Type": {"application/json"}}
		for _, line := range headers {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Set(name, value)
		}
	}
}

// registered is a community agent, as the answer to its registration made it.
func registered(t *testing.T, s *site) (path string, credential []string) {
	t.Helper()
	status, text := s.request("POST", communityRegister, []byte(registration), with("Gears-Auth: GOODCODE"))
	var got map[string]string // all four must be strings
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 || len(got) != 4 {
		t.Fatalf("registering: %d %s", status, text)
	}
	e := s.rules.enrolled[len(s.rules.enrolled)-1]
	s.rules.devices[e.Key] = reeve.Device{No: 36, ID: "id", Hostname: e.Hostname, MACs: e.MACs, Facts: e.Facts, Class: reeve.Class{Version: e.Version}}
	return "/api/v2/accounts/" + got["license_key"] + "/devices/" + got["device_id"],
		[]string{"Gears-Access-Token: " + got["access_token"], "Gears-Access-Key: " + got["access_key"]}
}

func TestCommunityAgent(t *testing.T) {
	s := open(t)
	path, credential := registered(t, s)
	e := s.rules.enrolled[0]
	if !e.Community || e.Kind != reeve.Persistent || e.System != reeve.Linux || e.Abilities != 0 || e.Hostname != "bench-7" ||
		len(e.MACs) != 1 || e.MACs[0].String() != "00:0c:29:cd:c7:b2" || e.Facts.User != "somebody" || e.Version.String() != "1.2.3.0" {
		t.Errorf("control was asked to enrol %+v", e)
	}
	if status, text := s.request("POST", path+"/ping", []byte(`{}`), with(credential...)); status != 200 || len(s.rules.heardOf) != 1 {
		t.Errorf("a ping: %d %s", status, text)
	}
	report := `{"soh":{"os_info":[],"applications":[{"name":"x"}]},"agent_type":"persistent","hostname":"bench-8","agent_version":"1.2.4"}`
	if status, text := s.request("PUT", path+"/report/health", []byte(report), with(credential...)); status != 200 || len(s.rules.met) != 1 {
		t.Fatalf("a health report: %d %s", status, text)
	}
	if m := s.rules.met[0]; m.Device != 36 || m.Hostname != "bench-8" || m.Version.String() != "1.2.4.0" || len(m.MACs) != 1 || m.Facts.User != "somebody" {
		t.Errorf("the report became %+v; what it does not tell must stay", m)
	}
	for range 2 {
		if status, text := s.request("DELETE", path, nil, with(credential...)); status != 200 {
			t.Errorf("retiring: %d %s", status, text)
		}
	}
	if len(s.rules.left) != 2 || s.rules.left[0] != e.Key {
		t.Errorf("left: %v", s.rules.left)
	}
}

func TestCommunityAgentsAreRefused(t *testing.T) {
	s := open(t)
	path, credential := registered(t, s)
	foreign := strings.Replace(path, "license", "another", 1)
	other := path[:len(path)-2] + "xx"
	enrolled := len(s.rules.enrolled)
	tests := map[string]struct {
		method, path, body string
		headers            []string
		status             int
	}{
		"no code":             {"POST", communityRegister, registration, nil, 401},
		"wrong code":          {"POST", communityRegister, registration, []string{"Gears-Auth: WRONG"}, 401},
		"endless code":        {"POST", communityRegister, registration, []string{"Gears-Auth: " + strings.Repeat("A", 100)}, 401},
		"no JSON":             {"POST", communityRegister, "hello", []string{"Gears-Auth: GOODCODE"}, 400},
		"nothing said":        {"POST", communityRegister, "{}", []string{"Gears-Auth: GOODCODE"}, 400},
		"no name":             {"POST", communityRegister, `{"os":{"family":"Linux"}}`, []string{"Gears-Auth: GOODCODE"}, 400},
		"an endless name":     {"POST", communityRegister, `{"device_name":"` + strings.Repeat("a", 254) + `","os":{"family":"Linux"}}`, []string{"Gears-Auth: GOODCODE"}, 400},
		"only a name":         {"POST", communityRegister, `{"device_name":"bench-7"}`, []string{"Gears-Auth: GOODCODE"}, 400},
		"a form":              {"POST", communityRegister, "{}", []string{"Gears-Auth: GOODCODE", "Content-Type: text/plain"}, 415},
		"no credential":       {"POST", path + "/ping", "{}", nil, 401},
		"half a credential":   {"POST", path + "/ping", "{}", credential[:1], 401},
		"another account":     {"POST", foreign + "/ping", "{}", credential, 401},
		"another device":      {"POST", other + "/ping", "{}", credential, 401},
		"another one's leave": {"DELETE", other, "", credential, 401},
		"a bad report":        {"PUT", path + "/report/health", "[]", credential, 400},
		"GET":                 {"GET", path, "", credential, 405},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if status, text := s.request(tt.method, tt.path, []byte(tt.body), with(tt.headers...)); status != tt.status {
				t.Errorf("%d %s, want %d", status, text, tt.status)
			}
		})
	}
	if len(s.rules.enrolled) != enrolled || len(s.rules.heardOf) != 0 || len(s.rules.met) != 0 || len(s.rules.left) != 0 {
		t.Error("a refused request changed something")
	}
	for key, d := range s.rules.devices {
		d.Class.Standing = reeve.Archived
		s.rules.devices[key] = d
	}
	if status, _ := s.request("POST", path+"/ping", []byte("{}"), with(credential...)); status != 401 {
		t.Errorf("a ping of a deleted device: %d", status)
	}
	for _, line := range append(credential, "x: GOODCODE") {
		if _, secret, _ := strings.Cut(line, ": "); strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestCommunityGuessesAreLimited(t *testing.T) {
	s := open(t)
	for range door.DefaultFailures {
		s.request("POST", communityRegister, []byte(registration), with("Gears-Auth: WRONG"))
	}
	if status, _ := s.request("POST", communityRegister, []byte(registration), with("Gears-Auth: GOODCODE")); status != 429 {
		t.Errorf("after too many wrong codes: %d", status)
	}
}
