package api

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"net/http"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

func shapeEntry(e reeve.AuditEntry) client.Entry {
	out := client.Entry{
		Seq: e.Seq, At: e.At, Event: e.Event, Source: e.Source.String(), Actor: e.Actor, By: e.Name,
		Address: e.Address, RequestID: e.RequestID, Device: e.Device, Outcome: e.Outcome, Hash: hex.EncodeToString(e.Hash[:]),
	}
	if e.Job != 0 {
		out.Job = e.Job.String()
	}
	if detail := json.RawMessage(e.Detail); json.Valid(detail) {
		out.Detail = detail
	}
	return out
}

// Line writes a row of the log as the API shows it, without line breaks.
func Line(e reeve.AuditEntry) ([]byte, error) { return json.Marshal(shapeEntry(e)) }

// log lists rows of the log. They have numbers of their own, so pages go by
// after and before; with wait a request for what follows the last row is
// answered as soon as there is something.
func (a *api) log(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	wait := p.wait()
	query := p.logQuery()
	query.Newest, query.Limit = p.text("newest") == "true", p.limit()
	if err := p.done(); err != nil {
		return err
	}
	var entries []reeve.AuditEntry
	err := a.until(r, wait, func() (bool, error) {
		var err error
		entries, err = a.Store.Log(r.Context(), r.Caller.Account, query)
		return len(entries) > 0, err
	})
	if err != nil {
		return err
	}
	return whole(w, entries, shapeEntry)
}

// logQuery reads which rows are wanted.
func (p *params) logQuery() reeve.LogQuery {
	query := reeve.LogQuery{
		After: p.number("after", 0, math.MaxInt64-1, 0), Before: p.number("before", 0, math.MaxInt64, 0),
		Since: p.moment("since"), Until: p.moment("until"),
		Events: p.take("event"), Device: p.text("device"),
	}
	if text := p.text("job"); text != "" {
		id, ok := reeve.ParseJobID(text)
		if !ok {
			p.fail("job must be a job id, 16 hex digits")
		}
		query.Job = id
	}
	return query
}

// verify checks the log of the caller's account.
func (a *api) verify(w http.ResponseWriter, r *door.Request) error {
	v, err := a.Verify(r.Context(), r.Account)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, client.Verdict{
		Account: v.Account, Rows: v.Rows, From: v.From, Checkpoints: v.Checkpoints, Intact: v.Fault == "", Fault: v.Fault,
	})
}

func (a *api) version(w http.ResponseWriter, r *door.Request) error {
	return door.Write(w, http.StatusOK, client.Version{Version: a.Version, API: "v1"})
}

// For the reference.
var (
	rowInputs = []door.Field{
		{Name: "after", In: "query", Type: "int", About: "only rows behind the one with this number"},
		{Name: "before", In: "query", Type: "int", About: "only rows before the one with this number"},
		{Name: "since", In: "query", Type: "string", About: "only rows from this time on, RFC 3339"},
		{Name: "until", In: "query", Type: "string", About: "only rows before this time, RFC 3339"},
		{Name: "event", In: "query", Type: "array of string", About: "only this event; several may be given"},
		{Name: "device", In: "query", Type: "string", About: "only rows about the device with this id, alone or among others, also about the jobs that have a command for it"},
		{Name: "job", In: "query", Type: "string", About: "only rows about this job; with event=reports, of the reports that moved its commands"},
	}
	rowFields = []door.Field{
		{Name: "seq", Type: "int", About: "number of the row, from 1 without gaps"},
		{Name: "at", Type: "string", About: "RFC 3339, UTC; never before that of the row before"},
		{Name: "event", Type: "string", About: "such as job_placed"},
		{Name: "source", Type: "string", About: "system, oauth_api, api, cli, console or agent"},
		{Name: "actor", Type: "string", About: "who: app:ID, operator:NAME, device:ID, agents or system"},
		{Name: "by", Type: "string", About: "the actor's name for people"},
		{Name: "address", Type: "string", About: "of the client"},
		{Name: "request_id", Type: "string", About: "as in X-Request-Id"},
		{Name: "device", Type: "string", About: "id, of a row about one device"},
		{Name: "job", Type: "string", About: "id, of a row about a job"},
		{Name: "outcome", Type: "string", About: "ok, or what went wrong"},
		{Name: "detail", Type: "object", About: "the row's facts; commands names commands as JOB:FIRST-LAST, ids devices"},
		{Name: "hash", Type: "string", About: "of the row and the hash before it, hex SHA-256"},
	}
	pageLog = &door.Page{
		About: "Lists rows of the account's log, oldest first.",
		Inputs: append([]door.Field{
			{Name: "newest", In: "query", Type: "bool", About: "true for the newest first"},
			{Name: "limit", In: "query", Type: "int", About: "rows, 1 to 500; default 500"},
			{Name: "wait", In: "query", Type: "string", About: "how long to wait for rows where there are none, such as 10s; at most 30s"},
		}, rowInputs...),
		Answer: listOf(rowFields),
		Notes:  []string{"Rows have numbers of their own, so pages go by after and before."},
	}
	pageLogExport = &door.Page{
		About: "Sends all selected rows that are there when it begins, oldest first, as JSON lines (application/x-ndjson), and a last line that says that it was all.",
		Inputs: append([]door.Field{
			{Name: "devices", In: "query", Type: "bool", About: "true for a line for each device behind a row about many: the row with device, with outcome as its command now stands, and in detail command, action, hostname and reason"},
		}, rowInputs...),
		Answer: append([]door.Field{
			{Name: "end", Type: "bool", About: "true in the last line alone; an answer without it was cut off"},
			{Name: "lines", Type: "int", About: "in the last line: how many came before it"},
			{Name: "through", Type: "int", About: "in the last line: the last row that was looked at; go on with after"},
		}, rowFields...),
	}
	pageVerify = &door.Page{
		About:  "Checks the account's log against its own chain, its signed checkpoints and the mark of its end.",
		Inputs: door.None,
		Answer: []door.Field{
			{Name: "account", Type: "string"},
			{Name: "rows", Type: "int", About: "that are kept"},
			{Name: "from", Type: "int", About: "the oldest of them: more than 1 once the log was pruned"},
			{Name: "checkpoints", Type: "int"},
			{Name: "intact", Type: "bool"},
			{Name: "fault", Type: "string", About: "what is wrong and where"},
		},
		Notes: []string{"reeve log verify --data DIR checks it without the server."},
	}
)
