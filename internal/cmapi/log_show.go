package cmapi

import (
	"cmp"
	"fmt"
	"time"
)

// A logLine is one published record of v3.
type logLine struct {
	Timestamp    string   `json:"timestamp"`
	Event        string   `json:"event"`
	DeviceID     string   `json:"device_id,omitempty"`
	DeviceName   string   `json:"device_name,omitempty"`
	MACAddresses []string `json:"mac_addresses"`
	Details      string   `json:"details"`

	at time.Time
}

// showLogs shapes the answer of v3 and v3.1: nothing but the lines.
func showLogs(lines []logLine, _ goingOn) any {
	return struct {
		Logs []logLine `json:"logs"`
	}{lines}
}

// A logResume is our member of the answers with tokens. Clients page until
// next_token is empty; this one says where to go on after that.
type logResume struct {
	Resume string `json:"resume"`
}

// showLogsAndToken shapes the answer of the versions with tokens.
func showLogsAndToken(lines []logLine, on goingOn) any {
	return struct {
		NextToken string    `json:"next_token"`
		Logs      []logLine `json:"logs"`
		Own       logResume `json:"reeve"`
	}{on.next, lines, logResume{on.resume}}
}

// A logDay is what v2 answers of one day: lines of text.
type logDay struct {
	Date     string   `json:"date"`
	EventLog []string `json:"eventlog"`
}

// showLogsV2 shapes the answer of v2: "<hh:mm> [AM/PM] <category> <hostname>
// <description>", by days. A line about no device has a dash for its host.
func showLogsV2(lines []logLine, _ goingOn) any {
	days := []logDay{}
	for _, l := range lines {
		date := l.at.Format("2006/01/02")
		if len(days) == 0 || days[len(days)-1].Date != date {
			days = append(days, logDay{Date: date})
		}
		day := &days[len(days)-1]
		day.EventLog = append(day.EventLog, fmt.Sprintf("%s %s %s %s", l.at.Format("03:04 PM"), l.Event, cmp.Or(l.DeviceName, "-"), l.Details))
	}
	return struct {
		Logs []logDay `json:"logs"`
	}{days}
}
