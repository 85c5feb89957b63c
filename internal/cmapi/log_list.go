package cmapi

import (
	"context"
	"net/http"
	"slices"

	"reeve"
	"reeve/internal/door"
	"reeve/internal/trail"
)

// A logList is one version of Get Logs.
type logList struct {
	method, segment string
	source          string
	categories      []string // published values of event_category; none where there is no such parameter
	most, otherwise int      // bound and default of limit
	age             int64    // seconds that are read if nothing says how many
	earlier         map[string]string
	read            func(v logList, r *door.Request, body []byte, want *logRequest) error
	find            func(a *api, r *door.Request, want logRequest) ([]trail.Event, goingOn, error)
	show            func(lines []logLine, on goingOn) any
	page            logPage
}

// beforeAPI are the words of versions that do not tell who deleted over the API.
var beforeAPI = map[string]string{"deleted_api": "deleted"}

// logs are the versions of Get Logs.
var logs = []logList{
	{"GET", "v2", "Get Logs v2.0", nil, maxPaged, 1, 0, beforeAPI, readLogsV2, (*api).newestLines, showLogsV2, pageLogsV2},
	{"POST", "v3", "Get Logs v3.0", nil, maxPaged, 20, maxLogAge, beforeAPI, readLogsV3, (*api).pagedLines, showLogs, pageLogsV3},
	{"POST", "v3.1", "Get Logs v3.1", []string{deviceEvents, adminEvents, webhookEvents},
		maxPaged, 20, maxLogAge, beforeAPI, readLogsV31, (*api).pagedLines, showLogs, pageLogsV31},
	{"POST", "v3.2", "Get Logs v3.2", []string{deviceEvents, adminEvents, webhookEvents, deviceReports},
		maxLogs, 20, 3600, beforeAPI, readLogsByToken, (*api).nextLines, showLogsAndToken, pageLogsByToken(noAPIDeletes)},
	{"POST", "v3.3", "Get Logs", []string{deviceEvents, adminEvents, webhookEvents, deviceReports},
		maxLogs, 20, 3600, nil, readLogsByToken, (*api).nextLines, showLogsAndToken, pageLogsByToken(apiDeletes)},
}

// maxLogs is the published bound on limit of the versions with tokens, and
// maxLogAge that on age in seconds.
const (
	maxLogs   = 100
	maxLogAge = 86400
)

func (a *api) logRoutes() []door.Route {
	var routes []door.Route
	for _, v := range logs {
		routes = append(routes, door.Route{
			Method: v.method, Path: at(v.segment, "logs"), Scope: reeve.Read, Rate: "logs", Serve: door.Audited(a.listLogs(v)),
			Page: &door.Page{Family: "Get Logs", Version: v.segment[1:], Source: v.source, About: v.page.about,
				Inputs: v.page.inputs, Answer: v.page.answer, Codes: v.page.codes, Notes: v.page.notes},
		})
	}
	return routes
}

// A logRequest is what a caller wants to read.
type logRequest struct {
	category    string
	trail.Query // what of it, from where on, and how many
	page        int
}

// listLogs serves Get Logs.
func (a *api) listLogs(v logList) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) error {
		body, err := r.JSON(w, smallBody)
		if err != nil {
			return err
		}
		want := logRequest{Query: trail.Query{Limit: v.otherwise}, page: 1}
		want.Until = a.Now()
		if err := v.read(v, r, body, &want); err != nil {
			return err
		}
		events, on, err := v.find(a, r, want)
		if err != nil {
			return err
		}
		lines, err := a.linesOf(r.Context(), r.Caller.Account, v, want.category, events)
		if err != nil {
			return err
		}
		return door.Write(w, http.StatusOK, v.show(lines, on))
	}
}

// choose makes the query read the rows of a category, and of these the given
// published events, none for all.
func (v logList) choose(want *logRequest, words []string) {
	want.Events = eventsOf[want.category]
	want.Wanted = func(row trail.Row) bool {
		word := v.wordOf(want.category, row)
		return word != "" && (len(words) == 0 || slices.Contains(words, word))
	}
}

// goingOn is how to read on behind a page.
type goingOn struct {
	next   string // token of the next page; empty after the last one
	resume string // token of what follows the page, whenever that will be
}

// nextLines finds the lines behind a token, and the tokens of those that follow.
func (a *api) nextLines(r *door.Request, want logRequest) ([]trail.Event, goingOn, error) {
	page, err := trail.Read(r.Context(), a.Trail, r.Caller.Account, want.Query)
	if err != nil {
		return nil, goingOn{}, err
	}
	on := goingOn{resume: door.Cursor(logCursor(want.category), r.Caller.Account, page.Next.Seq, page.Next.Leaf)}
	if page.More {
		on.next = on.resume
	}
	return page.Events, on, nil
}

func logCursor(category string) string { return "logs " + category }

// pagedLines finds the lines of a page by its number, oldest first.
func (a *api) pagedLines(r *door.Request, want logRequest) ([]trail.Event, goingOn, error) {
	return a.linesFrom(r, want, int64(want.page-1)*int64(want.Limit))
}

// newestLines finds the lines of a page by its number, newest first.
func (a *api) newestLines(r *door.Request, want logRequest) ([]trail.Event, goingOn, error) {
	total, err := trail.Count(r.Context(), a.Trail, r.Caller.Account, want.Query)
	if err != nil {
		return nil, goingOn{}, err
	}
	end := total - int64(want.page-1)*int64(want.Limit)
	if end <= 0 {
		end = 0
		if want.page > 1 {
			return nil, goingOn{}, errBeyond(want.page)
		}
	}
	first := max(end-int64(want.Limit), 0)
	if want.Limit = int(end - first); want.Limit == 0 {
		return nil, goingOn{}, nil
	}
	events, on, err := a.linesFrom(r, want, first)
	slices.Reverse(events)
	return events, on, err
}

// linesFrom finds a page of lines that has n others before it.
func (a *api) linesFrom(r *door.Request, want logRequest, n int64) ([]trail.Event, goingOn, error) {
	place, found, err := trail.Seek(r.Context(), a.Trail, r.Caller.Account, want.Query, n)
	if err != nil {
		return nil, goingOn{}, err
	}
	if !found && want.page > 1 {
		return nil, goingOn{}, errBeyond(want.page)
	}
	query, events := want.Query, []trail.Event(nil)
	for more := found; more && len(events) < want.Limit; {
		query.From, query.Limit = place, want.Limit-len(events)
		page, err := trail.Read(r.Context(), a.Trail, r.Caller.Account, query)
		if err != nil {
			return nil, goingOn{}, err
		}
		events = append(events, page.Events...)
		place, more = page.Next, page.More
	}
	return events, goingOn{}, nil
}

// linesOf shapes events, with the names and MAC addresses of devices that are
// not erased.
func (a *api) linesOf(ctx context.Context, account int64, v logList, category string, events []trail.Event) ([]logLine, error) {
	lines := make([]logLine, len(events))
	var ids []string
	for i, e := range events {
		lines[i] = logLine{Timestamp: timestamp(e.Row.At), Event: v.wordOf(category, e.Row), DeviceID: e.Device,
			DeviceName: e.Hostname, MACAddresses: []string{}, Details: detailsOf(e), at: e.Row.At}
		if e.Device != "" {
			ids = append(ids, e.Device)
		}
	}
	if len(ids) == 0 {
		return lines, nil
	}
	devices, err := a.Devices.DevicesEver(ctx, account, ids)
	if err != nil {
		return nil, err
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
	return lines, nil
}
