package cmapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/trail"
)

// The published values of event_category.
const (
	deviceEvents  = "device"
	adminEvents   = "admin"
	webhookEvents = "webhook"
	deviceReports = "device_report"
)

// eventWords are the published names of what Reeve logs, by category. The full
// published list could not be read: deleted, deleted_user, deleted_api and added
// are on the page, the console's filters name most others, and where there is
// none the name is Reeve's own.
//
// Source: "Get Logs" v3.3 and "Audit Device Activities" of the manuals.
var eventWords = map[string]map[string]string{
	deviceEvents: {
		"device_enrolled":               "added",
		"device_enrolled_duplicate_mac": "added_duplicate_mac",
		"devices_duplicate_mac":         "duplicate_mac",
		"device_changed":                "changed",
		"exemptions_ended":              "unexempted",
		"devices_licensed":              "licensed",
		"devices_restored":              "restored",
		reeve.ThreatsFound:              "threats_found",
	},
	adminEvents: {
		"devices_imported":       "devices_imported",
		"devices_discovered":     "devices_discovered",
		"devices_erased":         "devices_erased",
		reeve.LogPruned:          "log_pruned",
		"job_cancelled":          "job_cancelled",
		"job_proposed":           "job_proposed",
		"job_approved":           "job_approved",
		"job_rejected":           "job_rejected",
		"job_expired":            "job_expired",
		"job_paused":             "job_paused",
		"job_resumed":            "job_resumed",
		"account_created":        "configuration_change",
		"account_changed":        "configuration_change",
		"app_created":            "configuration_change",
		"app_revoked":            "configuration_change",
		"app_changed":            "configuration_change",
		"app_secret_renewed":     "configuration_change",
		"app_authorised":         "app_authorised",
		"authorisation_ended":    "authorisation_ended",
		"operator_created":       "configuration_change",
		"operator_changed":       "configuration_change",
		"operator_removed":       "configuration_change",
		"passkey_added":          "configuration_change",
		"passkey_removed":        "configuration_change",
		"passkey_refused":        "passkey_refused",
		"sso_linked":             "configuration_change",
		"sso_unlinked":           "configuration_change",
		"code_created":           "configuration_change",
		"code_revoked":           "revoke_registration_code",
		"group_created":          "configuration_change",
		"group_changed":          "configuration_change",
		"group_removed":          "configuration_change",
		"operator_reset":         "changed_password",
		"signed_in":              "signed_in",
		"signed_out":             "signed_out",
		"sign_in_failed":         "sign_in_failed",
		"sign_in_locked":         "sign_in_locked",
		"sessions_ended":         "sessions_ended",
		"operator_invited":       "configuration_change",
		"second_factor_added":    "second_factor_added",
		"second_factor_removed":  "second_factor_removed",
		"recovery_codes_renewed": "recovery_codes_renewed",
		"recovery_code_used":     "recovery_code_used",
		"device_described":       "device_described",
		"view_saved":             "configuration_change",
		"view_removed":           "configuration_change",
		"signature_file_stored":  "configuration_change",
		"signature_set_created":  "configuration_change",
		"signature_set_removed":  "configuration_change",
		"agent_settings_changed": "configuration_change",
		"agent_settings_removed": "configuration_change",
		"export_created":         "configuration_change",
		"export_changed":         "configuration_change",
		"export_removed":         "configuration_change",
	},
	webhookEvents: {
		"webhook_changed":  "webhook_changed",
		"webhook_removed":  "webhook_removed",
		"webhook_tested":   "webhook_tested",
		"webhook_failed":   "webhook_failed",
		"webhook_disabled": "webhook_disabled",
	},
	deviceReports: {
		reeve.Reports:     "reported",
		"device_reported": "health_report",
	},
}

// eventsOf are the events of the rows that a category is read from.
var eventsOf = func() map[string][]string {
	events := map[string][]string{}
	for category, words := range eventWords {
		events[category] = slices.Sorted(maps.Keys(words))
	}
	events[deviceEvents] = append(events[deviceEvents], reeve.JobPlaced)
	return events
}()

// actionWords are the names of device events that come from actions.
var actionWords = map[string]string{
	"exempt":          "exempted",
	"exempt_critical": "exempted",
	"unexempt":        "unexempted",
	"ignore":          "ignored",
	"unignore":        "unignored",
	"delete":          "deleted",
	"archive":         "deleted",
	"retire":          "agent_retired",
	"dhcprenew":       "dhcprenew",
	"re-identify":     "re_identify",
	"assign_to_group": "assigned_to_group",
	"fetch_agent_log": "fetch_log",
	"scan_threats":    "scan_threats",
	"unquarantine":    "unquarantine",
}

// ownDeviceWords are the names of device events that are on no page.
var ownDeviceWords = func() string {
	words := slices.AppendSeq(slices.Collect(maps.Values(eventWords[deviceEvents])), maps.Values(actionWords))
	words = slices.DeleteFunc(words, func(word string) bool { return word == "added" || word == "deleted" })
	slices.Sort(words)
	return strings.Join(slices.Compact(words), ", ")
}()

// deletedWords say who deleted a device: an administrator unless listed.
var deletedWords = map[reeve.Source]string{
	reeve.FromOAuthAPI: "deleted_api",
	reeve.FromAPI:      "deleted_api",
	reeve.FromAgent:    "deleted_user",
}

// wordOf names a row of the log in a category as a version does; "" if it is
// not of it.
func (v logList) wordOf(category string, row trail.Row) string {
	word := wordOf(category, row)
	if earlier, ok := v.earlier[word]; ok {
		return earlier
	}
	return word
}

func wordOf(category string, row trail.Row) string {
	if category != deviceEvents || row.Event != reeve.JobPlaced {
		return eventWords[category][row.Event]
	}
	if word, ok := deletedWords[row.Source]; ok && actionWords[row.Action] == "deleted" {
		return word
	}
	return actionWords[row.Action]
}

// detailsOf says in Reeve's words what it was, who did it and through which
// door, which the published log records tell since Device Action v3.3.
func detailsOf(e trail.Event) string {
	row := e.Row
	who := row.Name
	if who == "" {
		who = row.Actor
	}
	details := fmt.Sprintf("%s, source %s, by %s", row.Event, row.Source, who)
	if row.Address != "" {
		details += " from " + row.Address
	}
	if row.Job != 0 {
		details += ", job " + row.Job.String()
	}
	if e.Command != (reeve.Command{}) {
		if row.Event != reeve.JobPlaced { // of several jobs
			details += ", " + e.Action
		}
		return details + ", command " + e.Command.ID.String() + ", now " + e.Command.State.String()
	}
	var facts, was map[string]json.RawMessage
	json.Unmarshal([]byte(row.Detail), &facts) // a row of ours, or "" without facts
	json.Unmarshal(facts["was"], &was)
	delete(facts, "was")
	delete(facts, "ids") // of the row's other devices
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		details += ", " + name + " " + inLine(facts[name])
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		details += ", " + name + " was " + inLine(was[name])
	}
	return details
}

// inLine is a fact as a line of text has it: text as it is, all else as JSON.
func inLine(fact json.RawMessage) string {
	var text string
	if json.Unmarshal(fact, &text) == nil && text != "" {
		return text
	}
	return string(fact)
}
