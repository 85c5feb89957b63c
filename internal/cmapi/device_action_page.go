package cmapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"reeve/internal/action"
	"reeve/internal/door"
)

// What every order answers beside the codes of all routes.
var orderCodes = map[int]string{
	409: "the Idempotency-Key was used with another request",
	413: "more devices or bytes than the server takes; nothing was done",
	415: "the body is not declared as application/json",
}

// Reeve's own members of a body that orders something.
var ownFields = []door.Field{
	{Name: "reeve.dry_run", In: "body", Type: "bool", Ours: true, About: "answer what would be done, and do nothing"},
	{Name: "reeve.comment", In: "body", Type: "string", Ours: true, About: "kept with the job, up to 1,024 characters"},
	{Name: "reeve.deliver_within", In: "body", Type: "int", Ours: true, About: "seconds that an order may wait for its agent; never longer than the action's own time"},
	{Name: "reeve.offline", In: "body", Type: "string", Ours: true, About: "queue (default), or skip: devices that are not connected get status 0 and no order"},
}

var repeatField = door.Field{Name: "Idempotency-Key", In: "header", Type: "string", Ours: true,
	About: "makes a repeat within 24 hours harmless: it gets the same answer, and nothing is done again"}

// The parameters of actions, with the version that brought each.
var paramFields = []struct {
	since action.Version
	field door.Field
}{
	{action.V3, door.Field{Name: "params.exempt_time", In: "body", Type: "int", About: "exempt: hours, below 65000; 0 (default) is for ever. Exempting again replaces the period"}},
	{action.V3, door.Field{Name: "params.group_id", In: "body", Type: "string", About: "assign_to_group: id of the group; absent, or the word default, is the account's default group. An unknown group is status 0 for every device"}},
	{action.V3_2, door.Field{Name: "params.full_scan", In: "body", Type: "int", About: "scan_threats: 1 scans everything, and the other two are ignored; 0 (default) is a custom scan"}},
	{action.V3_2, door.Field{Name: "params.scan_types", In: "body", Type: "array of int", About: "scan_threats: 0 memory, 1 system volume, 2 portable volumes, 3 additional volumes, 4 specific path, 5 boot records; at least one for a custom scan"}},
	{action.V3_2, door.Field{Name: "params.path", In: "body", Type: "string", About: "scan_threats: where scan type 4 looks, absolute in the style of POSIX or Windows; -1 for devices of the other style"}},
}

// What differs from the version before.
var actionNews = map[action.Version]string{
	action.V3:   "One endpoint in the place of Device Action, Devices Action and Delete Device of v2.",
	action.V3_1: "Brought fetch_agent_log and command_id. ids are called device ids.",
	action.V3_2: "Brought scan_threats; exempt and unexempt leave out domain controllers, re-identify has minimum versions, fetch_agent_log has none.",
	action.V3_3: "The log tells the console from the API; nothing else differs from v3.2.",
}

// actionPage is what the reference says of one version from v3 on.
func actionPage(v deviceAction) door.Page {
	var names []string
	notes := []string{actionNews[v.rules],
		"Every entry of the request gets its element, in order. A device that several entries name is acted on once.",
		"A MAC address that several devices claim means the one managed device among them; otherwise it is status 0 and the log names the claimants.",
		"One request is one job and one transaction: after a 200 every element with status 1 is durable, after any other answer nothing was done.",
		"Parameters of other actions are ignored, and so are unknown members outside of reeve."}
	for _, d := range action.Offered(v.rules) {
		names = append(names, d.Name)
		note := fmt.Sprintf("%s applies to %s.", d.Name, d.RuleIn(v.rules))
		if d.Agent {
			note += " The agent must have named it among the things that it can do."
		}
		notes = append(notes, note)
	}
	page := door.Page{
		Family: "Device Action", Version: v.segment[1:], Source: "Device Action " + v.segment,
		About: "Orders one action on many devices: changes of their records happen at once, orders to their agents wait until each is heard.",
		Inputs: []door.Field{
			{Name: "types", In: "body", Type: "string", About: "the action, exactly one of " + strings.Join(names, ", ")},
			{Name: "ids", In: "body", Type: "array of string", About: "device ids, up to 100,000 (the bound is ours); either ids or macs"},
			{Name: "macs", In: "body", Type: "array of string", About: "MAC addresses with colons, dashes, dots or nothing in between, in any case"},
			{Name: "params", In: "body", Type: "object", About: "parameters of the action"},
		},
		Answer: []door.Field{
			{Name: "[].id", Type: "string", About: "what the request said, in its spelling"},
			{Name: "[].status", Type: "int", About: "1 applied, or safely queued for the agent; 0 no such device or not done; -1 the action does not apply to the device"},
		},
		Codes: maps.Clone(orderCodes), Notes: notes,
	}
	page.Codes[409] += ", or re-identify was ordered and the account has no identity fields, so there is nothing to ask; nothing was done"
	for _, p := range paramFields {
		if slices.Contains(action.Since(p.since), v.rules) {
			page.Inputs = append(page.Inputs, p.field)
		}
	}
	page.Inputs = append(append(page.Inputs, ownFields...), repeatField)
	if v.commandIDs {
		page.Answer = append(page.Answer, door.Field{Name: "[].command_id", Type: "string",
			About: "for Get Reports, where the action has something to fetch and status is 1; else empty"})
	}
	page.Answer = append(page.Answer, door.Field{Name: "[].reason", Type: "string", Ours: true,
		About: "why the action does not apply; only with reeve.dry_run or reeve.offline"})
	return page
}

