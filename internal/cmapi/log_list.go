package cmapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"reeve"
	"reeve/internal/door"
	"reeve/internal/trail"
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
	place        trail.Place
}

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
		lines, next, more, err := a.readLines(r.Context(), r.Caller.Account, want)
		if err != nil {
			return err
		}
		if err := a.nameDevices(r.Context(), r.Caller.Account, lines); err != nil {
			return err
		}
		var token string
		if more {
			token = door.Cursor("logs "+want.category, r.Caller.Account, next.Seq, next.Leaf)
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
	return want, door.ReadCursor("token", token, "logs "+want.category, account, &want.place.Seq, &want.place.Leaf)
}

// readLines returns up to a page of lines, where the next page begins, and
// whether there may be one.
func (a *api) readLines(ctx context.Context, account int64, want logRequest) ([]logLine, trail.Place, bool, error) {
	events := eventsOf[want.category]
	if len(events) == 0 {
		return []logLine{}, want.place, false, nil
	}
	page, err := trail.Read(ctx, a.Trail, account, trail.Query{
		From: want.place, Since: want.since, Until: want.until, Events: events, Limit: want.limit,
		Wanted: func(row trail.Row) bool {
			word := wordOf(want.category, row)
			return word != "" && (len(want.events) == 0 || slices.Contains(want.events, word))
		},
	})
	lines := make([]logLine, len(page.Events))
	for i, e := range page.Events {
		lines[i] = logLine{Timestamp: timestamp(e.Row.At), Event: wordOf(want.category, e.Row), DeviceID: e.Device,
			DeviceName: e.Hostname, MACAddresses: []string{}, Details: detailsOf(e)}
	}
	return lines, page.Next, page.More, err
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
