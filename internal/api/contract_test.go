package api_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/doortest"
)

// TestMain lets every test be held to docs/api/openapi.json, and sees to it that
// they ask every route and see every success that the document promises.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if unseen := doortest.Promise().Unseen(); code == 0 && len(unseen) > 0 && flag.Lookup("test.run").Value.String() == "" {
		fmt.Printf("no test has seen\n\t%s\n", strings.Join(unseen, "\n\t"))
		code = 1
	}
	os.Exit(code)
}

// The routes that no other test asks with success.
func TestTheRest(t *testing.T) {
	r := open(t)
	pc := r.Enrol("pc", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:01")
	var placed client.Placement
	r.ask("POST", "/jobs", `{"action":"dhcprenew","ids":["`+pc.ID+`"]}`, 201, &placed)
	r.ask("POST", "/jobs/"+placed.Job.ID+"/cancel", "", 200, nil)
	r.ask("POST", "/jobs", `{"action":"scan_threats","ids":["`+pc.ID+`"],"params":{"full_scan":1}}`, 201, &placed)
	r.ask("POST", "/jobs/"+placed.Job.ID+"/pause", "", 200, nil)
	r.ask("POST", "/jobs/"+placed.Job.ID+"/resume", "", 200, nil)
	r.ask("GET", "/devices/"+pc.ID+"/threats", "", 200, nil)
	r.ask("GET", "/version", "", 200, nil)
	var group client.Group
	r.ask("POST", "/groups", `{"name":"Lab"}`, 201, &group)
	r.ask("GET", "/groups?search=lab", "", 200, nil)
	r.ask("DELETE", "/groups/"+group.ID, "", 204, nil)
	var code client.Code
	r.ask("POST", "/codes", fmt.Sprintf(`{"note":"lab","agent_kind":"persistent","uses":2,"expires":%q}`, time.Now().Add(time.Hour).Format(time.RFC3339)), 201, &code)
	r.ask("GET", "/codes", "", 200, nil)
	r.ask("DELETE", "/codes/"+code.ID, "", 204, nil)
	r.ask("GET", "/accounts", "", 200, nil)
	var app client.App
	r.ask("POST", "/apps", `{"name":"short","scopes":["read"]}`, 201, &app)
	r.ask("DELETE", "/apps/"+app.ClientID, "", 204, nil)
}

// What breaks the contract is seen: otherwise the other tests say nothing.
func TestContract(t *testing.T) {
	c := doortest.NewContract()
	group := `{"id":"` + strings.Repeat("0", 32) + `","name":"Lab","devices":0,"created":"2026-11-22T00:00:00Z","modified":"2026-11-22T00:00:00Z"`
	for _, tt := range []struct {
		method, target, sent string
		status               int
		kind, body           string
		fits                 bool
	}{
		{"POST", "/groups", `{"name":"Lab"}`, 201, "application/json", group + `}`, true},
		{"POST", "/groups", `{"name":"Lab"}`, 201, "application/json", group + `,"colour":"red"}`, false},
		{"POST", "/groups", `{"name":"Lab"}`, 201, "application/json", strings.Replace(group, "0,", `"0",`, 1) + `}`, false},
		{"POST", "/groups", `{"name":"Lab"}`, 201, "application/json", strings.Replace(group, "00:00:00Z", "0", 1) + `}`, false},
		{"POST", "/groups", `{"name":"Lab"}`, 201, "application/json", `{"name":"Lab"}`, false},
		{"POST", "/groups", `{"name":"Lab"}`, 201, "application/json", `null`, false},
		{"POST", "/groups", `{"name":"Lab"}`, 201, "text/plain", group + `}`, false},
		{"POST", "/groups", `{"name":"Lab"}`, 200, "application/json", group + `}`, false},
		{"POST", "/groups", `{"name":"Lab","colour":"red"}`, 201, "application/json", group + `}`, false},
		{"POST", "/groups", `{"name":""}`, 201, "application/json", group + `}`, false},
		{"DELETE", "/groups/x", ``, 204, "", ``, true},
		{"DELETE", "/groups/x", ``, 204, "", `{}`, false},
		{"GET", "/groups?colour=red", ``, 200, "application/json", `{"items":[]}`, false},
		{"GET", "/groups", ``, 200, "application/json", `{"items":[]}`, true},
		{"GET", "/groups", ``, 200, "application/json", `{"items":null}`, false},
		{"GET", "/groups", ``, 418, "application/json", `{}`, false},
		{"GET", "/groups", ``, 400, "application/json", `{"error":"x","error_description":"y","request_id":"z"}`, true},
		{"GET", "/groups", ``, 400, "application/json", `{"error":"x"}`, false},
		{"GET", "/log/export", ``, 200, "application/x-ndjson", `{"end":true,"lines":0,"through":0}` + "\n", true},
		{"GET", "/log/export", ``, 200, "application/x-ndjson", `{"end":true,"lines":0}` + "\n", false},
		{"GET", "/jobs/x/events", ``, 200, "text/event-stream", "event: done\ndata: {}\n\n", false},
	} {
		target, err := url.Parse("/api/v1" + tt.target)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Check(tt.method, target, []byte(tt.sent), tt.status, http.Header{"Content-Type": {tt.kind}}, []byte(tt.body))
		if (err == nil) != tt.fits {
			t.Errorf("%s %s %s, answered with %d %s: %v", tt.method, tt.target, tt.sent, tt.status, tt.body, err)
		}
	}
}
