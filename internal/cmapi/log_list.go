package cmapi

import (
	"context"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
)

// A logList is what one version of Get Logs does differently.
type logList struct {
	segment    string
	categories []string
}

// Source: "Get Logs" v3.3 of the OAuth API manual.
var logs = []logList{
	{segment: "v3.3", categories: []string{deviceEvents, adminEvents, webhookEvents, deviceReports}},
}

func (a *api) logRoutes() []door.Route {
	var routes []door.Route
	for _, v := range logs {
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, "logs"), Scope: reeve.Read, Rate: "logs", Serve: a.listLogs(v),
			Page: &door.Page{Family: "Get Logs", Version: v.segment[1:], Source: "Get Logs"},
		})
	}
	return routes
}

// A logLine is one published record. The order, oldest first, is ours.
type logLine struct {
	Timestamp    string   `json:"timestamp"`
	Event        string   `json:"event"`
	DeviceID     string   `json:"device_id,omitempty"`
	DeviceName   string   `json:"device_name,omitempty"`
	MACAddresses []string `json:"mac_addresses"`
	Details      string   `json:"details"`
}

// A logRequest is what a caller wants to read.
type logRequest struct {
	category     string
	events       []string // published names; none is all
	since, until time.Time
	limit        int
	place        logPlace
}

// A logPlace is where a page begins: at a row, and within the lines of a job at
// a leaf.
type logPlace struct{ seq, leaf int64 }

// maxLogAge is the published bound on age in seconds.
const maxLogAge = 86400

// listLogs serves Get Logs, cursor versions.
func (a *api) listLogs(v logList) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		body, err := r.JSON(w, smallBody)
		if err != nil {
			return err
		}
		want, err := a.readLogs(v, body, r.Caller.Account)
		if err != nil {
			return err
		}
		lines, next, err := a.readLines(r.Context(), r.Caller.Account, want)
		if err != nil {
			return err
		}
		if err := a.nameDevices(r.Context(), r.Caller.Account, lines); err != nil {
			return err
		}
		var token string
		if next != (logPlace{}) {
			token = door.Cursor("logs "+want.category, r.Caller.Account, next.seq, next.leaf)
		}
		return door.Write(w, http.StatusOK, struct {
			NextToken string    `json:"next_token"`
			Logs      []logLine `json:"logs"`
		}{token, lines})
	}
}

func (a *api) readLogs(v logList, body []byte, account int64) (logRequest, error) {
	want := logRequest{limit: 20}
	var (
		start, end *int64
		age        int64 = 3600
		token      string
		filter     map[string]any
	)
	err := object{"event_category": &want.category, "start_time": &start, "end_time": &end, "age": &age,
		"filter": &filter, "limit": &want.limit, "token": &token}.read(body)
	if err != nil {
		return want, err
	}
	now := a.Now()
	want.since, want.until = now.Add(-time.Duration(age)*time.Second), now
	if start != nil {
		want.since = time.UnixMilli(*start)
	}
	if end != nil {
		want.until = time.UnixMilli(*end)
	}
	events, isList := filter["events"].([]any)
	for _, e := range events {
		word, isWord := e.(string)
		isList = isList && isWord
		want.events = append(want.events, word)
	}
	switch {
	case !slices.Contains(v.categories, want.category):
		return want, reeve.Errorf(reeve.Invalid, "event_category must be one of %s", strings.Join(v.categories, ", "))
	case want.limit < 1 || want.limit > 100:
		return want, reeve.Errorf(reeve.Invalid, "limit must be 1 to 100")
	case age < 0 || age > maxLogAge:
		return want, reeve.Errorf(reeve.Invalid, "age must be 0 to %d seconds", maxLogAge)
	case want.since.Before(time.Unix(0, 0)), want.until.After(reeve.Forever):
		return want, reeve.Errorf(reeve.Invalid, "start_time and end_time are milliseconds since 1970")
	case want.until.Before(want.since):
		return want, reeve.Errorf(reeve.Invalid, "end_time is before start_time")
	case filter["events"] != nil && !isList:
		return want, reeve.Errorf(reeve.Invalid, "filter.events must be an array of strings")
	}
	if token != "" { // the place alone says where to go on, however much later
		want.since = time.Time{}
	}
	return want, door.ReadCursor("token", token, "logs "+want.category, account, &want.place.seq, &want.place.leaf)
}

// rowsAtOnce and maxRows bound the reading of one request: a page may come out
// short, with a token to go on.
const (
	rowsAtOnce = 1000
	maxRows    = 20_000
)

