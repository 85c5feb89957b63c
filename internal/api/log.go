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
	query := reeve.LogQuery{
		After: p.number("after", 0, math.MaxInt64-1, 0), Before: p.number("before", 0, math.MaxInt64, 0),
		Newest: p.text("newest") == "true", Limit: p.limit(),
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
