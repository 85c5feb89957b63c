package api

import "reeve/internal/door"

var groupFields = []door.Field{
	{Name: "id", Type: "string", About: "32 hex digits"},
	{Name: "name", Type: "string"},
	{Name: "description", Type: "string", About: "left out if it is empty"},
	{Name: "default", Type: "bool", About: "true for the one that takes devices that were put nowhere else"},
	{Name: "devices", Type: "int", About: "how many it has"},
	{Name: "created, modified", Type: "string", About: "RFC 3339, UTC"},
}

var groupPages = map[string]*door.Page{
	"GET /groups": {
		About:  "Lists groups.",
		Inputs: paged(door.Field{Name: "search", In: "query", Type: "string", About: "part of the name, in any case"}),
		Answer: pageOf(groupFields),
	},
	"POST /groups": {
		About: "Creates a group.",
		Inputs: []door.Field{
			{Name: "name", In: "body", Type: "string", About: "unique in the account"},
			{Name: "description", In: "body", Type: "string", About: "for people"},
		},
		Answer: groupFields, Codes: map[int]string{201: "it was created", 409: "the name is taken"},
	},
	"PATCH /groups/{id}": {
		About: "Changes a group; what is not sent stays.",
		Inputs: []door.Field{inPath("id", "id of the group"),
			{Name: "name", In: "body", Type: "string", About: "another name, unique in the account"},
			{Name: "description", In: "body", Type: "string", About: "for people"},
			{Name: "default", In: "body", Type: "bool", About: "true: it takes new devices from now on"}},
		Answer: groupFields, Codes: map[int]string{409: "the name is taken"},
	},
	"DELETE /groups/{id}": {
		About: "Removes a group; its devices go to the default group.", Inputs: []door.Field{inPath("id", "id of the group")}, Answer: door.None,
		Codes: map[int]string{204: "it is gone", 400: "it is the default group"},
	},
}

var codeFields = []door.Field{
	{Name: "id", Type: "string", About: "digest of the code"},
	{Name: "hint", Type: "string", About: "how it begins"},
	{Name: "note", Type: "string", About: "what it is for"},
	{Name: "group", Type: "string", About: "id of the group for its devices; left out for the default group"},
	{Name: "agent_kind", Type: "string", About: "the only kind that it enrols; left out for any"},
	{Name: "uses", Type: "int", About: "how many devices it enrols; left out for any number"},
	{Name: "used", Type: "int", About: "how many it has enrolled"},
	{Name: "community", Type: "bool", About: "whether the community agent's protocol may use it"},
	{Name: "expires, created, revoked", Type: "string", About: "RFC 3339, UTC; left out where there is none"},
}

var codePages = map[string]*door.Page{
	"GET /codes": {About: "Lists registration codes, without the codes themselves.", Inputs: door.None, Answer: listOf(codeFields)},
	"POST /codes": {
		About: "Creates a registration code. The code is in this answer and in no other.",
		Inputs: []door.Field{
			{Name: "note", In: "body", Type: "string", About: "what it is for"},
			{Name: "group", In: "body", Type: "string", About: "id of the group for its devices; default the default group"},
			{Name: "agent_kind", In: "body", Type: "string", About: "persistent, on_demand, mobile or domain_controller; default any"},
			{Name: "uses", In: "body", Type: "int", About: "how many devices it enrols; default any number"},
			{Name: "community", In: "body", Type: "bool", About: "whether the community agent's protocol may use it; default false"},
			{Name: "expires", In: "body", Type: "string", About: "until when it is valid; default for ever"},
		},
		Answer: with(codeFields, door.Field{Name: "code", Type: "string", About: "8 of A-Z and 0-9; shown only now"}),
		Codes:  map[int]string{201: "it was created", 404: "there is no such group"},
	},
	"DELETE /codes/{id}": {
		About: "Ends a code. Devices that it enrolled stay.", Inputs: []door.Field{inPath("id", "id of the code")}, Answer: door.None,
		Codes: map[int]string{204: "it is ended"},
	},
}

