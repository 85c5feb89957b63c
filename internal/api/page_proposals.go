package api

import "reeve/internal/door"

var proposalFields = []door.Field{
	{Name: "id", Type: "string", About: "16 hex digits, those of the job that it becomes"},
	{Name: "state", Type: "string", About: "proposed, approved (waits for the request that brings its id), rejected, used (the job was placed) or expired"},
	{Name: "action", Type: "string"},
	{Name: "params", Type: "object"},
	{Name: "comment", Type: "string", About: "left out if there is none"},
	{Name: "targets", Type: "int", About: "devices that it found; it is placed on as many or not at all"},
	{Name: "applies", Type: "int", About: "of them, those that it applied to when it was proposed; left out if nobody knows"},
	{Name: "selected", Type: "object", About: "what names the devices: all, group, filtered, named, retry_of or undo_of. Left out in lists where the order is long (it names many devices one by one): GET /api/v1/proposals/{id} has it; and left out for a token without the scope read"},
	{Name: "selected.all", Type: "bool", About: "true: every device"},
	{Name: "selected.group", Type: "string", About: "id of a group: every device in it"},
	{Name: "selected.group_name", Type: "string", About: "left out if the group is gone"},
	{Name: "selected.filtered", Type: "bool", About: "true: every device that a filter selects; with all, a filter that asks nothing"},
	{Name: "selected.terms[].field", Type: "string", About: "what the filter asks, whichever door it came through: such as standing, system, group, q (part of a name), in (of which name). Terms of one field are alternatives; fields narrow one another"},
	{Name: "selected.terms[].word", Type: "string", About: "what it has to be; of group an id"},
	{Name: "selected.terms[].name", Type: "string", About: "of group: its name, left out if it is gone"},
	{Name: "selected.more", Type: "int", About: "terms that a very long filter has besides"},
	{Name: "selected.within", Type: "bool", About: "true: of all or of what the filter selects, only those in the groups of who asked"},
	{Name: "selected.named", Type: "int", About: "how many ids or MAC addresses"},
	{Name: "selected.first", Type: "array of string", About: "the first of them, at most 5"},
	{Name: "selected.retry_of", Type: "string", About: "id of a job: its devices on which it did not succeed"},
	{Name: "selected.undo_of", Type: "string", About: "id of a job: its devices on which it succeeded"},
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
