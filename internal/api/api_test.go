package api_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"reeve"
	"reeve/client"
	"reeve/internal/api"
	"reeve/internal/doortest"
)

// A room is a server and how to ask it.
type room struct {
	*doortest.House
	t *testing.T
}

func open(t *testing.T) room { return room{doortest.Open(t, doortest.Options{}), t} }

// ask makes a request and decodes its answer into v, unless that is nil.
func (r room) ask(method, path, body string, want int, v any) {
	r.t.Helper()
	got := r.askAs(r.Token, method, path, body)
	if got.Code != want {
		r.t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, got.Code, want, got.Body)
	}
	if v != nil {
		if err := json.Unmarshal(got.Body.Bytes(), v); err != nil {
			r.t.Fatalf("%s %s: %v in %s", method, path, err, got.Body)
		}
	}
}

func (r room) askAs(token, method, path, body string) *httptest.ResponseRecorder {
	return r.Ask(method, "/api/v1"+path, body, "Authorization: Bearer "+token)
}

func TestRoutesAreGuarded(t *testing.T) {
	own := api.Routes(api.Config{})
	if own.QueryToken {
		t.Error("a token in the query is taken; the published API alone needs that")
	}
	for _, r := range own.Routes {
		if r.Path == "/api/v1/openapi.json" {
			continue
		}
		name := r.Method + " " + r.Path
		if r.Scope == "" || r.Rate != "own" || r.Credentials {
			t.Errorf("%s: scope %q, rate class %q", name, r.Scope, r.Rate)
		}
		if (r.Method == "GET") != (r.Verb == "") {
			t.Errorf("%s: verb %q", name, r.Verb)
		}
	}
}

func TestRoutesAskForATokenAndItsScope(t *testing.T) {
	r := open(t)
	tokens := map[reeve.Scope]string{}
	for _, scope := range []reeve.Scope{reeve.Read, reeve.Write, reeve.Admin} {
		tokens[scope] = r.AppToken(string(scope), false, scope)
	}
	for _, route := range api.Routes(api.Config{}).Routes {
		if route.Path == "/api/v1/openapi.json" {
			continue
		}
		if got := r.Ask(route.Method, route.Path, "{}"); got.Code != 401 {
			t.Errorf("%s %s without a token: %d", route.Method, route.Path, got.Code)
		}
		for scope, token := range tokens {
			got := r.Ask(route.Method, route.Path, "{}", "Authorization: Bearer "+token)
			if (got.Code == 403) != (scope != route.Scope) && !strings.Contains(got.Body.String(), "manage accounts") {
				t.Errorf("%s %s with scope %s: %d %s", route.Method, route.Path, scope, got.Code, got.Body)
			}
		}
	}
}