var accountFields = []door.Field{
	{Name: "name", Type: "string"},
	{Name: "license_key", Type: "string", About: "names the account to others; opens nothing"},
	{Name: "seats", Type: "int", About: "how many managed devices may report; 0 is no limit"},
	{Name: "requests_per_minute", Type: "int", About: "limit of each published API: 0 the server's setting, negative none"},
	{Name: "identity_fields[].name, identity_fields[].label", Type: "string", About: "questions of re-identify"},
	{Name: "identity_fields[].required", Type: "bool"},
	{Name: "identity_fields[].pattern", Type: "string", About: "RE2 expression that the whole answer must match"},
	{Name: "identity_fields[].type", Type: "string", About: "what an answer is: text (default), email, number, phone or choice"},
	{Name: "identity_fields[].choices", Type: "array of string", About: "the answers to choose from, 2 to 50; only with type choice"},
	{Name: "settings.unassessed", Type: "string", About: "how a device counts whose posture nobody assessed: pending or compliant"},
	{Name: "settings.unseen_after_days", Type: "int", About: "days without a word until a device counts as unseen"},
	{Name: "settings.restore_days", Type: "int", About: "days that a deleted device can be restored"},
	{Name: "settings.keep_reports_days", Type: "int", About: "days that results can be fetched"},
	{Name: "settings.keep_log_days", Type: "int", About: "days after which rows of the log are pruned; 0 is never"},
	{Name: "settings.random_macs", Type: "bool", About: "whether a machine that agents saw with a MAC address that its maker did not give it becomes a device"},
	{Name: "settings.approve_above", Type: "int", About: "on how many devices one person may order, whatever the door: more need the approval of a second person; 0 is on any number"},
	{Name: "settings.confirm_above", Type: "int", About: "from how many devices on the console asks to type their number"},
	{Name: "settings.require_comment", Type: "bool", About: "whether an order needs a comment; the published API has no place for one, and stays free"},
	{Name: "created", Type: "string", About: "RFC 3339, UTC"},
}

var ownAccount = with([]door.Field{{Name: "devices", Type: "object of int", About: "devices by standing"}}, accountFields...)

var accountPages = map[string]*door.Page{
	"GET /accounts": {About: "Lists the accounts of the server. Only for the account default.", Inputs: door.None, Answer: listOf(accountFields)},
	"POST /accounts": {
		About: "Creates an account and what it begins with. Only for the account default.",
		Inputs: []door.Field{
			{Name: "name", In: "body", Type: "string", About: "unique on the server"},
			{Name: "seats", In: "body", Type: "int", About: "how many managed devices may report; default 0, no limit"},
		},
		Answer: with([]door.Field{
			{Name: "first.operator, first.password", Type: "string", About: "its first operator; shown only now"},
			{Name: "first.client_id, first.client_secret", Type: "string", About: "its first app; likewise"},
			{Name: "first.registration_code", Type: "string", About: "likewise"},
		}, accountFields...),
		Codes: map[int]string{201: "it was created", 409: "the name is taken"},
	},
	"PATCH /accounts/{name}": {
		About: "Changes what an account is given. Only for the account default.",
		Inputs: []door.Field{inPath("name", "name of the account"),
			{Name: "seats", In: "body", Type: "int", About: "how many managed devices may report; 0 is no limit"},
			{Name: "requests_per_minute", In: "body", Type: "int", About: "limit of each published API: 0 the server's setting, negative none"}},
		Answer: accountFields,
	},
	"GET /account": {About: "Tells of one's own account.", Inputs: door.None, Answer: ownAccount},
	"PATCH /account": {
		About: "Changes settings of one's own account; what is not sent stays.",
		Inputs: []door.Field{
			{Name: "name", In: "body", Type: "string", About: "another name"},
			{Name: "seats, requests_per_minute", In: "body", Type: "int", About: "only in the account default"},
			{Name: "identity_fields", In: "body", Type: "array of object", About: "questions of re-identify, as in the answer"},
			{Name: "settings", In: "body", Type: "object", About: "as in the answer; 0 takes the default"},
		},
		Answer: ownAccount, Codes: map[int]string{409: "the name is taken"},
	},
}
