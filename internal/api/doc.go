// Package api is Reeve's own API, /api/v1: what the command line needs and the
// published API lacks. It speaks JSON with the types of package client, refuses
// members and parameters that it does not know, writes times as RFC 3339, and
// pages every list by cursor.
//
// It imports the root words, internal/action, internal/control, internal/door,
// internal/trail, internal/watch and client.
package api

import (
	"context"
	"io"
	"strings"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/watch"
)

// Rules is what the API asks of internal/control.
type Rules interface {
	View(caller reeve.Caller) (*control.View, error)
	Place(ctx context.Context, caller reeve.Caller, o control.Order) (control.Placement, error)
	Retry(ctx context.Context, caller reeve.Caller, id reeve.JobID, states []reeve.State, o control.Order) (control.Placement, error)
	Undo(ctx context.Context, caller reeve.Caller, id reeve.JobID, o control.Order) (control.Placement, error)
	Approve(ctx context.Context, caller reeve.Caller, id reeve.JobID, reason string, applies int) (reeve.Proposal, control.Placement, error)
	Reject(ctx context.Context, caller reeve.Caller, id reeve.JobID, reason string) (reeve.Proposal, error)
	Cancel(ctx context.Context, caller reeve.Caller, id reeve.JobID) (reeve.Job, error)
	Pause(ctx context.Context, caller reeve.Caller, id reeve.JobID, paused bool) (reeve.Job, error)
	Import(ctx context.Context, caller reeve.Caller, devices []reeve.Device, dryRun bool) (control.Imported, error)
	Describe(ctx context.Context, caller reeve.Caller, id string, d reeve.Description) error
	Restore(ctx context.Context, caller reeve.Caller, ids []string) (control.Restored, error)
	CreateGroup(ctx context.Context, caller reeve.Caller, name, description string) (reeve.Group, error)
	ChangeGroup(ctx context.Context, caller reeve.Caller, g reeve.Group) error
	RemoveGroup(ctx context.Context, caller reeve.Caller, id string) error
	StoreSetFile(ctx context.Context, caller reeve.Caller, digest string, content io.Reader) (reeve.SetFile, error)
	CreateSet(ctx context.Context, caller reeve.Caller, spec reeve.SignatureSet) (reeve.SignatureSet, error)
	RemoveSet(ctx context.Context, caller reeve.Caller, name string, version int64) error
	ChangeAgentSettings(ctx context.Context, caller reeve.Caller, group string, change func(*reeve.AgentSettings)) (reeve.GroupSettings, error)
	RemoveAgentSettings(ctx context.Context, caller reeve.Caller, group string) error
	CreateApp(ctx context.Context, caller reeve.Caller, spec reeve.App) (reeve.App, string, error)
	ChangeApp(ctx context.Context, caller reeve.Caller, clientID string, change control.AppChange) (reeve.App, error)
	RenewSecret(ctx context.Context, caller reeve.Caller, clientID string) (reeve.App, string, error)
	RevokeApp(ctx context.Context, caller reeve.Caller, clientID string) error
	CreateOperator(ctx context.Context, caller reeve.Caller, spec reeve.Operator, password string) (reeve.Operator, string, error)
	ChangeOperator(ctx context.Context, caller reeve.Caller, name string, change control.OperatorChange) (reeve.Operator, string, error)
	RemoveOperator(ctx context.Context, caller reeve.Caller, name string) error
	CreateCode(ctx context.Context, caller reeve.Caller, spec reeve.Code) (reeve.Code, error)
	RevokeCode(ctx context.Context, caller reeve.Caller, code string) error
	CreateAccount(ctx context.Context, caller reeve.Caller, name string, seats int64) (control.Bootstrap, error)
	Accounts(ctx context.Context, caller reeve.Caller) ([]reeve.Account, error)
	ChangeAccount(ctx context.Context, caller reeve.Caller, change func(*reeve.Account)) (reeve.Account, error)
	Give(ctx context.Context, caller reeve.Caller, name string, seats, perMinute *int64) (reeve.Account, error)
	Webhook(ctx context.Context, caller reeve.Caller) (reeve.Outlet, error)
	SetWebhook(ctx context.Context, caller reeve.Caller, spec control.OutletSpec) (reeve.Outlet, error)
	RemoveWebhook(ctx context.Context, caller reeve.Caller) error
	TestWebhook(ctx context.Context, caller reeve.Caller) (reeve.Outlet, error)
	Exports(ctx context.Context, caller reeve.Caller) ([]reeve.Outlet, error)
	Export(ctx context.Context, caller reeve.Caller, id string) (reeve.Outlet, error)
	CreateExport(ctx context.Context, caller reeve.Caller, spec control.OutletSpec) (reeve.Outlet, error)
	ChangeExport(ctx context.Context, caller reeve.Caller, id string, spec control.OutletSpec) (reeve.Outlet, error)
	RemoveExport(ctx context.Context, caller reeve.Caller, id string) error
}