func TestBadRequests(t *testing.T) {
	r := open(t)
	for _, tt := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/jobs", ``, 400},
		{"POST", "/jobs", `[]`, 400},
		{"POST", "/jobs", `{"action":"exempt","all":true} {}`, 400},
		{"POST", "/jobs", `{"action":"exempt","all":true,"dryrun":true}`, 400},
		{"POST", "/jobs", `{"action":"exempt"}`, 400},
		{"POST", "/jobs", `{"action":"exempt","all":true,"group":"` + strings.Repeat("0", 32) + `"}`, 400},
		{"POST", "/jobs", `{"action":"nonsense","all":true}`, 400},
		{"POST", "/jobs", `{"action":"exempt","all":true,"params":{"exempt_tme":24}}`, 400},
		{"POST", "/jobs", `{"action":"unexempt","all":true,"params":{"exempt_time":24}}`, 400},
		{"POST", "/jobs", `{"action":"retire","all":true}`, 400},
		{"POST", "/jobs", `{"action":"exempt","all":true,"offline":"maybe"}`, 400},
		{"POST", "/jobs", `{"action":"exempt","all":true,"deliver_within":-1}`, 400},
		{"POST", "/jobs", `{"action":"exempt","group":"` + strings.Repeat("0", 32) + `"}`, 404},
		{"GET", "/jobs?limit=0", ``, 400},
		{"GET", "/jobs?limit=501", ``, 400},
		{"GET", "/jobs?colour=red", ``, 400},
		{"GET", "/jobs?cursor=nonsense", ``, 400},
		{"GET", "/jobs/nonsense", ``, 404},
		{"GET", "/jobs/0000000000000001", ``, 404},
		{"GET", "/jobs/0000000000000001/commands", ``, 404},
		{"GET", "/jobs/0000000000000001/commands?state=dead", ``, 400},
		{"POST", "/jobs/0000000000000001/cancel", ``, 404},
		{"POST", "/jobs/0000000000000001/pause", ``, 404},
		{"GET", "/commands/nonsense", ``, 404},
		{"GET", "/devices/nonsense", ``, 404},
		{"GET", "/devices/00:00:00:00:00:01", ``, 404},
		{"GET", "/devices?standing=lost", ``, 400},
		{"POST", "/devices/import", `{"devices":[]}`, 400},
		{"POST", "/devices/import", `{"devices":[{"hostname":"a","macs":["b"]}]}`, 400},
		{"POST", "/groups", `{"name":""}`, 400},
		{"POST", "/groups", `{"name":"Default"}`, 409},
		{"PATCH", "/groups/nonsense", `{"name":"x"}`, 404},
		{"DELETE", "/groups/nonsense", ``, 404},
		{"POST", "/apps", `{"name":"x","scopes":["everything"]}`, 400},
		{"POST", "/apps", `{"name":"x"}`, 400},
		{"POST", "/apps", `{"name":"x","scopes":["read"],"redirect_uris":["http://example.org/"]}`, 400},
		{"GET", "/apps?sort=colour", ``, 400},
		{"GET", "/apps?limit=1", ``, 400},
		{"PATCH", "/apps/nonsense", `{"name":"x"}`, 404},
		{"PATCH", "/apps/nonsense", `{"cli":true}`, 400},
		{"POST", "/apps/nonsense/secret", ``, 404},
		{"DELETE", "/apps/nonsense", ``, 404},
		{"GET", "/operators?search=x", ``, 400},
		{"POST", "/operators", `{"name":"admin","scopes":["read"]}`, 409},
		{"POST", "/operators", `{"name":"x","scopes":["read"],"password":"short"}`, 400},
		{"POST", "/operators", `{"name":"x"}`, 400},
		{"PATCH", "/operators/nobody", `{"scopes":["read"]}`, 404},
		{"PATCH", "/operators/admin", `{"provider_name":"` + strings.Repeat("x", 256) + `"}`, 400},
		{"PATCH", "/operators/admin", `{"scopes":["read"]}`, 409},
		{"PATCH", "/operators/admin", `{"name":"boss"}`, 400},
		{"DELETE", "/operators/nobody", ``, 404},
		{"DELETE", "/operators/admin", ``, 409},
		{"POST", "/codes", `{"agent_kind":"robot"}`, 400},
		{"POST", "/codes", `{"expires":"2001-01-01T00:00:00Z"}`, 400},
		{"DELETE", "/codes/nonsense", ``, 404},
		{"PATCH", "/account", `{"seats":-1}`, 400},
		{"PATCH", "/account", `{"balance":1}`, 400},
		{"PATCH", "/account", `{"seats":null}`, 400},
		{"PATCH", "/account", `{"settings":{"restore_days":-1}}`, 400},
		{"PATCH", "/account", `{"settings":{"unassessed":"fine"}}`, 400},
		{"PATCH", "/accounts/nobody", `{"seats":1}`, 404},
		{"POST", "/jobs", `{"action":"exempt","all":true,"dry_run":null}`, 400},
		{"POST", "/jobs", `{"action":"exempt","ids":[null]}`, 400},
		{"GET", "/log?after=x", ``, 400},
		{"GET", "/log?wait=forever", ``, 400},
		{"GET", "/log?since=yesterday", ``, 400},
		{"GET", "/log?job=nonsense", ``, 400},
		{"PUT", "/jobs", `{}`, 405},
		{"GET", "/nothing", ``, 404},
	} {
		got := r.askAs(r.Token, tt.method, tt.path, tt.body)
		var body struct {
			Error string `json:"error"`
		}
		if err := json.Unmarshal(got.Body.Bytes(), &body); got.Code != tt.want || err != nil || body.Error == "" {
			t.Errorf("%s %s %s: %d, want %d: %s", tt.method, tt.path, tt.body, got.Code, tt.want, got.Body)
		}
	}
}

