package api

import "reeve/internal/door"

var jobFields = []door.Field{
	{Name: "id", Type: "string", About: "16 hex digits"},
	{Name: "action", Type: "string"},
	{Name: "params", Type: "object"},
	{Name: "comment", Type: "string", About: "left out if there is none"},
	{Name: "source", Type: "string", About: "oauth_api, api, cli, console, agent or system"},
	{Name: "actor", Type: "string", About: "who asked, for programs"},
	{Name: "by", Type: "string", About: "who asked, for people"},
	{Name: "issued", Type: "string", About: "RFC 3339, UTC, as all times here"},
	{Name: "deliver_by", Type: "string", About: "what no agent has by then is expired"},
	{Name: "finish_by", Type: "string", About: "what has not ended by then is expired"},
	{Name: "cancelled", Type: "string", About: "left out if it was not"},
	{Name: "paused", Type: "string", About: "since when its agents hold back; left out if they do not"},
	{Name: "undo_of", Type: "string", About: "id of the job that it takes back; left out for all others"},
	{Name: "retry_of", Type: "string", About: "id of the job that it orders again; left out for all others"},
	{Name: "entries", Type: "int", About: "devices that the request named"},
	{Name: "unmatched", Type: "int", About: "of them, those that are not there"},
	{Name: "targets", Type: "int", About: "commands"},
	{Name: "open", Type: "int", About: "commands that have not ended"},
	{Name: "counts", Type: "object of int", About: "commands by final state"},
}

var commandFields = []door.Field{
	{Name: "id", Type: "string", About: "24 hex digits, of which the first 16 are the job's"},
	{Name: "job", Type: "string"},
	{Name: "device", Type: "string", About: "id of the device"},
	{Name: "hostname", Type: "string"},
	{Name: "state", Type: "string", About: "queued, sent, running, succeeded, failed, expired, cancelled, not_applicable or refused"},
	{Name: "reason", Type: "string", About: "why it does not apply or ended like this, in a word"},
	{Name: "why", Type: "string", About: "the same in a sentence"},
	{Name: "percent", Type: "int", About: "progress, where the agent tells it"},
	{Name: "message", Type: "string", About: "one line from the agent"},
	{Name: "changed", Type: "string", About: "when the state last changed"},
	{Name: "link", Type: "string", About: "address of the page where the device's user answers, to be sent to that user; left out unless that is waited for"},
	{Name: "late", Type: "string", About: "state that a report named after the end"},
}

var orderTerms = []door.Field{
	{Name: "dry_run", In: "body", Type: "bool", About: "do nothing, and tell what would be done"},
	{Name: "comment", In: "body", Type: "string", About: "why; the job and the log keep it"},
	{Name: "deliver_within", In: "body", Type: "int", About: "seconds until what was not delivered expires; default the action's own"},
	{Name: "offline", In: "body", Type: "string", About: "what becomes of devices that are away: queue (default) or skip"},
	{Name: "expect", In: "body", Type: "int", About: "how many devices somebody confirmed: if it finds another number, nothing is done (409)"},
	{Name: "propose", In: "body", Type: "bool", About: "true: keep the order for somebody else to approve, and do nothing yet"},
	{Name: "hold", In: "body", Type: "bool", About: "with propose: once approved, wait for the same request with approved_job_id; default is to place the job at once"},
	{Name: "approved_job_id", In: "body", Type: "string", About: "id of a proposed job that was approved; the order must name the same action, params and devices, and its job gets this id"},
	{Name: "Approved-Job", In: "header", Type: "string", About: "the same as approved_job_id"},
	{Name: "Idempotency-Key", In: "header", Type: "string", About: "the same key with the same body gets the same answer, and nothing is done again"},
}

var placementFields = with([]door.Field{
	{Name: "outcomes[].device", Type: "string", About: "as it was sent; one element for each of ids or macs, in their order"},
	{Name: "outcomes[].status", Type: "int", About: "1 applied or queued, 0 no such device or not done, -1 does not apply"},
	{Name: "outcomes[].reason", Type: "string", About: "left out where it applies"},
	{Name: "outcomes[].why", Type: "string", About: "the reason in a sentence"},
	{Name: "outcomes[].command", Type: "string", About: "id of the command"},
	{Name: "tally", Type: "object of int", About: "devices by reason; applies are those that it applies to"},
	{Name: "excluded[].device, excluded[].hostname", Type: "string", About: "of a dry run for a group, for all or of a retry: id and name of a device that would not be ordered, at most 500 of them"},
	{Name: "excluded[].reason, excluded[].why", Type: "string", About: "the reason, in a word and in a sentence"},
	{Name: "excluded_more", Type: "int", About: "how many more there are; left out if there are none"},
	{Name: "needs_approval", Type: "bool", About: "of a dry run: true if it finds more devices than one person may order"},
	{Name: "restored", Type: "int", About: "of an undone deletion: devices that came back"},
	{Name: "proposal", Type: "object", About: "of a proposed order: as in GET /api/v1/proposals/{id}"},
	{Name: "repeated", Type: "bool", About: "true if this is the answer to an earlier request with the same key"},
}, door.Field{Name: "job", Type: "object", About: "the job, as in GET /api/v1/jobs/{id}; left out for a dry run"})

const notApproved = "the scope is too small; or, with error approval_required, the order finds more devices than one person may order and brings no approved job"

