package api

import "reeve/internal/door"

var deviceFields = []door.Field{
	{Name: "id", Type: "string", About: "32 hex digits"},
	{Name: "hostname", Type: "string"},
	{Name: "nickname", Type: "string", About: "given by an administrator"},
	{Name: "custom_id", Type: "string", About: "a third party's id for it"},
	{Name: "linked_user, linked_team", Type: "string", About: "user, and group of that user, that an integration linked to it"},
	{Name: "standing", Type: "string", About: "managed, unknown, ignored, out_of_license or archived"},
	{Name: "agent_kind", Type: "string", About: "none, persistent, on_demand, mobile or domain_controller"},
	{Name: "agent_version", Type: "string"},
	{Name: "system", Type: "string", About: "other, windows, mac, linux, ios or android"},
	{Name: "abilities", Type: "array of string", About: "actions that its agent can do"},
	{Name: "macs", Type: "array of string"},
	{Name: "group, group_name", Type: "string", About: "id and name of its group"},
	{Name: "exempt", Type: "string", About: "from what it is exempt: all or critical"},
	{Name: "exempt_until", Type: "string", About: "the year 9999 is for ever"},
	{Name: "online", Type: "bool"},
	{Name: "address", Type: "string", About: "that its agent was last seen from"},
	{Name: "user", Type: "string", About: "who is logged in"},
	{Name: "users", Type: "array of string", About: "all who are logged in"},
	{Name: "os, arch", Type: "string"},
	{Name: "type", Type: "string", About: "desktop, laptop, server, vm, phone or tablet"},
	{Name: "memory", Type: "int", About: "bytes"},
	{Name: "networks[].name, networks[].mac", Type: "string"},
	{Name: "networks[].ipv4, networks[].ipv6", Type: "array of string"},
	{Name: "disks[].name, disks[].type", Type: "string", About: "where a file system is found, such as / or C:\\, and its kind, such as ext4"},
	{Name: "disks[].size, disks[].free", Type: "int", About: "bytes; free is told again when it has changed by a twentieth of the size"},
	{Name: "identity", Type: "object of string", About: "answers to re-identify"},
	{Name: "source", Type: "string", About: "how it came into the inventory: agent, import, neighbour (an agent saw it on its network) or directory (a domain controller's agent read of it)"},
	{Name: "seen_by", Type: "array of string", About: "ids of devices whose agents saw it before it had an agent, at most 8"},
	{Name: "first_seen", Type: "string", About: "when the first of them did"},
	{Name: "settings.set", Type: "string", About: "signature set that its agent has in force; left out without one"},
	{Name: "settings.version", Type: "int", About: "of that set"},
	{Name: "settings.digest", Type: "string", About: "which settings its agent has in force: devices with the same digest have the same"},
	{Name: "settings.revision", Type: "int", About: "of the account when these were sealed"},
	{Name: "settings.problem", Type: "string", About: "why its agent could not take newer ones; left out while there is none"},
	{Name: "added_at, enrolled_at, last_seen, last_reboot, agent_since", Type: "string", About: "RFC 3339, UTC; what is not known is left out; agent_since is when its agent was started"},
	{Name: "archived_at", Type: "string", About: "when it was deleted; left out for all others"},
}

// deviceSelection says which devices a request is about.
var deviceSelection = []door.Field{
	{Name: "search", In: "query", Type: "string", About: "part of a name, in any case"},
	{Name: "in", In: "query", Type: "array of string", About: "which names: hostname, nickname, mac, address, user, id"},
	{Name: "standing", In: "query", Type: "array of string", About: "managed, unknown, ignored, out_of_license, archived; default all but archived"},
	{Name: "group", In: "query", Type: "array of string", About: "ids of groups"},
	{Name: "agent_kind", In: "query", Type: "array of string", About: "none, persistent, on_demand, mobile, domain_controller"},
	{Name: "system", In: "query", Type: "array of string", About: "other, windows, mac, linux, ios, android"},
	{Name: "type", In: "query", Type: "array of string", About: "desktop, laptop, server, vm, phone, tablet"},
	{Name: "presence", In: "query", Type: "array of string", About: "connected, disconnected, unseen (for longer than the account's setting)"},
	{Name: "exempt", In: "query", Type: "bool", About: "true or false"},
}

const severalTimes = "A parameter that is given several times, such as standing=unknown&standing=ignored, selects what has any of its values; parameters narrow each other."