// readLines returns up to a page of lines, and where the next page begins; the
// zero place if there is nothing more.
func (a *api) readLines(ctx context.Context, account int64, want logRequest) ([]logLine, logPlace, error) {
	lines, place := []logLine{}, want.place
	rowEvents := slices.Sorted(maps.Keys(eventWords[want.category]))
	if want.category == deviceEvents {
		rowEvents = append(rowEvents, jobEvent)
	}
	if len(rowEvents) == 0 {
		return lines, logPlace{}, nil
	}
	for range maxRows / rowsAtOnce {
		query := reeve.LogQuery{After: max(place.seq-1, 0), Limit: rowsAtOnce, Since: want.since, Until: want.until, Events: rowEvents}
		rows, err := a.Entries.Log(ctx, account, query)
		if err != nil {
			return nil, place, err
		}
		for _, row := range rows {
			if row.Seq != place.seq {
				place = logPlace{seq: row.Seq}
			}
			found, leaf, err := a.linesOf(ctx, account, want, row, place.leaf, want.limit-len(lines))
			if err != nil {
				return nil, place, err
			}
			lines = append(lines, found...)
			if place.leaf = leaf; len(lines) == want.limit {
				return lines, place.next(), nil
			}
			place = logPlace{seq: row.Seq + 1}
		}
		if len(rows) < rowsAtOnce {
			return lines, logPlace{}, nil
		}
	}
	return lines, place, nil
}

// next is where to go on when a page is full: in the same row, or in the one
// behind it.
func (p logPlace) next() logPlace {
	if p.leaf == noLeaf {
		return logPlace{seq: p.seq + 1}
	}
	return p
}

// noLeaf says that a row has no more lines.
const noLeaf = math.MaxInt32

// linesOf returns up to limit lines of one row from a leaf on, and the leaf
// where its next line is.
func (a *api) linesOf(ctx context.Context, account int64, want logRequest, row reeve.AuditEntry, leaf int64, limit int) ([]logLine, int64, error) {
	word := wordOf(want.category, row)
	if word == "" || len(want.events) > 0 && !slices.Contains(want.events, word) {
		return nil, noLeaf, nil
	}
	line := logLine{Timestamp: timestamp(row.At), Event: word, DeviceID: row.Device, MACAddresses: []string{}, Details: detailsOf(row)}
	if row.Event == jobEvent {
		return a.commandLines(ctx, account, row.Job, line, leaf, limit)
	}
	return []logLine{line}, noLeaf, nil
}

// applied are the states of commands that stand for something done or ordered.
var applied = []reeve.State{reeve.Queued, reeve.Sent, reeve.Running, reeve.Succeeded,
	reeve.Failed, reeve.Expired, reeve.Cancelled, reeve.Refused}

// commandLines derives the lines of a job from its commands.
func (a *api) commandLines(ctx context.Context, account int64, job reeve.JobID, line logLine, leaf int64, limit int) ([]logLine, int64, error) {
	commands, err := a.Jobs.Commands(ctx, account, job, applied, int32(leaf), limit+1)
	if err != nil {
		return nil, 0, err
	}
	next := int64(noLeaf)
	if len(commands) > limit {
		next = int64(commands[limit].ID.Leaf)
		commands = commands[:limit]
	}
	lines := make([]logLine, len(commands))
	for i, c := range commands {
		lines[i] = line
		lines[i].DeviceID, lines[i].DeviceName = c.DeviceID, c.Hostname
		lines[i].Details += ", command " + c.ID.String() + ", now " + c.State.String()
	}
	return lines, next, nil
}

// nameDevices fills in the names and MAC addresses of the lines' devices, of
// those that are still in the inventory.
func (a *api) nameDevices(ctx context.Context, account int64, lines []logLine) error {
	var ids []string
	for _, l := range lines {
		if l.DeviceID != "" {
			ids = append(ids, l.DeviceID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	devices, err := a.Devices.DevicesByID(ctx, account, ids)
	if err != nil {
		return err
	}
	known := map[string]reeve.Device{}
	for _, d := range devices {
		known[d.ID] = d
	}
	for i := range lines {
		d, ok := known[lines[i].DeviceID]
		if !ok {
			continue
		}
		lines[i].DeviceName = d.Hostname
		for _, mac := range d.MACs {
			lines[i].MACAddresses = append(lines[i].MACAddresses, mac.String())
		}
	}
	return nil
}