var jobPages = map[string]*door.Page{
	"POST /jobs": {
		About: "Orders an action on devices, as one job with a command for each device. It means the same as Device Action of the published API.",
		Inputs: with(orderTerms,
			door.Field{Name: "action", In: "body", Type: "string", About: "exempt, unexempt, ignore, unignore, delete, dhcprenew, re-identify, assign_to_group, fetch_agent_log, scan_threats or unquarantine"},
			door.Field{Name: "ids", In: "body", Type: "array of string", About: "device ids; exactly one of ids, macs, group, all and filter"},
			door.Field{Name: "macs", In: "body", Type: "array of string", About: "MAC addresses"},
			door.Field{Name: "group", In: "body", Type: "string", About: "id of a group: all its devices"},
			door.Field{Name: "all", In: "body", Type: "bool", About: "true: every device of the account"},
			door.Field{Name: "filter", In: "body", Type: "object", About: "all devices that it selects, in the words of GET /api/v1/devices: search, in, standing, group, exempt, agent_kind, system, type, presence; all but search and exempt are arrays of string"},
			door.Field{Name: "params", In: "body", Type: "object", About: "as in Device Action; dhcprenew also takes interface (the name of one, else all) and release (true: a lease that does not renew may be given back for another), and unquarantine takes one of quarantine (1 to 100 of the words that the threats of the device have under this name), signature (of a threat), sha256 (of a file) and which with the word all: on each device what is in quarantine when it is ordered; other names are refused"}),
		Answer: placementFields,
		Codes: map[int]string{200: "a dry run", 201: "the job was placed", 202: "the order was proposed", 403: notApproved, 404: "there is no such group",
			409: "re-identify was ordered and the account has no identity fields, so there is nothing to ask; or the order finds another number of devices than was confirmed or proposed; or the approved job is of another order, used, rejected or expired"},
	},
	"GET /jobs": {About: "Lists jobs, newest first.", Inputs: paged(
		door.Field{Name: "action", In: "query", Type: "array of string", About: "only these; may be given several times"},
		door.Field{Name: "source", In: "query", Type: "array of string", About: "only these; may be given several times"},
		door.Field{Name: "open", In: "query", Type: "bool", About: "true: only those with open commands"},
	), Answer: pageOf(jobFields)},
	"GET /jobs/{id}": {
		About: "Tells of one job. With wait it answers when there is news, so that progress can be shown without asking all the time.",
		Inputs: []door.Field{inPath("id", "id of the job"), waitField,
			{Name: "open", In: "query", Type: "int", About: "number of open commands that the caller knows; the answer comes when it is another one"}},
		Answer: jobFields,
	},
	"GET /jobs/{id}/commands": {
		About: "Lists the commands of a job.",
		Inputs: paged(inPath("id", "id of the job"),
			door.Field{Name: "state", In: "query", Type: "array of string", About: "only these; may be given several times"}),
		Answer: pageOf(commandFields),
	},
	"POST /jobs/{id}/cancel": {
		About:  "Ends the commands of a job that are open. What an agent has begun it is told to stop.",
		Inputs: []door.Field{inPath("id", "id of the job")}, Answer: jobFields,
	},
	"POST /jobs/{id}/pause": {
		About:  "Has the agents of a job hold back in the middle of what they do, also those that come online later. Deadlines stay as they are.",
		Inputs: []door.Field{inPath("id", "id of the job")}, Answer: jobFields,
		Codes: map[int]string{409: "the action cannot be paused (only scan_threats can), or all commands have ended"},
	},
	"POST /jobs/{id}/resume": {
		About:  "Has the agents of a paused job go on.",
		Inputs: []door.Field{inPath("id", "id of the job")}, Answer: jobFields,
		Codes: map[int]string{409: "the action cannot be paused (only scan_threats can), or all commands of the paused job have ended"},
	},
	"POST /jobs/{id}/retry": {
		About: "Orders the action of a job again, as a new job, on the devices where it did not succeed.",
		Inputs: with(orderTerms, inPath("id", "id of the job"),
			door.Field{Name: "states", In: "body", Type: "array of string", About: "which: failed, expired, refused, cancelled; default all of them"}),
		Answer: placementFields,
		Codes:  map[int]string{200: "a dry run", 201: "the job was placed", 202: "the order was proposed", 403: notApproved, 409: "it asked who uses the devices and the account has no identity fields any more; or as for POST /api/v1/jobs"},
	},
	"POST /jobs/{id}/undo": {
		About: "Takes a job back: orders the opposite of its action, as a new job, on the devices whose commands succeeded and whose records no later job changed in the same respect. Devices that it deleted are restored, which is no job.",
		Inputs: with(orderTerms, inPath("id", "id of the job"),
			door.Field{Name: "params", In: "body", Type: "object", About: "of the opposite action: exempt_time when an unexempt is taken back"}),
		Answer: placementFields,
		Codes:  map[int]string{200: "a dry run, or devices were restored", 201: "the job was placed", 202: "the order was proposed", 403: notApproved, 409: "the action has no opposite; or as for POST /api/v1/jobs"},
		Notes:  []string{"What was before the job is not known: an exemption that it replaced does not come back.", "entries of the new job counts the devices on which the old one succeeded, and unmatched those of them that are gone or were changed since."},
	},
	"GET /jobs/{id}/events": {
		About:  "Follows a job as server-sent events: progress whenever counts change, and done when no command is open any more.",
		Inputs: []door.Field{inPath("id", "id of the job")},
		Answer: []door.Field{{Name: "event", Type: "string", About: "progress or done, the last one"}, {Name: "data", Type: "object", About: "the job, as in GET /api/v1/jobs/{id}"}},
		Notes:  []string{"The body is text/event-stream."},
	},
	"GET /commands/{id}": {
		About:  "Tells of one command, with what its agent sent back.",
		Inputs: []door.Field{inPath("id", "id of the command")},
		Answer: append(commandFields[:len(commandFields):len(commandFields)],
			door.Field{Name: "result", Type: "object", About: "what the agent sent back; left out if it was nothing"}),
	},
}
