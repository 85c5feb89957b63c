package api

import (
	"fmt"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
)

// facts are what the description says of members and parameters beyond their
// type: the words that there are, bounds and forms. The name is that of the
// member or parameter, behind that of its schema or route where others of the
// same name differ.
var facts = map[string]object{
	"next":                       {"description": nextField.About},
	"limit":                      {"minimum": 1, "maximum": maxPage, "default": maxPage},
	"after":                      {"minimum": 0},
	"before":                     {"minimum": 0},
	"since":                      {"format": "date-time"},
	"until":                      {"format": "date-time"},
	"wait":                       {"default": "0s", "examples": []string{"10s"}},
	"GET /jobs/{id} open":        {"minimum": 0},
	"GET /devices in":            {"enum": names},
	"GET /devices/export in":     {"enum": names},
	"GET /proposals state":       {"enum": wordsOf[reeve.ProposalState]()},
	"DeviceFilter.in":            {"enum": names},
	"GET /devices sort":          {"enum": bothWays(orders), "default": orders[reeve.ByRecord]},
	"GET /apps sort":             {"enum": bothWays([]string{"created", "name"}), "default": "created"},
	"GET /devices/export format": {"enum": []string{"csv", "jsonl"}, "default": "csv"},

	"standing":   {"enum": wordsOf[reeve.Standing]()},
	"agent_kind": {"enum": wordsOf[reeve.AgentKind]()},
	"system":     {"enum": wordsOf[reeve.System]()},
	"presence":   {"enum": presences},
	"source":     {"enum": wordsOf[reeve.Source]()},
	"state":      {"enum": wordsOf[reeve.State]()},
	"states":     {"enum": []string{reeve.Failed.String(), reeve.Expired.String(), reeve.Refused.String(), reeve.Cancelled.String()}},
	"scopes":     {"enum": []reeve.Scope{reeve.Read, reeve.Write, reeve.Admin}},
	"role":       {"enum": wordsOf[reeve.Role]()},

	"OperatorChange.role":   {"enum": append(wordsOf[reeve.Role](), "")},
	"Operator.scopes":       {"enum": reeve.RoleAdministrator.Scopes()},
	"NewOperator.scopes":    {"enum": reeve.RoleAdministrator.Scopes()},
	"OperatorChange.scopes": {"enum": reeve.RoleAdministrator.Scopes()},

	"Order.action":      {"enum": actions()},
	"Job.action":        {"enum": append(actions(), "retire")},
	"GET /jobs action":  {"enum": append(actions(), "retire")},
	"offline":           {"enum": []string{"queue", "skip"}, "default": "queue"},
	"deliver_within":    {"minimum": 0, "maximum": maxDeliverWithin},
	"comment":           {"maxLength": control.MaxComment},
	"Outcome.status":    {"enum": []int{1, 0, -1}},
	"Outcome.reason":    {"enum": append(wordsOf[reeve.Reason](), "not_found")},
	"Unrestored.reason": {"enum": control.UnrestoredReasons},
	"Excluded.reason":   {"enum": wordsOf[reeve.Reason]()},
	"Command.reason":    {"enum": wordsOf[reeve.Reason]()},
	"Command.percent":   {"minimum": 0, "maximum": 100},
	"Device.exempt":     {"enum": []string{"all", "critical"}},
	"Job.id":            hexBytes(8),
	"Command.id":        hexBytes(12),
	"Device.id":         hexBytes(16),
	"Group.id":          hexBytes(16),
	"Entry.hash":        hexBytes(32),
	"Code.id":           hexBytes(32),

	"NewGroup.name":     nameForm(),
	"GroupChange.name":  nameForm(),
	"Device.source":     {"enum": wordsOf[reeve.Origin]()},
	"NewApp.name":       nameForm(),
	"AppChange.name":    nameForm(),
	"NewOperator.name":  nameForm(),
	"NewAccount.name":   nameForm(),
	"seats":             {"minimum": 0},
	"uses":              {"minimum": 0},
	"unassessed":        {"enum": []string{"pending", "compliant"}},
	"unseen_after_days": daysForm(),
	"restore_days":      daysForm(),
	"keep_reports_days": daysForm(),
	"keep_log_days":     daysForm(),
	"Version.api":       {"const": "v1"},
	"approve_above":     devicesForm(),
	"confirm_above":     devicesForm(),
	"expect":            {"minimum": 0},
	"approved_job_id":   hexBytes(8),
	"undo_of":           hexBytes(8),
	"retry_of":          hexBytes(8),
	"Proposal.id":       hexBytes(8),
	"Proposal.state":    {"enum": wordsOf[reeve.ProposalState]()},

	"sha256":                         hexBytes(32),
	"PUT /set-files/{digest} digest": hexBytes(32),
	"NewSet.name":                    {"pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"},
	"set_version":                    {"minimum": 0},

	"kind":               {"enum": []reeve.OutletKind{reeve.FileOutlet, reeve.SyslogOutlet, reeve.S3Outlet}},
	"network":            {"enum": []string{"udp", "tcp", "tls"}},
	"every":              {"minimum": 0, "maximum": control.MaxExportEvery},
	"Webhook.events":     {"enum": reeve.WebhookStatuses},
	"WebhookSpec.events": {"enum": reeve.WebhookStatuses},
	"url":                {"format": "uri"},
}

func nameForm() object { return object{"minLength": 1, "maxLength": control.MaxName} }
func daysForm() object { return object{"minimum": 0, "maximum": control.MaxDays} }

func devicesForm() object {
	return object{"minimum": 0, "maximum": control.MaxDevices}
}

// hexBytes is the form of an id of n bytes.
func hexBytes(n int) object { return object{"pattern": fmt.Sprintf("^[0-9a-f]{%d}$", 2*n)} }

// bothWays are words of an order and the same the other way round.
func bothWays(words []string) []string {
	var out []string
	for _, word := range words {
		out = append(out, word, "-"+word)
	}
	return out
}

// wordsOf are all words of an enumeration.
func wordsOf[T interface {
	~int8
	String() string
}]() []string {
	var out []string
	for v := T(0); v.String() != "invalid"; v++ {
		if word := v.String(); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// actions are those that can be ordered.
func actions() []string {
	var out []string
	for _, d := range action.Offered(action.Latest) {
		out = append(out, d.Name)
	}
	return out
}
