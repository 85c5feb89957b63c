package proof

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/agent"
)

// What an agent's owner forbids is seen by whoever ordered it: in the job, on
// the command line and in the log; and what has to wait says for what. The owner
// needs no restart to change his mind.
func TestPolicyIsSeen(t *testing.T) {
	t.Parallel()
	s := newServer(t).start()
	a := newAgent(t, s, &agent.Policy{}).start()
	params := map[string]string{"scan_threats": `{"full_scan":1}`}
	order := func(action string) client.Command {
		t.Helper()
		placed, err := s.own.Place(t.Context(), client.Order{Action: action, IDs: []string{a.device()}, Params: []byte(params[action])}, "")
		must(t, err)
		for c, err := range s.own.JobCommands(t.Context(), placed.Job.ID) {
			must(t, err)
			return c
		}
		t.Fatalf("%s was ordered of nobody", action)
		panic("unreachable")
	}
	decide := func(policy string) { must(t, os.WriteFile(a.policy, []byte(policy), 0o600)) }

	if c := s.ended(order("fetch_agent_log").ID, time.Minute); c.State != "succeeded" {
		t.Errorf("allowed, but %+v", c)
	}
	decide(`{"actions":{"fetch_agent_log":false}}`)
	c := order("fetch_agent_log")
	const why = "the local policy forbids fetch_agent_log"
	if c := s.ended(c.ID, time.Minute); c.State != "refused" || c.Reason != "policy" || c.Message != why {
		t.Errorf("forbidden, but %+v", c)
	}
	if out, code := call(t, s.environment(), program("reeve"), "jobs", "show", c.Job); code != 0 || !strings.Contains(out, why) {
		t.Errorf("the command line says %d %s", code, out)
	}
	rows, err := s.own.LogNewest(t.Context(), client.LogFilter{}, math.MaxInt64, 100)
	must(t, err)
	if text, err := json.Marshal(rows); err != nil || !strings.Contains(string(text), `"refused":1`) {
		t.Errorf("the log has %s", text)
	}

	// A window that opens in two hours, and closes an hour later.
	soon := time.Now().Add(2 * time.Hour)
	decide(fmt.Sprintf(`{"hours":{"scan_threats":["%s-%s"]}}`, soon.Format("15:04"), soon.Add(time.Hour).Format("15:04")))
	c = order("scan_threats")
	eventually(t, time.Minute, "the scan waits for its hours", func() bool {
		now, err := s.own.Command(t.Context(), c.ID)
		must(t, err)
		return now.State == "running" && strings.HasPrefix(now.Message, "waits until "+soon.Format("2006-01-02T15:04"))
	})
	_, err = s.own.Cancel(t.Context(), c.Job)
	must(t, err)
	eventually(t, time.Minute, "the agent lets go of it", func() bool {
		st, err := agent.Look(a.state)
		return err == nil && st.Open == 0 && st.Unsettled == 0
	})

	decide(`{"hours":`) // half written, or broken
	if c := s.ended(order("fetch_agent_log").ID, time.Minute); c.State != "refused" || c.Reason != "policy" || !strings.Contains(c.Message, "not usable") {
		t.Errorf("with a broken policy, %+v", c)
	}
}
