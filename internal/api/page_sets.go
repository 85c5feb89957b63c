package api

import "reeve/internal/door"

var setFields = []door.Field{
	{Name: "name", Type: "string", About: "of all versions of the set"},
	{Name: "version", Type: "int", About: "from 1; no number is given twice"},
	{Name: "description", Type: "string", About: "for people; left out if it is empty"},
	{Name: "files[].name", Type: "string", About: "the ending tells the kind: .hdb and .hsb (hashes), .ndb (body signatures), .yar and .yara (YARA rules)"},
	{Name: "files[].size", Type: "int", About: "bytes"},
	{Name: "files[].sha256", Type: "string", About: "64 hex digits"},
	{Name: "bytes", Type: "int", About: "of all files"},
	{Name: "in_force", Type: "bool", About: "whether settings of any agents mean this version now"},
	{Name: "created", Type: "string", About: "RFC 3339, UTC"},
	{Name: "by", Type: "string", About: "who made it"},
}

var agentSettingsFields = []door.Field{
	{Name: "group", Type: "string", About: "id, or account for those that count where a group has none"},
	{Name: "set", Type: "string", About: "name of the signature set; left out for none"},
	{Name: "set_version", Type: "int", About: "the version that was chosen; left out for the newest"},
	{Name: "version", Type: "int", About: "the version that this means now"},
	{Name: "report_neighbours", Type: "bool", About: "whether agents report devices that they see and that have no agent"},
	{Name: "quarantine", Type: "bool", About: "whether agents put away what a scan finds"},
	{Name: "engines", Type: "array of string", About: "the only engines to scan with; left out for all that a machine has"},
}

// signatureSets is one page of the reference: sets, their files, and the settings
// that name them.
const signatureSets = "Signature sets"

var setPages = map[string]*door.Page{
	"GET /sets": {Family: signatureSets, About: "Lists the versions of all signature sets by name, the newest first.", Inputs: door.None, Answer: listOf(setFields)},
	"PUT /set-files/{digest}": {
		Family: signatureSets,
		About:  "Stores the content of a file, at most 64 MiB, for sets to come. The body is the file as it is. Content that no set names goes after a day.",
		Inputs: []door.Field{
			inPath("digest", "SHA-256 of the content, 64 lower-case hex digits"),
			{Name: "(the body)", In: "body", Type: "bytes", About: "the file"}},
		Answer: []door.Field{{Name: "sha256", Type: "string", About: "as it was sent"}, {Name: "size", Type: "int", About: "bytes"}},
		Notes:  []string{"The same again is fine, with or without an Idempotency-Key: it is stored once."},
	},
	"POST /sets": {
		Family: signatureSets,
		About:  "Creates the next version of a signature set. Agents whose settings mean the newest are told at once.",
		Inputs: []door.Field{
			{Name: "name", In: "body", Type: "string", About: "1 to 64 of a-z, 0-9, dot, hyphen and underscore, a letter or digit first"},
			{Name: "description", In: "body", Type: "string", About: "for people"},
			{Name: "files[].name", In: "body", Type: "string", About: "at most 64 letters, digits, dots, hyphens and underscores, with one of the endings; unique in any case"},
			{Name: "files[].sha256", In: "body", Type: "string", About: "of content that was stored before"},
		},
		Answer: setFields, Codes: map[int]string{201: "it was created"},
		Notes: []string{"At most 100 files with 256 MiB together."},
	},
	"DELETE /sets/{name}/{version}": {
		Family: signatureSets,
		About:  "Removes one version.",
		Inputs: []door.Field{inPath("name", "name of the set"), inPath("version", "its number")}, Answer: door.None,
		Codes: map[int]string{204: "it is gone", 409: "it is in force for some agents"},
	},
	"GET /agent-settings": {
		Family: signatureSets,
		About:  "Lists what agents are told to be: the account's settings, then those of groups that have their own.",
		Inputs: door.None, Answer: listOf(agentSettingsFields),
	},
	"PATCH /agent-settings/{group}": {
		Family: signatureSets,
		About:  "Changes the settings for the agents of a group; what is not sent stays. A group without its own begins with the account's. Agents that are connected are told at once, the others when they come back.",
		Inputs: []door.Field{inPath("group", "id of the group, or account"),
			{Name: "set", In: "body", Type: "string", About: "name of a signature set, empty for none; another set takes its newest version"},
			{Name: "set_version", In: "body", Type: "int", About: "one of its versions, 0 for the newest"},
			{Name: "report_neighbours, quarantine", In: "body", Type: "bool", About: "as in the answer"},
			{Name: "engines", In: "body", Type: "array of string", About: "the only engines to scan with, such as builtin; empty for all"}},
		Answer: agentSettingsFields, Codes: map[int]string{404: "there is no such group, set or version"},
	},
	"DELETE /agent-settings/{group}": {
		Family: signatureSets,
		About:  "Gives a group the account's settings again, or clears those of the account.",
		Inputs: []door.Field{inPath("group", "id of the group, or account")}, Answer: door.None,
		Codes: map[int]string{204: "done", 404: "there are none"},
	},
}
