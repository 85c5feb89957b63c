package api

import "reeve/internal/door"

var logPages = map[string]*door.Page{
	"GET /openapi.json": {
		About:  "Describes this API as OpenAPI 3.1, from the tables that this reference is written from. It needs no token.",
		Inputs: door.None, Answer: door.None,
	},
	"GET /version": {
		About: "Tells the server's version.", Inputs: door.None,
		Answer: []door.Field{{Name: "version", Type: "string"}, {Name: "api", Type: "string", About: "v1"}},
	},
	"GET /log": {
		About: "Lists rows of the log. They have numbers of their own, so pages go by after and before instead of a cursor.",
		Inputs: []door.Field{limitField, waitField,
			{Name: "after", In: "query", Type: "int", About: "only rows with a greater number"},
			{Name: "before", In: "query", Type: "int", About: "only rows with a smaller number"},
			{Name: "newest", In: "query", Type: "bool", About: "true: the newest first; default the oldest"},
			{Name: "since", In: "query", Type: "string", About: "RFC 3339; only rows from then on"},
			{Name: "until", In: "query", Type: "string", About: "RFC 3339; only rows before"},
			{Name: "event", In: "query", Type: "string", About: "only these events; may be given several times"},
			{Name: "device", In: "query", Type: "string", About: "only rows that name this device; those of jobs name the job"},
			{Name: "job", In: "query", Type: "string", About: "only rows of this job"}},
		Answer: []door.Field{
			{Name: "items[].seq", Type: "int", About: "number of the row, from 1 without gaps"},
			{Name: "items[].at", Type: "string", About: "RFC 3339, UTC"},
			{Name: "items[].event", Type: "string", About: "such as job_placed"},
			{Name: "items[].source", Type: "string", About: "oauth_api, api, cli, console, agent or system"},
			{Name: "items[].actor, items[].by", Type: "string", About: "who did it, for programs and for people"},
			{Name: "items[].address", Type: "string", About: "where the request came from"},
			{Name: "items[].request_id", Type: "string"},
			{Name: "items[].device, items[].job", Type: "string", About: "what it is about; left out where it is none"},
			{Name: "items[].outcome", Type: "string"},
			{Name: "items[].detail", Type: "object", About: "what else there is to say, by event"},
			{Name: "items[].hash", Type: "string", About: "link of the chain: SHA-256 over the row and the one before"},
		},
	},
	"GET /log/verify": {
		About: "Checks that the account's log is whole.", Inputs: door.None,
		Answer: []door.Field{
			{Name: "account", Type: "string"},
			{Name: "rows, checkpoints", Type: "int", About: "how many were checked"},
			{Name: "intact", Type: "bool"},
			{Name: "fault", Type: "string", About: "what is wrong; left out if nothing is"},
		},
	},
}
