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
func showLogs(_ logList, _ string, lines []logLine, _ string) any {
	return struct {
		Logs []logLine `json:"logs"`
	}{lines}
}

// showLogsAndToken shapes the answer of the versions with tokens.
func showLogsAndToken(_ logList, _ string, lines []logLine, next string) any {
	return struct {
		NextToken string    `json:"next_token"`
		Logs      []logLine `json:"logs"`
	}{next, lines}
}

// A logDay is what v2 answers of one day: lines of text.
type logDay struct {
	Date     string   `json:"date"`
	EventLog []string `json:"eventlog"`
}

// showLogsV2 shapes the answer of v2: "<hh:mm> [AM/PM] <category> <hostname>
// <description>", by days. A line about no device has a dash for its host.
func showLogsV2(_ logList, _ string, lines []logLine, _ string) any {
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