// A Store is what the API reads by itself.
type Store interface {
	Apps(ctx context.Context, account int64) ([]reeve.App, error)
	Operators(ctx context.Context, account int64) ([]reeve.Operator, error)
	Codes(ctx context.Context, account int64) ([]reeve.Code, error)
	Sets(ctx context.Context, account int64) ([]reeve.SignatureSet, error)
	AgentSettings(ctx context.Context, account int64) ([]reeve.GroupSettings, int64, error)
	reeve.GroupStore
	reeve.DeviceStore
	reeve.JobStore
	reeve.LogStore
	reeve.ThreatStore
}

// A Config says what the API works with. All members are needed but those with
// a default.
type Config struct {
	Rules Rules
	Store Store
	// Verify checks the log of an account.
	Verify func(ctx context.Context, account reeve.Account) (control.Verdict, error)
	// Sample sends one sample to a webhook.
	Sample func(ctx context.Context, webhook reeve.Outlet) (reeve.Reply, error)
	// Link returns the address of the page where the user of a device answers.
	Link    func(license string, command reeve.CommandID) string
	Version string        // of the server
	MaxBody int64         // largest body in bytes; default DefaultMaxBody
	Poll    time.Duration // how often a waiting request looks again; default DefaultPoll
	Jobs    *watch.Jobs   // that is followed
	// Stopping is closed when the server begins to shut down, so that requests
	// that wait for news are answered at once. Nil is never.
	Stopping <-chan struct{}
}

// Defaults of Config.
const (
	DefaultMaxBody = 16 << 20
	DefaultPoll    = 250 * time.Millisecond
)

type api struct {
	Config
}