// The parameters of v2.
var (
	listFieldsV2 = []door.Field{
		{Name: "MAC_list", In: "body", Type: "array of string", About: "MAC addresses in any spelling; either this or HWID_list"},
		{Name: "HWID_list", In: "body", Type: "array of string", About: "device ids, up to 100,000 (the bound is ours)"},
	}
	answerV2 = []door.Field{
		{Name: "result", Type: "int", About: "1 done, or safely queued for the agent; 0 not"},
		{Name: "msg", Type: "string", About: "OK, Device not found, or (ours) why the action does not apply"},
	}
	answersV2 = []door.Field{
		{Name: "result", Type: "array of int", About: "for each entry of the list 1 or 0; 0 for a device that is not there, a malformed address, and an action that does not apply"},
		{Name: "reasons", Type: "array of string", Ours: true, About: "why an entry has 0; only with reeve.dry_run or reeve.offline"},
	}
	rulesNoteV2  = "Whom an action applies to is that of Device Action v3: exempting is for managed devices, dhcprenew for persistent agents."
	exemptNoteV2 = "An exemption of v2 has no end."
)

var oneActionPage = door.Page{
	Family: "Device Action", Version: "2", Source: "Device Action v2.0",
	About: "Orders an action on one device. Everything is in the URL.",
	Inputs: []door.Field{
		{Name: "value", In: "path", Type: "string", About: "MAC address or device id, as opt says"},
		{Name: "types", In: "query", Type: "string", About: "dhcprenew, exempt_critical (critical issues only), exempt_all or unexempt"},
		{Name: "opt", In: "query", Type: "int", About: "what the value is: 0 (default) a MAC address, 1 a device id"},
		repeatField,
	},
	Answer: answerV2, Codes: map[int]string{409: orderCodes[409]},
	Notes: []string{rulesNoteV2, exemptNoteV2, "A device that is not there is 200 with result 0."},
}

var manyActionsPage = door.Page{
	Family: "Devices Action", Version: "2", Source: "Devices Action v2.0",
	About: "Orders an action on many devices.",
	Inputs: slices.Concat([]door.Field{
		{Name: "types", In: "body", Type: "string", About: "dhcprenew, exempt_all or unexempt"},
		{Name: "opt", In: "body", Type: "int", About: "0 (default) for MAC_list, 1 for HWID_list; which list there is decides"},
	}, listFieldsV2, ownFields, []door.Field{repeatField}),
	Answer: answersV2, Codes: orderCodes,
	Notes: []string{rulesNoteV2, exemptNoteV2},
}

const optAboutV2 = "0 retire the agent and keep the record; 1 (default) retire the agent and delete the record, which can be restored for a while; 2 the same, and the record is kept in the archive for good"

func deletePage(version, source string) door.Page {
	return door.Page{
		Family: "Delete Device", Version: version, Source: source,
		About: "Deletes a device. Everything is in the URL.",
		Inputs: []door.Field{
			{Name: "value", In: "path", Type: "string", About: "MAC address or device id; which of them shows in its form"},
			{Name: "opt", In: "query", Type: "int", About: optAboutV2},
			repeatField,
		},
		Answer: []door.Field{answerV2[0], {Name: "msg", Type: "string", About: "Device has been deleted, Device not found, or (ours) why not"}},
		Codes:  map[int]string{409: orderCodes[409]},
		Notes: []string{"With opt 0 the answer is 1 when the order to retire is queued; a device without an agent is 0.",
			"A device that is not there, and one that was deleted before, is 200 with result 0."},
	}
}

var manyDeletesPage = door.Page{
	Family: "Delete Devices", Version: "2", Source: "Delete Devices v2.0",
	About:  "Deletes many devices.",
	Inputs: slices.Concat([]door.Field{{Name: "opt", In: "body", Type: "int", About: optAboutV2}}, listFieldsV2, ownFields, []door.Field{repeatField}),
	Answer: answersV2, Codes: orderCodes,
}
