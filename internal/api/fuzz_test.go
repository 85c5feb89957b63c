package api_test

import (
	"strings"
	"testing"

	"reeve"
	"reeve/internal/doortest"
)

// FuzzBodies looks for a body that breaks the server: every answer is a success
// or says what the caller did wrong, and keeps to docs/api/openapi.json.
func FuzzBodies(f *testing.F) {
	routes := []string{
		"POST /jobs", "POST /devices/import", "POST /devices/restore", "PATCH /devices/{device}", "POST /groups", "POST /codes",
		"PATCH /account", "PATCH /accounts/default", "POST /apps", "POST /operators", "POST /exports", "PUT /webhook",
	}
	for _, seed := range []string{
		`{"action":"exempt","macs":["00:0c:29:00:00:01"],"params":{"exempt_time":24},"dry_run":true,"comment":"c","offline":"skip"}`,
		`{"devices":[{"hostname":"a","macs":["00-0c-29-00-00-02"]}],"dry_run":true}`, `{"ids":["a"]}`, `{"nickname":"x","custom_id":"y"}`,
		`{"name":"Lab","description":"d"}`, `{"note":"n","agent_kind":"persistent","uses":2,"expires":"2030-01-01T00:00:00Z"}`,
		`{"seats":-1,"settings":{"keep_log_days":1}}`, `{"name":"a","scopes":["read"],"redirect_uris":["https://app.example/back"]}`,
		`{"name":"s","kind":"syslog","syslog":{"address":"udp://127.0.0.1:514"}}`, `{"name":"w","url":"https://[::1]/","api_key":"k"}`,
		`[]`, `{`, `{"name":null}`, `{"name":"\ud800\u0000"}`, `{"seats":1e999}`,
	} {
		for i := range routes {
			f.Add(byte(i), seed)
		}
	}
	h := doortest.Open(f, doortest.Options{})
	device := h.Enrol("pc", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:01")
	f.Fuzz(func(t *testing.T, route byte, body string) {
		method, path, _ := strings.Cut(routes[int(route)%len(routes)], " ")
		path = strings.Replace(path, "{device}", device.ID, 1)
		got := h.Ask(method, "/api/v1"+path, body, "Authorization: Bearer "+h.Token)
		if got.Code >= 500 {
			t.Fatalf("%s %s %q: %d %s", method, path, body, got.Code, got.Body)
		}
	})
}