// Routes returns the whole surface.
func Routes(c Config) door.API {
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.Poll == 0 {
		c.Poll = DefaultPoll
	}
	a := &api{Config: c}
	const r, w, x = reeve.Read, reeve.Write, reeve.Admin
	routes := []door.Route{
		own("GET", "/version", r, "", a.version),
		own("GET", "/openapi.json", "", "", nil),

		repeatable(own("POST", "/jobs", w, "job_placed", a.place)),
		own("GET", "/jobs", r, "", a.jobs),
		own("GET", "/jobs/{id}", r, "", a.job),
		own("GET", "/jobs/{id}/commands", r, "", a.jobCommands),
		own("POST", "/jobs/{id}/cancel", w, "job_cancelled", a.changeJob(Rules.Cancel)),
		own("POST", "/jobs/{id}/pause", w, "job_paused", a.changeJob(pause)),
		own("POST", "/jobs/{id}/resume", w, "job_resumed", a.changeJob(resume)),
		repeatable(own("POST", "/jobs/{id}/retry", w, "job_placed", a.retry)),
		own("POST", "/jobs/{id}/undo", w, "job_placed", a.undo),
		own("GET", "/jobs/{id}/events", r, "", a.jobEvents),
		own("GET", "/proposals", r, "", a.proposals),
		own("GET", "/proposals/{id}", r, "", a.proposal),
		own("POST", "/proposals/{id}/approve", w, "job_approved", a.approve),
		own("POST", "/proposals/{id}/reject", w, "job_rejected", a.reject),
		own("GET", "/commands/{id}", r, "", a.command),

		own("GET", "/devices", r, "", a.devices),
		own("POST", "/devices/import", w, "devices_imported", a.importDevices),
		own("GET", "/devices/export", r, "", a.exportDevices),
		own("POST", "/devices/restore", w, "devices_restored", a.restoreDevices),
		own("GET", "/devices/{id}", r, "", a.device),
		own("PATCH", "/devices/{id}", w, "device_described", a.describeDevice),
		own("GET", "/devices/{id}/commands", r, "", a.deviceCommands),
		own("GET", "/devices/{id}/identifications", r, "", a.identifications),
		own("GET", "/devices/{id}/threats", r, "", a.deviceThreats),

		own("GET", "/groups", r, "", a.groups),
		own("POST", "/groups", w, "group_created", a.createGroup),
		own("PATCH", "/groups/{id}", w, "group_changed", a.changeGroup),
		own("DELETE", "/groups/{id}", w, "group_removed", a.removeGroup),

		own("GET", "/sets", r, "", a.sets),
		repeatable(own("PUT", "/set-files/{digest}", x, "signature_file_stored", a.storeSetFile)),
		own("POST", "/sets", x, "signature_set_created", a.createSet),
		own("DELETE", "/sets/{name}/{version}", x, "signature_set_removed", a.removeSet),
		own("GET", "/agent-settings", r, "", a.agentSettings),
		own("PATCH", "/agent-settings/{group}", x, "agent_settings_changed", a.changeAgentSettings),
		own("DELETE", "/agent-settings/{group}", x, "agent_settings_removed", a.removeAgentSettings),

		own("GET", "/codes", x, "", a.codes),
		own("POST", "/codes", x, "code_created", a.createCode),
		own("DELETE", "/codes/{id}", x, "code_revoked", a.revokeCode),

		own("GET", "/accounts", x, "", a.accounts),
		own("POST", "/accounts", x, "account_created", a.createAccount),
		own("PATCH", "/accounts/{name}", x, "account_changed", a.give),
		own("GET", "/account", r, "", a.account),
		own("PATCH", "/account", x, "account_changed", a.changeAccount),

		about(own("GET", "/log", r, "", door.Audited(a.log)), pageLog),
		about(own("GET", "/log/export", r, "", door.Audited(a.exportLog)), pageLogExport),
		about(own("GET", "/log/verify", r, "", door.Audited(a.verify)), pageVerify),
	}
	routes = append(routes, a.appRoutes()...)
	routes = append(routes, a.operatorRoutes()...)
	routes = append(routes, a.webhookRoutes()...)
	routes = append(routes, a.exportRoutes()...)
	for i, r := range routes {
		if r.Serve == nil { // it tells of all of them, itself too
			routes[i].Serve, routes[i].Rate = openAPI(routes), ""
		}
		routes[i].Serve = strict(routes[i])
	}
	return door.API{Source: sourceOf, Routes: routes}
}

// own makes a route: all of them share one prefix and one rate class.
func own(method, path string, scope reeve.Scope, verb string, serve handler) door.Route {
	r := door.Route{Method: method, Path: "/api/v1" + path, Scope: scope, Rate: control.OwnAPI, Verb: verb, Serve: serve}
	if page, ok := pages[method+" "+path]; ok {
		return about(r, page)
	}
	return r
}

// about gives a route its page in the reference. The family, where the page names
// none, is the word behind the prefix, as all routes of a file share it.
func about(r door.Route, page *door.Page) door.Route {
	if page.Family != "" {
		r.Page = page
		return r
	}
	word, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/api/v1/"), "/")
	own := *page // tables of routes may be made side by side
	own.Family = strings.ToUpper(word[:1]) + word[1:]
	r.Page = &own
	return r
}

// listOf is the fields of a list that is answered as a whole.
func listOf(fields []door.Field) []door.Field {
	out := make([]door.Field, len(fields))
	for i, f := range fields {
		f.Name = "items[]." + strings.ReplaceAll(f.Name, ", ", ", items[].")
		out[i] = f
	}
	return out
}

// repeatable marks a route whose handler takes an Idempotency-Key.
func repeatable(r door.Route) door.Route {
	r.Repeats = true
	return r
}

// sourceOf says what the log calls requests with this app: the kind of
// credential decides, not what the request says of itself.
func sourceOf(app reeve.App) reeve.Source {
	if app.CLI {
		return reeve.FromCLI
	}
	return reeve.FromAPI
}
