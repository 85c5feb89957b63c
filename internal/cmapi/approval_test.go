package cmapi_test

import (
	"strings"
	"testing"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/doortest"
)

// limit has orders on more devices need the approval of a second person.
func (f *fleet) limit(t *testing.T, n int64) {
	t.Helper()
	account := f.Account()
	account.Settings.ApproveAbove = n
	f.check(t, f.SetAccount(account))
}

// A limit of the account holds for every version, and an approved job lifts it
// for the one request that it is of.
func TestApprovedJob(t *testing.T) {
	f := openFleet(t, doortest.Options{})
	f.limit(t, 1)
	windows, linux := f.devices["windows"].ID, f.devices["linux"].ID
	ask := func(path, body string, headers ...string) (int, string) {
		got := f.Ask("POST", path, body, append(headers, "Authorization: Bearer "+f.Token)...)
		return got.Code, got.Body.String()
	}
	v3 := `{"types":"exempt","ids":["` + windows + `","` + linux + `"]}`
	for path, body := range map[string]string{
		"/o/api/v3/devices/action": v3, "/o/api/v3.1/devices/action": v3, "/o/api/v3.2/devices/action": v3, "/o/api/v3.3/devices/action": v3,
		"/o/api/v2/devices/action": `{"types":"unexempt","HWID_list":["` + windows + `","` + linux + `"],"opt":1}`,
		"/o/api/v2/devices/delete": `{"HWID_list":["` + windows + `","` + linux + `"]}`,
	} {
		code, answer := ask(path, body)
		if code != 403 || !strings.Contains(answer, `"error":"approval_required"`) || !strings.Contains(answer, "finds 2 devices") || !strings.Contains(answer, "Approved-Job") {
			t.Errorf("%s: %d %s", path, code, answer)
		}
	}
	p, err := f.Rules.Place(t.Context(), f.Admin(), control.Order{Action: "exempt", IDs: []string{linux, windows}, Propose: true, Hold: true})
	f.check(t, err)
	bob := f.Admin()
	bob.Actor = "operator:bob"
	_, _, err = f.Rules.Approve(t.Context(), bob, p.Proposal.ID, "", 0)
	f.check(t, err)
	approved := "Approved-Job: " + p.Proposal.ID.String()
	if code, answer := ask("/o/api/v3.3/devices/action", strings.Replace(v3, "exempt", "unexempt", 1), approved); code != 409 {
		t.Errorf("for another action: %d %s", code, answer)
	}
	if code, answer := ask("/o/api/v3.3/devices/action", v3, "Approved-Job: nonsense"); code != 400 {
		t.Errorf("what is no id: %d %s", code, answer)
	}
	for range 2 { // the second is a repeat
		if code, answer := ask("/o/api/v3.3/devices/action", v3, approved, "Idempotency-Key: one"); code != 200 || strings.Count(answer, `"status":1`) != 2 {
			t.Errorf("approved: %d %s", code, answer)
		}
	}
	if code, answer := ask("/o/api/v3.3/devices/action", v3, approved); code != 409 {
		t.Errorf("the approval once more: %d %s", code, answer)
	}
	job, err := f.Store.Job(t.Context(), f.Account().No, p.Proposal.ID)
	if err != nil || job.Caller.Source != reeve.FromOAuthAPI || job.Targets != 2 {
		t.Errorf("%+v, %v", job, err)
	}
}
