package api

import (
	"net/http"

	"reeve"
	"reeve/client"
	"reeve/internal/control"
	"reeve/internal/door"
)

func (a *api) webhookRoutes() []door.Route {
	const x = reeve.Admin
	return []door.Route{
		told(own("GET", "/webhook", x, "", a.webhook), webhookPage("Returns the account's webhook and how it fares. The API key is never shown.", door.None, noWebhook)),
		told(own("PUT", "/webhook", x, "webhook_changed", a.setWebhook), webhookPage(
			"Creates the account's webhook, which begins with what happens from now on, or changes it as a whole. A webhook that disabled itself goes on where it stopped.",
			webhookInputs, map[int]string{http.StatusBadRequest: "the callback is not https (or loopback), no event was chosen, or another callback came without api_key"})),
		told(own("DELETE", "/webhook", x, "webhook_removed", a.removeWebhook), webhookPage("Ends the account's webhook.", door.None, map[int]string{http.StatusNoContent: "it is ended", http.StatusNotFound: "there is none"})),
		told(own("POST", "/webhook/test", x, "webhook_tested", a.testWebhook), testPage),
	}
}

// told gives a route its page of the reference.
func told(r door.Route, page *door.Page) door.Route {
	own := *page // tables of routes may be made side by side
	if r.Method == http.MethodDelete {
		own.Answer = door.None
	}
	r.Page = &own
	return r
}

func webhookPage(about string, inputs []door.Field, codes map[int]string) *door.Page {
	return &door.Page{Family: "Webhook", About: about, Inputs: inputs, Answer: webhookAnswer, Codes: codes, Notes: webhookNotes}
}

var noWebhook = map[int]string{http.StatusNotFound: "there is none"}

var webhookInputs = []door.Field{
	{Name: "url", In: "body", Type: "string", About: "the callback, https://; http:// only for loopback addresses"},
	{Name: "api_key", In: "body", Type: "string", About: "goes with every push as it is, in the header Authorization; 1 to 1,024 visible ASCII characters. Kept encrypted; left out, the present one stays. Another url needs it again"},
	{Name: "events", In: "body", Type: "array of string", About: "at least one of installed, deleted, compliant, non_compliant, threat_found"},
	{Name: "enabled", In: "body", Type: "bool", About: "default true"},
	{Name: "ca", In: "body", Type: "string", About: "PEM certificates to trust besides the system's"},
}

var webhookAnswer = append([]door.Field{
	{Name: "url", Type: "string"},
	{Name: "events", Type: "array of string"},
	{Name: "enabled", Type: "bool", About: "false also after it disabled itself"},
	{Name: "ca", Type: "string", About: "left out if none was given"},
	{Name: "created", Type: "string", About: "RFC 3339, UTC"},
}, flowAnswer...)

var flowAnswer = []door.Field{
	{Name: "behind", Type: "int", About: "rows of the log that wait for it"},
	{Name: "failures", Type: "int", About: "failures in a row; left out if there are none"},
	{Name: "last_success", Type: "string", About: "RFC 3339, UTC; left out before the first"},
	{Name: "last_failure", Type: "string", About: "likewise"},
	{Name: "last_error", Type: "string", About: "why that one failed, in words"},
}

// webhookNotes describe what is sent out.
//
// Source: "Webhook" of the manual.
var webhookNotes = []string{
	"What is sent: POST to the callback, Content-Type: application/json, Authorization: the API key, and the body {\"device_id\": 32 hex digits, \"status\": \"installed\", \"timestamp\": milliseconds since 1970}; one request for each event of a device.",
	"installed: a device was enrolled. deleted: it was deleted by an administrator, through an API or by its agent's leave. compliant: a managed device was enrolled and the account's setting unassessed is compliant; it follows installed. non_compliant: never yet, since Reeve assesses no posture; a change of the setting sends nothing. threat_found: a scan of the device found threats, which Get Threats tells; this word is Reeve's own.",
	"2xx is success. Anything else, also a redirect and no answer within 10 seconds, is repeated after 4 seconds and after a minute, then it counts as failed and the next event is sent. After 100 failures in a row the webhook disables itself until it is enabled again by hand, and then goes on with the event after the last one that was settled.",
	"Ours: the header X-Reeve-Delivery is the same in all repetitions of one push. After a crash of the server pushes of the last moments may come again, with the same value.",
	"Ours: up to 8 pushes are under way at once; those about one device come one after the other, in their order.",
	"The log has webhook_changed, webhook_removed and webhook_tested, webhook_failed once for each batch with failures, and webhook_disabled.",
}

var testPage = &door.Page{
	Family: "Webhook",
	About:  "Sends one sample to the account's webhook, also to one that is not enabled: the first of its events about a device of 32 zeros. Returns what the receiver said. Nothing is repeated, and nothing counts.",
	Inputs: door.None,
	Codes:  noWebhook,
	Answer: []door.Field{
		{Name: "received", Type: "bool", About: "whether the answer was 2xx"},
		{Name: "status", Type: "int", About: "of the answer; left out if there was none"},
		{Name: "body", Type: "string", About: "the first 1,024 bytes of the answer"},
		{Name: "failure", Type: "string", About: "why it does not count as received; left out if it does"},
		{Name: "milliseconds", Type: "int", About: "how long it took"},
	},
}

func shapeFlow(f reeve.Flow) client.Flow {
	return client.Flow{Behind: f.Behind(), Failures: f.Failures, LastSuccess: f.LastSuccess, LastFailure: f.LastFailure, LastError: f.LastError}
}

func writeWebhook(w http.ResponseWriter, o reeve.Outlet, err error) error {
	if err != nil {
		return named(err, "webhook")
	}
	return door.Write(w, http.StatusOK, client.Webhook{URL: o.Settings.URL, Enabled: o.Enabled, Events: o.Events, CA: o.Settings.CA,
		Created: o.Created, Flow: shapeFlow(o.Flow)})
}

func (a *api) webhook(w http.ResponseWriter, r *door.Request) error {
	o, err := a.Rules.Webhook(r.Context(), r.Caller)
	return writeWebhook(w, o, err)
}

func (a *api) setWebhook(w http.ResponseWriter, r *door.Request) error {
	var want client.WebhookSpec
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	spec := control.OutletSpec{Enabled: true, Events: want.Events, Secret: want.APIKey, Settings: reeve.OutletSettings{URL: want.URL}}
	put(&spec.Enabled, want.Enabled)
	put(&spec.Settings.CA, want.CA)
	o, err := a.Rules.SetWebhook(r.Context(), r.Caller, spec)
	return writeWebhook(w, o, err)
}

func (a *api) removeWebhook(w http.ResponseWriter, r *door.Request) error {
	return gone(w, named(a.Rules.RemoveWebhook(r.Context(), r.Caller), "webhook"))
}

func (a *api) testWebhook(w http.ResponseWriter, r *door.Request) error {
	o, err := a.Rules.TestWebhook(r.Context(), r.Caller)
	if err != nil {
		return named(err, "webhook")
	}
	reply, err := a.Sample(r.Context(), o)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, client.Reply{Received: reply.Failure == "", Status: reply.Status, Body: reply.Body,
		Failure: reply.Failure, Millis: reply.Took.Milliseconds()})
}
