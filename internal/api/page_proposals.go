package api

import "reeve/internal/door"

var proposalFields = []door.Field{
	{Name: "id", Type: "string", About: "16 hex digits, those of the job that it becomes"},
	{Name: "state", Type: "string", About: "proposed, approved (waits for the request that brings its id), rejected, used (the job was placed) or expired"},
	{Name: "action", Type: "string"},
	{Name: "params", Type: "object"},
	{Name: "comment", Type: "string", About: "left out if there is none"},
	{Name: "targets", Type: "int", About: "devices that it found; it is placed on as many or not at all"},
	{Name: "hold", Type: "bool", About: "true if it waits for a request once it is approved"},
	{Name: "source", Type: "string", About: "api, cli or console"},
	{Name: "actor", Type: "string", About: "who proposed it, for programs"},
	{Name: "by", Type: "string", About: "who proposed it, for people"},
	{Name: "asked", Type: "string", About: "RFC 3339, UTC, as all times here"},
	{Name: "expires", Type: "string", About: "a week after it was proposed; once approved, a week after that"},
	{Name: "decided", Type: "string", About: "when it was approved or rejected; left out before"},
	{Name: "decided_by", Type: "string", About: "the operator who did"},
	{Name: "reason", Type: "string", About: "what that operator said; left out if it was nothing"},
}

var proposalPages = map[string]*door.Page{
	"GET /proposals": {
		About:  "Lists proposed jobs, newest first: orders that somebody other than who asked has to approve.",
		Inputs: paged(door.Field{Name: "state", In: "query", Type: "array of string", About: "only these; may be given several times"}),
		Answer: pageOf(proposalFields),
	},
	"GET /proposals/{id}": {About: "Tells of one proposed job.", Inputs: []door.Field{inPath("id", "id of the job to be")}, Answer: proposalFields},
	"POST /proposals/{id}/approve": {
		About:  "Agrees to a proposed job. It is placed at once under its id, as of who proposed it; one with hold waits for the request that brings its id.",
		Inputs: []door.Field{inPath("id", "id of the job to be"), {Name: "reason", In: "body", Type: "string", About: "why; the log keeps it"}},
		Answer: proposalFields,
		Codes:  map[int]string{403: "the scope is too small; or the token is an app's by itself; or it is of the operator who proposed it", 409: "it was approved, rejected or used before, has expired, or finds another number of devices than when it was proposed"},
		Notes:  []string{"Only a person approves: the token must be one that an operator agreed to. An app's proposal may be approved by any operator."},
	},
	"POST /proposals/{id}/reject": {
		About:  "Ends a proposed job that was not placed. Who proposed it takes it back so.",
		Inputs: []door.Field{inPath("id", "id of the job to be"), {Name: "reason", In: "body", Type: "string", About: "why; the log keeps it"}},
		Answer: proposalFields,
		Codes:  map[int]string{403: "the scope is too small; or the token is an app's by itself, which did not propose it", 409: "it was rejected or used before, or has expired"},
	},
}
