package api

import (
	"net/http"
	"strconv"
	"strings"

	"reeve/internal/door"
)

// A failure is a status with which routes refuse, and which routes do.
type failure struct {
	status int
	name   string // of the component
	means  string
	of     func(r door.Route, s shape) bool
}

func always(door.Route, shape) bool       { return true }
func guarded(r door.Route, _ shape) bool  { return r.Scope != "" }
func changing(r door.Route, _ shape) bool { return r.Verb != "" }
func naming(r door.Route, _ shape) bool   { return strings.Contains(r.Path, "{") }
func reading(_ door.Route, s shape) bool  { return s.takes != nil }

// failures are how the doors refuse, whatever the page of a route says besides.
var failures = []failure{
	{http.StatusBadRequest, "BadRequest", "the request is malformed or a value out of range; nothing was done", always},
	{http.StatusUnauthorized, "Unauthorized", "there is no valid token; get a new one", guarded},
	{http.StatusForbidden, "Forbidden", "the app lacks the scope, or the account the right", guarded},
	{http.StatusNotFound, "NotFound", "there is no such thing in this account", naming},
	{http.StatusConflict, "Conflict", "what there is does not allow it, or the Idempotency-Key was used with another request", changing},
	{http.StatusRequestEntityTooLarge, "TooLarge", "the request has more bytes or entries than allowed", changing},
	{http.StatusUnsupportedMediaType, "UnsupportedMediaType", "the body is not application/json", reading},
	{http.StatusTooManyRequests, "TooManyRequests", "the limit is reached; come back after Retry-After seconds", guarded},
	{http.StatusInternalServerError, "ServerError", "the server's log has the request's id", always},
	{http.StatusServiceUnavailable, "Unavailable", "not now; come back after Retry-After seconds or later", guarded},
}

// responses are the successes that the page names, or 200, and every refusal
// that the route can answer with.
func (s *schemas) responses(r door.Route, shape shape) object {
	out := object{}
	for _, f := range failures {
		means, special := r.Page.Codes[f.status]
		if !special && !f.of(r, shape) {
			continue
		}
		refusal := object{"$ref": "#/components/responses/" + f.name}
		if special {
			refusal["description"] = means
		}
		out[strconv.Itoa(f.status)] = refusal
	}
	succeeds := false
	for status, means := range r.Page.Codes {
		if status >= http.StatusBadRequest {
			continue
		}
		succeeds = true
		answer := object{"description": means}
		if status != http.StatusNoContent {
			answer["content"] = s.answer(shape, r.Page)
		}
		out[strconv.Itoa(status)] = answer
	}
	if !succeeds && shape.gives == nil && shape.lines == nil {
		out[strconv.Itoa(http.StatusNoContent)] = object{"description": "it is gone"}
	} else if !succeeds {
		out[strconv.Itoa(http.StatusOK)] = object{"description": "done", "content": s.answer(shape, r.Page)}
	}
	return out
}