var devicePages = map[string]*door.Page{
	"GET /devices": {
		About: "Lists devices. In the order of the records every page comes equally fast; in another order deep pages take longer.",
		Inputs: paged(with(deviceSelection,
			door.Field{Name: "sort", In: "query", Type: "string", About: "record (default), hostname or last_seen, with - before it to turn it round"})...),
		Answer: pageOf(deviceFields),
		Notes:  []string{severalTimes},
	},
	"GET /devices/export": {
		About: "Sends all devices that are selected, in the order of their records, as a file.",
		Inputs: with(deviceSelection,
			door.Field{Name: "format", In: "query", Type: "string", About: "csv (default) or jsonl: a device, as in the list, on each line"}),
		Notes:  []string{severalTimes},
		Answer: []door.Field{{Name: "(the body)", Type: "file", About: "text/csv with a line of headings, or application/x-ndjson. Cells that a spreadsheet would take for a formula begin with an apostrophe"}},
	},
	"POST /devices/import": {
		About: "Adds devices without an agent, all of them or none. Those that are there already, unknown and with the same name and addresses (or the name alone, where neither has an address), are passed by.",
		Inputs: []door.Field{
			{Name: "devices[].hostname", In: "body", Type: "string", About: "its name"},
			{Name: "devices[].macs", In: "body", Type: "array of string", About: "its MAC addresses, in any spelling; default none"},
			{Name: "dry_run", In: "body", Type: "bool", About: "only count"},
		},
		Answer: []door.Field{{Name: "imported", Type: "int"}, {Name: "skipped", Type: "int", About: "those that were there already"}},
		Codes:  map[int]string{200: "a dry run", 201: "they were added"},
	},
	"POST /devices/restore": {
		About:  "Brings deleted devices back, as long as the account keeps them.",
		Inputs: []door.Field{{Name: "ids", In: "body", Type: "array of string", About: "device ids"}},
		Answer: []door.Field{{Name: "restored", Type: "array of string", About: "ids of those that came back"},
			{Name: "refused[].id", Type: "string", About: "one that did not"},
			{Name: "refused[].reason", Type: "string", About: "not_found, not_deleted or erased, which is that the time to restore it is over"},
			{Name: "refused[].why", Type: "string", About: "the same in a sentence"}},
	},
	"GET /devices/{id}": {
		About: "Tells of one device.", Inputs: []door.Field{inPath("id", "device id or MAC address")}, Answer: deviceFields,
		Codes: map[int]string{409: "several devices claim the MAC address"},
	},
	"PATCH /devices/{id}": {
		About: "Changes what administrators and integrations say of a device. What is not sent stays, and what is empty is taken away.",
		Inputs: []door.Field{inPath("id", "device id or MAC address"),
			{Name: "nickname", In: "body", Type: "string", About: "another name for people"},
			{Name: "custom_id", In: "body", Type: "string", About: "a third party's id for it, which no other device has"},
			{Name: "linked_user, linked_team", In: "body", Type: "string", About: "a user, and the group of that user"}},
		Answer: deviceFields, Codes: map[int]string{409: "another device has the custom id, or several claim the MAC address"},
	},
	"GET /devices/{id}/identifications": {
		About:  "Lists when, how and by whom re-identify was answered on a device, the newest first.",
		Inputs: paged(inPath("id", "device id or MAC address")),
		Answer: pageOf([]door.Field{
			{Name: "at", Type: "string", About: "RFC 3339, UTC"},
			{Name: "command", Type: "string", About: "id of the command that asked"},
			{Name: "door", Type: "string", About: "how it was answered: window, on the user's desktop; terminal; link, on a page of the server; agent, where the agent did not say"},
			{Name: "user", Type: "string", About: "who was logged in on the machine; left out if that is unknown"},
			{Name: "address", Type: "string", About: "that the page was answered from; left out for all others"},
			{Name: "answers", Type: "object of string", About: "by the names of the account's identity fields"},
		}),
	},
	"GET /devices/{id}/threats": {
		About: "Lists what scans found on a device, last found first: each file once for each threat in it.", Inputs: paged(inPath("id", "device id or MAC address")),
		Answer: pageOf([]door.Field{
			{Name: "path", Type: "string", About: "on the device; a process or a boot record in words"},
			{Name: "signature", Type: "string", About: "the threat, as the engine calls it"},
			{Name: "engine", Type: "string"},
			{Name: "size", Type: "int", About: "bytes; -1 where there is no file"},
			{Name: "sha256, md5", Type: "string", About: "of the file, in hex; left out where there is none"},
			{Name: "first, last", Type: "string", About: "when the first and the last scan that found it was reported"},
			{Name: "scans", Type: "int", About: "how many found it"},
			{Name: "quarantine", Type: "string", About: "what unquarantine takes to bring the file back; left out if it is not in quarantine"},
		}),
	},
	"GET /devices/{id}/commands": {
		About: "Lists what was ordered of a device, newest first.", Inputs: paged(inPath("id", "device id or MAC address")), Answer: pageOf(commandFields),
	},
}