func TestPlaceAndSource(t *testing.T) {
	r := open(t)
	linux := r.Enrol("linux", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:04")
	var placed client.Placement
	body := fmt.Sprintf(`{"action":"dhcprenew","ids":[%q,"nobody"],"comment":"why"}`, linux.ID)
	r.ask("POST", "/jobs", body, 201, &placed)
	if placed.Job == nil || placed.Job.Source != "api" || placed.Job.Comment != "why" || placed.Job.Open != 1 || len(placed.Outcomes) != 2 {
		t.Fatalf("%+v", placed)
	}
	if one := placed.Outcomes[0]; one.Status != 1 || one.Device != linux.ID || one.Command == "" {
		t.Errorf("the device's outcome: %+v", one)
	}
	if one := placed.Outcomes[1]; one.Status != 0 || one.Reason != "not_found" || one.Command != "" {
		t.Errorf("nobody's outcome: %+v", one)
	}
	got := r.askAs(r.AppToken("terminal", true, reeve.Write), "POST", "/jobs", `{"action":"exempt","all":true}`)
	if !strings.Contains(got.Body.String(), `"source":"cli"`) {
		t.Errorf("a credential of the command line: %s", got.Body)
	}
	var dry client.Placement
	if r.ask("POST", "/jobs", `{"action":"ignore","all":true,"dry_run":true}`, 200, &dry); dry.Job != nil || dry.Tally["standing"] != 1 ||
		len(dry.Excluded) != 1 || dry.Excluded[0].Device != linux.ID || dry.Excluded[0].Hostname != "linux" || dry.Excluded[0].Reason != "standing" || dry.Excluded[0].Why == "" {
		t.Errorf("a dry run: %+v", dry)
	}
	if r.ask("POST", "/jobs", `{"action":"exempt","all":true,"dry_run":true}`, 200, &dry); dry.Tally[client.Applies] != 1 {
		t.Errorf("a dry run that applies: %+v", dry)
	}
}

// What is wrong is told by its name in this API.
func TestSentences(t *testing.T) {
	r := open(t)
	for body, want := range map[string]string{
		`{"action":"exempt","all":true,"params":{"exempt_tme":24}}`:           `exempt has no parameter \"exempt_tme\"; it has exempt_time`,
		`{"action":"nonsense","all":true}`:                                    `there is no action \"nonsense\"; see the reference of Device Action`,
		`{"action":"exempt"}`:                                                 `ids or macs (or, on Reeve's own API, group, all or filter)`,
		`{"action":"dhcprenew","all":true,"deliver_within":315360001}`:        `deliver_within must be a number of seconds from 1 to 315360000`,
		`{"action":"assign_to_group","all":true,"params":{"group_id":false}}`: `group_id must be the id of a group, or default`,
	} {
		if got := r.askAs(r.Token, "POST", "/jobs", body); got.Code != 400 || !strings.Contains(got.Body.String(), want) {
			t.Errorf("%s: %d %s, want %s", body, got.Code, got.Body, want)
		}
	}
	if got := r.askAs(r.Token, "GET", "/jobs?cursor=x", ""); !strings.Contains(got.Body.String(), `"cursor is not one`) {
		t.Errorf("a bad cursor: %s", got.Body)
	}
}

func TestWaitingForAJob(t *testing.T) {
	r := open(t)
	linux := r.Enrol("linux", reeve.Persistent, reeve.Linux, "26.11.0.0", "00:0c:29:00:00:04")
	var placed client.Placement
	r.ask("POST", "/jobs", `{"action":"dhcprenew","all":true}`, 201, &placed)
	job := "/jobs/" + placed.Job.ID
	var same client.Job
	if r.ask("GET", job+"?wait=10ms&open=1", "", 200, &same); same.Open != 1 {
		t.Errorf("with nothing new: %+v", same)
	}
	var commands client.List[client.Command]
	r.ask("GET", job+"/commands", "", 200, &commands)
	done := make(chan client.Job)
	go func() {
		var j client.Job
		json.Unmarshal(r.askAs(r.Token, "GET", job+"?wait=30s&open=1", "").Body.Bytes(), &j)
		done <- j
	}()
	r.Report(linux, commands.Items[0].ID, reeve.Report{State: reeve.Succeeded, Message: "renewed", Result: json.RawMessage(`{"interfaces":[]}`)})
	if j := <-done; j.Open != 0 || j.Counts["succeeded"] != 1 {
		t.Errorf("after the report: %+v", j)
	}
	var one client.Command
	if r.ask("GET", "/commands/"+commands.Items[0].ID, "", 200, &one); one.Message != "renewed" || string(one.Result) != `{"interfaces":[]}` {
		t.Errorf("the command: %+v", one)
	}
	if r.ask("GET", job+"/commands?state=failed&state=expired", "", 200, &commands); len(commands.Items) != 0 {
		t.Errorf("commands in other states: %+v", commands)
	}
	var history client.List[client.Command]
	if r.ask("GET", "/devices/"+linux.ID+"/commands", "", 200, &history); len(history.Items) != 1 || history.Items[0].ID != one.ID {
		t.Errorf("the device's commands: %+v", history)
	}
}
