package api

import (
	"encoding/json"
	"strings"
	"time"

	"reeve/client"
	"reeve/internal/door"
)

// A shape is what the description of the API says of a route beyond its page.
type shape struct {
	// name is that of the operation, and of the method of client.Client that asks
	// for it.
	name string
	// takes and gives have the Go types of the body and of the answer; nil is none.
	// What takes holds is the example of the body.
	takes, gives any
	// mayLack says that the body may be missing.
	mayLack bool
	// sends is the media type of a body that is not JSON.
	sends string
	// lines have the Go types of the lines, or events, of an answer that is not one
	// JSON value, by media type. Nil is a line of text.
	lines map[string][]any
}

const exampleID = "457ac212e662c72014062690ef67cc4b"

// shapes are those of all routes, by method and path. A test sees to it that
// none is missing and that the types are those of the server's answers.
var shapes = map[string]shape{
	"GET /version":      {name: "ServerVersion", gives: client.Version{}},
	"GET /openapi.json": {name: "OpenAPI", gives: object{}},

	"POST /jobs":                   {name: "Place", takes: client.Order{Action: "fetch_agent_log", IDs: []string{exampleID}, Terms: client.Terms{Comment: "support case"}}, gives: client.Placement{}},
	"GET /jobs":                    {name: "Jobs", gives: client.List[client.Job]{}},
	"GET /jobs/{id}":               {name: "Job", gives: client.Job{}},
	"POST /jobs/{id}/cancel":       {name: "Cancel", gives: client.Job{}},
	"POST /jobs/{id}/pause":        {name: "Pause", gives: client.Job{}},
	"POST /jobs/{id}/resume":       {name: "Resume", gives: client.Job{}},
	"POST /jobs/{id}/retry":        {name: "Retry", mayLack: true, takes: client.Retry{States: []string{"failed", "expired"}}, gives: client.Placement{}},
	"POST /jobs/{id}/undo":         {name: "Undo", mayLack: true, takes: client.Undo{Terms: client.Terms{Comment: "by mistake"}}, gives: client.Placement{}},
	"GET /proposals":               {name: "Proposals", gives: client.List[client.Proposal]{}},
	"GET /proposals/{id}":          {name: "Proposal", gives: client.Proposal{}},
	"POST /proposals/{id}/approve": {name: "Approve", mayLack: true, takes: client.Decision{Reason: "as agreed"}, gives: client.Proposal{}},
	"POST /proposals/{id}/reject":  {name: "Reject", mayLack: true, takes: client.Decision{Reason: "not on a Friday"}, gives: client.Proposal{}},
	"GET /jobs/{id}/events":        {name: "Follow", lines: map[string][]any{"text/event-stream": {client.Job{}}}},

	"GET /jobs/{id}/commands":           {name: "JobCommands", gives: client.List[client.Command]{}},
	"GET /devices/{id}/commands":        {name: "DeviceCommands", gives: client.List[client.Command]{}},
	"GET /devices/{id}/identifications": {name: "Identifications", gives: client.List[client.Identification]{}},
	"GET /devices/{id}/threats":         {name: "DeviceThreats", gives: client.List[client.Threat]{}},
	"GET /commands/{id}":                {name: "Command", gives: client.Command{}},

	"GET /devices":          {name: "Devices", gives: client.List[client.Device]{}},
	"GET /devices/export":   {name: "ExportDevices", lines: map[string][]any{"text/csv": nil, "application/x-ndjson": {client.Device{}}}},
	"POST /devices/import":  {name: "Import", takes: client.Import{Devices: []client.NewDevice{{Hostname: "printer", MACs: []string{"00:0c:29:cd:c7:b2"}}}}, gives: client.Imported{}},
	"POST /devices/restore": {name: "Restore", takes: client.Restore{IDs: []string{exampleID}}, gives: client.Restored{}},
	"GET /devices/{id}":     {name: "Device", gives: client.Device{}},
	"PATCH /devices/{id}":   {name: "Describe", takes: client.Description{Nickname: new("front desk")}, gives: client.Device{}},

	"GET /groups":         {name: "Groups", gives: client.List[client.Group]{}},
	"POST /groups":        {name: "CreateGroup", takes: client.NewGroup{Name: "Lab", Description: "first floor"}, gives: client.Group{}},
	"PATCH /groups/{id}":  {name: "ChangeGroup", takes: client.GroupChange{Default: new(true)}, gives: client.Group{}},
	"DELETE /groups/{id}": {name: "RemoveGroup"},

	"GET /sets":                      {name: "Sets", gives: client.List[client.SignatureSet]{}},
	"PUT /set-files/{digest}":        {name: "StoreSetFile", sends: bytesType, gives: client.StoredFile{}},
	"POST /sets":                     {name: "CreateSet", takes: client.NewSet{Name: "daily", Files: []client.NewSetFile{{Name: "own.hsb", SHA256: strings.Repeat("0a", 32)}}}, gives: client.SignatureSet{}},
	"DELETE /sets/{name}/{version}":  {name: "RemoveSet"},
	"GET /agent-settings":            {name: "AgentSettings", gives: client.List[client.AgentSettings]{}},
	"PATCH /agent-settings/{group}":  {name: "ChangeAgentSettings", takes: client.AgentSettingsChange{Set: new("daily"), ReportNeighbours: new(true)}, gives: client.AgentSettings{}},
	"DELETE /agent-settings/{group}": {name: "RemoveAgentSettings"},

	"GET /apps":               {name: "Apps", gives: client.List[client.App]{}},
	"POST /apps":              {name: "CreateApp", takes: client.NewApp{Name: "Nightly", Scopes: []string{"read"}}, gives: client.App{}},
	"PATCH /apps/{id}":        {name: "ChangeApp", takes: client.AppChange{Description: new("reports")}, gives: client.App{}},
	"POST /apps/{id}/secret":  {name: "RenewSecret", gives: client.App{}},
	"DELETE /apps/{id}":       {name: "RevokeApp"},
	"GET /operators":          {name: "Operators", gives: client.List[client.Operator]{}},
	"POST /operators":         {name: "CreateOperator", takes: client.NewOperator{Name: "night shift", Role: "viewer"}, gives: client.Operator{}},
	"PATCH /operators/{name}": {name: "ChangeOperator", takes: client.OperatorChange{Role: new("operator")}, gives: client.Operator{}},

	"DELETE /operators/{name}": {name: "RemoveOperator"},

	"GET /codes":         {name: "Codes", gives: client.List[client.Code]{}},
	"POST /codes":        {name: "CreateCode", takes: client.NewCode{Note: "laboratory", Uses: 20, Expires: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}, gives: client.Code{}},
	"DELETE /codes/{id}": {name: "RevokeCode"},

	"GET /accounts":          {name: "Accounts", gives: client.List[client.Account]{}},
	"POST /accounts":         {name: "CreateAccount", takes: client.NewAccount{Name: "plant", Seats: 500}, gives: client.Account{}},
	"PATCH /accounts/{name}": {name: "Give", takes: client.Gift{Seats: new(int64(600))}, gives: client.Account{}},
	"GET /account":           {name: "Account", gives: client.Account{}},
	"PATCH /account":         {name: "ChangeAccount", takes: client.AccountChange{Settings: &client.SettingsChange{RestoreDays: new(int64(90))}}, gives: client.Account{}},

	"GET /log":        {name: "LogNewest", gives: client.List[client.Entry]{}},
	"GET /log/export": {name: "ExportLog", lines: map[string][]any{"application/x-ndjson": {client.Entry{}, client.LogEnd{}}}},
	"GET /log/verify": {name: "VerifyLog", gives: client.Verdict{}},

	"GET /webhook":       {name: "Webhook", gives: client.Webhook{}},
	"PUT /webhook":       {name: "SetWebhook", takes: client.WebhookSpec{URL: "https://nac.example.org/hook", APIKey: new("key"), Events: []string{"installed", "deleted"}}, gives: client.Webhook{}},
	"DELETE /webhook":    {name: "RemoveWebhook"},
	"POST /webhook/test": {name: "TestWebhook", gives: client.Reply{}},

	"GET /exports":         {name: "Exports", gives: client.List[client.Export]{}},
	"POST /exports":        {name: "CreateExport", takes: client.ExportSpec{Kind: "syslog", Name: new("siem"), Network: new("tls"), Address: new("siem.example.org:6514")}, gives: client.Export{}},
	"PATCH /exports/{id}":  {name: "ChangeExport", takes: client.ExportSpec{Enabled: new(false)}, gives: client.Export{}},
	"DELETE /exports/{id}": {name: "RemoveExport"},
}

// An apiError is the body of every refusal, as package door writes it.
type apiError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	RequestID   string `json:"request_id"`
}

var errorFields = []door.Field{
	{Name: "error", Type: "string", About: "a word for programs"},
	{Name: "error_description", Type: "string", About: "a sentence for people"},
	{Name: "request_id", Type: "string", About: "finds the request in the server's log"},
}

// exampleOf is a value as decoded JSON.
func exampleOf(v any) any {
	var out any
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		panic(err) // only the values above are given
	}
	return out
}
