package cmapi

import (
	"slices"

	"reeve/internal/door"
)

// A logPage is what the reference says of versions of Get Logs.
type logPage struct {
	about  string
	inputs []door.Field
	answer []door.Field
	codes  map[int]string
	notes  []string
}

// What several versions take and answer.
var (
	logPageNumber = door.Field{Name: "page", In: "body", Type: "int", About: "number of the page, from 1; default 1"}
	logAgeDay     = door.Field{Name: "age", In: "body", Type: "int", About: "seconds before now, 0 to 86400; default 86400. Not looked at if the beginning is given"}
	logLimit50    = door.Field{Name: "limit", In: "body", Type: "int", About: "lines on a page, 1 to 50; default 20"}
	logTimes      = []door.Field{
		{Name: "start_time", In: "body", Type: "int", About: "beginning, in milliseconds since 1970; default: age before now"},
		{Name: "end_time", In: "body", Type: "int", About: "end, in milliseconds since 1970, not included; default now"},
	}
	logEvents   = door.Field{Name: "filter.events", In: "body", Type: "array of string", About: "only these events; default all"}
	logLineDocs = []door.Field{
		{Name: "logs[].timestamp", Type: "string", About: "RFC 3339, UTC"},
		{Name: "logs[].event", Type: "string", Unknown: "compliant, noncompliant and unseen never come, nor logged_on and failed_authentication: Reeve assesses no posture, and its log has no sign-ins. All else that happened does; see the notes"},
		{Name: "logs[].device_id", Type: "string", About: "left out of a line about no device"},
		{Name: "logs[].device_name", Type: "string", About: "host name as it is now, or was when the device was deleted"},
		{Name: "logs[].mac_addresses", Type: "array of string", About: "of the device as it is now; of a deleted one as it was, until it is erased; then empty"},
		{Name: "logs[].details", Type: "string", About: "the row of Reeve's log: event, source (console, oauth_api, api, cli, agent, system), who, from where, job and command"},
	}
)

// logWordsNote tells of the words that an event may be.
var logWordsNote = "The published list of events could not be read. Words on the page: added, deleted, deleted_user. Reeve's own: " + ownDeviceWords + ". " +
	"Reeve assesses no posture, so compliant, noncompliant and unseen never come. An event that is not known selects nothing."

const (
	logOrderNote   = "Lines come oldest first. That is Reeve's decision."
	noAPIDeletes   = "What was deleted over the API is deleted here; deleted_api came with v3.3."
	apiDeletes     = "deleted_api, for what was deleted over the API, is new."
	newestNote     = "Lines come newest first, days too. That is Reeve's decision, and so are the spelling of the date, the event as category, and a dash for the host of a line about no device."
	firstNote      = "A job on many devices is one line for each device it was ordered from or done to."
	draftNamesNote = "The first draft of the page had category, start_date and end_date; they are taken too, as milliseconds or as days, unless both names are there."
)

var (
	pageLogsV2 = logPage{
		"Reads the log of the account as lines of text, a page by number.",
		[]door.Field{
			{Name: "event_type", In: "query", Type: "int", About: "1 (default) what happened to devices, 2 what administrators did"},
			{Name: "limit", In: "query", Type: "int", About: "lines on a page, 1 to 50; default 1"},
			{Name: "page", In: "query", Type: "int", About: "number of the page, from 1; default 1"},
		},
		[]door.Field{
			{Name: "logs[].date", Type: "string", About: "day in UTC, such as 2026/11/22"},
			{Name: "logs[].eventlog", Type: "array of string", About: "lines `<hh:mm> [AM/PM] <category> <hostname> <description>`, in UTC"},
		},
		pageCodes, []string{newestNote, firstNote},
	}
	pageLogsV3 = logPage{
		"Reads what happened to devices, a page by number.",
		[]door.Field{
			{Name: "start_date", In: "body", Type: "string", About: "first day, YYYY/MM/DD in UTC; default: age before now"},
			{Name: "end_date", In: "body", Type: "string", About: "last day, YYYY/MM/DD in UTC, included; default now"},
			logAgeDay,
			{Name: "filter", In: "body", Type: "array of string", About: "only these events; default all"},
			logLimit50, logPageNumber,
		},
		logLineDocs, pageCodes, []string{logWordsNote, noAPIDeletes, logOrderNote, firstNote},
	}
	pageLogsV31 = logPage{
		"Reads the log of the account, a page by number.",
		slices.Concat([]door.Field{
			{Name: "event_category", In: "body", Type: "string", About: "device, admin or webhook; required"},
		}, logTimes, []door.Field{
			{Name: "category", In: "body", Type: "string", About: "the draft's name of event_category"},
			{Name: "start_date", In: "body", Type: "int or string", About: "the draft's name of start_time"},
			{Name: "end_date", In: "body", Type: "int or string", About: "the draft's name of end_time"},
			logAgeDay, logEvents, logLimit50, logPageNumber,
		}),
		logLineDocs, pageCodes, []string{"Categories are new.", draftNamesNote, logWordsNote, noAPIDeletes, logOrderNote, firstNote},
	}
)

// pageLogsByToken is the page of the versions with tokens, with what is to note
// of one of them.
func pageLogsByToken(note string) logPage {
	return logPage{
		"Reads the log of the account, a page after the other by token. However long the log is, every page comes equally fast.",
		slices.Concat([]door.Field{
			{Name: "event_category", In: "body", Type: "string", About: "device, admin, webhook or device_report; required"},
		}, logTimes, []door.Field{
			{Name: "age", In: "body", Type: "int", About: "seconds before now, 0 to 86400; default 3600. Not looked at if the beginning is given"},
			logEvents,
			{Name: "limit", In: "body", Type: "int", About: "lines on a page, 1 to 100; default 20"},
			{Name: "token", In: "body", Type: "string", About: "next_token of the page before, or reeve.resume of the last one; none for the first. The beginning is then not looked at"},
		}),
		slices.Concat([]door.Field{{Name: "next_token", Type: "string", About: "asks for the next page; empty if there is nothing more. A page can be short, even empty, and have one"}}, logLineDocs,
			[]door.Field{{Name: "reeve.resume", Type: "string", Ours: true, About: "never empty: a token for what follows this page, today or in a month. Keep that of the last page, and send it as token to read what came since"}}),
		nil,
		[]string{note, "device_report tells what agents reported: reported for the end of a command, health_report for a community agent's report. These words are Reeve's.",
			logWordsNote, logOrderNote, firstNote},
	}
}
