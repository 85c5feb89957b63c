package proof

// A question is what to ask a route that takes names of things. Braces name
// things of another account; path are values for the route's variable.
type question struct {
	path  []string
	query string
	body  string
}

// either are the names of a device in a path.
var either = []string{"{device}", "{mac}"}

// questions are what is asked of every route that a token opens, by method and
// path with v* for the published versions. A route that takes no names of things
// is asked once, for what it tells without being asked.
var questions = map[string][]question{
	"POST /o/api/v*/devices/action": {
		{body: `{"types":"exempt","ids":["{device}","{custom}"]}`}, {body: `{"types":"delete","macs":["{mac}"]}`},
		{body: `{"types":"ignore","ids":["{printer}"]}`},
		{body: `{"types":"assign_to_group","ids":["{own}"],"params":{"group_id":"{group}"}}`},
	},
	"POST /o/api/v*/devices/{value}/action": {{path: either, query: "opt=1&types=exempt_all"}, {path: either, query: "opt=0&types=dhcprenew"}},
	"POST /o/api/v*/devices/{value}/delete": {{path: either}},
	"POST /o/api/v*/devices/delete": {
		{body: `{"opt":1,"HWID_list":["{device}"]}`}, {body: `{"opt":0,"MAC_list":["{mac}"]}`},
	},
	"POST /o/api/v*/get_reports":                 {{query: "type=MissingOSPatch&id={device}"}, {query: "type=DeviceMissingOSPatch&kb=KB1"}},
	"GET /o/api/v*/devices/search":               {{query: "q={word}&in=name"}, {query: "q=furn"}},
	"GET /o/api/v*/devices/stats":                {{query: "event=added&in=1&period=month"}, {query: "event=not_seen&in=1&period=second"}},
	"POST /o/api/v*/device_info":                 {{body: `{"ids":["{device}","{mac}"]}`}, {body: `{"opt":1,"ids":"{custom}"}`}},
	"POST /o/api/v*/devices/policy_check":        {{body: `{"opt":1,"HWID_list":["{device}"]}`}, {body: `{"opt":0,"MAC_list":["{mac}"]}`}},
	"GET /o/api/v*/devices/{value}/policy_check": {{path: either, query: "opt=0"}, {path: either, query: "opt=1"}},
	"GET /o/api/v*/devices/{value}/remediation":  {{path: append(either, "{custom}"), query: "opt=0"}, {path: append(either, "{custom}"), query: "opt=1"}},
	"POST /o/api/v*/devices/{value}/link_user":   {{path: either, query: "opt=1", body: `{"username":"x","group":"y"}`}, {path: either, body: `{"username":"x","group":"y"}`}},
	"POST /o/api/v*/get_threats":                 {{body: `{"id":"{device}"}`}, {body: `{"id":"{mac}"}`}},
	"GET /o/api/v*/account":                      {{}},
	"POST /o/api/v*/account":                     {{}},
	"GET /o/api/v*/account/policy":               {{}},
	"POST /o/api/v*/configuration":               {{body: `{"sections":["regcode"]}`}},
	"GET /o/api/v*/logs":                         {{query: "limit=50"}},
	"GET /o/api/v*/devices/status_changed":       {{query: "verbose=1"}},
	"POST /o/api/v*/devices/status_changed":      {{body: `{"verbose":1}`}},
	"GET /o/api/v*/get_reports":                  {{query: "type=agent_log&command_id={command}"}},
	"POST /o/api/v*/devices":                     {{body: `{"limit":50}`}, {body: `{"token":"{cursor}"}`}, {body: `{"filter":{"group_id":["{group}"]},"search":"{word}"}`}},
	"POST /o/api/v*/devices/detail": {
		{body: `{"ids":["{device}","{mac}"]}`}, {body: `{"opt":1,"ids":["{custom}"]}`},
	},
	"GET /o/api/v*/devices":          {{query: "limit=50"}},
	"GET /o/api/v*/devices.json":     {{query: "limit=50"}},
	"GET /o/api/v*/devices/{value}":  {{path: either, query: "opt=0"}, {path: either, query: "opt=1"}},
	"POST /o/api/v*/devices/{value}": {{path: append(either, "{custom}"), body: `{"verbose":{"system_info":1}}`}},
	"POST /o/api/v*/groups":          {{body: `{"limit":50}`}, {body: `{"search":"{word}"}`}},
	"POST /o/api/v*/logs":            {{body: `{"event_category":"device"}`}, {body: `{"event_category":"admin"}`}},

	"GET /api/v1/version":            {{}},
	"POST /api/v1/jobs":              {{body: `{"action":"exempt","ids":["{device}","{mac}"]}`}, {body: `{"action":"delete","group":"{group}"}`}},
	"GET /api/v1/jobs":               {{}, {query: "cursor={jobcursor}"}},
	"GET /api/v1/jobs/{id}":          {{path: []string{"{job}"}}},
	"GET /api/v1/jobs/{id}/commands": {{path: []string{"{job}"}}},
	"POST /api/v1/jobs/{id}/cancel":  {{path: []string{"{job}"}}},
	"POST /api/v1/jobs/{id}/pause":   {{path: []string{"{job}"}}},
	"POST /api/v1/jobs/{id}/resume":  {{path: []string{"{job}"}}},
	"POST /api/v1/jobs/{id}/retry":   {{path: []string{"{job}"}}},
	"GET /api/v1/jobs/{id}/events":   {{path: []string{"{job}"}}},
	"POST /api/v1/jobs/{id}/undo":    {{path: []string{"{job}"}}},

	"GET /api/v1/proposals":               {{}},
	"GET /api/v1/proposals/{id}":          {{path: []string{"{job}"}}},
	"POST /api/v1/proposals/{id}/approve": {{path: []string{"{job}"}}},
	"POST /api/v1/proposals/{id}/reject":  {{path: []string{"{job}"}}},
	"GET /api/v1/commands/{id}":           {{path: []string{"{command}"}}},

	"GET /api/v1/devices":                      {{}, {query: "search={word}"}, {query: "group={group}"}, {query: "cursor={devicecursor}"}},
	"POST /api/v1/devices/import":              {{body: `{"devices":[]}`}},
	"GET /api/v1/devices/export":               {{}, {query: "search={word}"}, {query: "group={group}"}},
	"POST /api/v1/devices/restore":             {{body: `{"ids":["{deleted}"]}`}},
	"PATCH /api/v1/devices/{id}":               {{path: either, body: `{"nickname":"x"}`}},
	"GET /api/v1/devices/{id}":                 {{path: []string{"{device}", "{mac}"}}},
	"GET /api/v1/devices/{id}/commands":        {{path: []string{"{device}", "{mac}"}}},
	"GET /api/v1/devices/{id}/identifications": {{path: []string{"{device}", "{mac}"}}},
	"GET /api/v1/devices/{id}/threats":         {{path: []string{"{device}", "{mac}"}}},

	"GET /api/v1/groups":         {{}, {query: "search={word}"}},
	"POST /api/v1/groups":        {{body: `{"name":""}`}},
	"PATCH /api/v1/groups/{id}":  {{path: []string{"{group}"}, body: `{"name":"taken over"}`}},
	"DELETE /api/v1/groups/{id}": {{path: []string{"{group}"}}},

	"GET /api/v1/sets":                      {{}},
	"PUT /api/v1/set-files/{digest}":        {{path: []string{"{contentdigest}"}, body: "{}"}},
	"POST /api/v1/sets":                     {{body: `{"name":"stolen","files":[{"name":"a.hsb","sha256":"{contentdigest}"}]}`}},
	"DELETE /api/v1/sets/{name}/{version}":  {{path: []string{"{set}"}}},
	"GET /api/v1/agent-settings":            {{}},
	"PATCH /api/v1/agent-settings/{group}":  {{path: []string{"{group}"}, body: `{"quarantine":true}`}, {path: []string{"account"}, body: `{"set":"{set}"}`}},
	"DELETE /api/v1/agent-settings/{group}": {{path: []string{"{group}"}}},

	"GET /api/v1/apps":                {{}},
	"POST /api/v1/apps":               {{body: `{"name":""}`}},
	"PATCH /api/v1/apps/{id}":         {{path: []string{"{app}"}, body: `{"name":"taken over"}`}},
	"DELETE /api/v1/apps/{id}":        {{path: []string{"{app}"}}},
	"POST /api/v1/apps/{id}/secret":   {{path: []string{"{app}"}}},
	"GET /api/v1/operators":           {{}},
	"POST /api/v1/operators":          {{body: `{"name":""}`}},
	"PATCH /api/v1/operators/{name}":  {{path: []string{"{operator}"}, body: `{"scopes":["read"]}`}},
	"DELETE /api/v1/operators/{name}": {{path: []string{"{operator}"}}},
	"GET /api/v1/codes":               {{}},
	"POST /api/v1/codes":              {{body: `{"group":"{group}"}`}},
	"DELETE /api/v1/codes/{id}":       {{path: []string{"{code}", "{codehash}"}}},

	"GET /api/v1/accounts":          {{}},
	"POST /api/v1/accounts":         {{body: `{"name":"another"}`}},
	"PATCH /api/v1/accounts/{name}": {{path: []string{"{account}"}, body: `{"seats":1}`}},
	"GET /api/v1/account":           {{}},
	"PATCH /api/v1/account":         {{body: `{}`}},
	"GET /api/v1/log":               {{}, {query: "job={job}"}, {query: "device={device}"}},
	"GET /api/v1/log/verify":        {{}},

	"GET /api/v1/log/export": {{}, {query: "job={job}"}, {query: "device={device}"}},

	"GET /api/v1/webhook":         {{}},
	"PUT /api/v1/webhook":         {{}},
	"POST /api/v1/webhook/test":   {{}},
	"DELETE /api/v1/webhook":      {{}},
	"GET /api/v1/exports":         {{}},
	"POST /api/v1/exports":        {{}},
	"PATCH /api/v1/exports/{id}":  {{path: []string{"{export}"}, body: `{"enabled":false}`}},
	"DELETE /api/v1/exports/{id}": {{path: []string{"{export}"}}},
}
